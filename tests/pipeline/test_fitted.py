"""What `calibrate` fitted, and the weights that it was fitted for."""

import warnings

import pytest
import spacy
from thinc.api import Adam

CONFIG = {"width": 16, "rows": [50] * 4, "char_ngram_rows": 50}
FIT = {
    "rnn_ner": {"temperature": 2.0, "thresholds": {"O": 0.5}},
    "rnn_textcat": {"temperature": 2.0, "thresholds": {}},
    "rnn_textcat_multilabel": {"temperature": 2.0, "thresholds": {"bad": 0.2}},
}
NONE = {"temperature": 1.0, "thresholds": {}}


@pytest.fixture(params=FIT)
def pipe(request, nlp, make_examples, tmp_path):
    """A component that is calibrated, and saved."""
    pipe = nlp.add_pipe(request.param, config={"model": {"tok2vec": CONFIG}})
    nlp.initialize(lambda: make_examples(nlp))
    pipe.cfg.update(FIT[request.param])
    nlp.to_disk(tmp_path)
    return pipe


@pytest.fixture
def loaded(pipe, tmp_path):
    return spacy.load(tmp_path)


def fit(nlp, pipe):
    return {name: nlp.get_pipe(pipe.name).cfg[name] for name in NONE}


def test_an_update_gives_it_up_once(loaded, pipe, make_examples):
    assert fit(loaded, pipe) == FIT[pipe.name]
    optimizer = loaded.resume_training()
    assert fit(loaded, pipe) == FIT[pipe.name]
    # Gradients are collected, and the weights are what they were.
    loaded.update(make_examples(loaded), sgd=False)
    assert fit(loaded, pipe) == FIT[pipe.name]
    with pytest.warns(UserWarning, match=f"'{pipe.name}' was calibrated, and it has been trained"):
        loaded.get_pipe(pipe.name).finish_update(optimizer)
    assert fit(loaded, pipe) == NONE
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        loaded.update(make_examples(loaded), sgd=optimizer)


def test_a_rehearsal_gives_it_up(loaded, pipe, make_examples):
    loaded.resume_training()
    with pytest.warns(UserWarning, match="was calibrated, and it has been trained"):
        loaded.rehearse(make_examples(loaded))
    assert fit(loaded, pipe) == NONE


def test_averaged_weights_have_their_own(loaded, pipe, make_examples):
    optimizer = loaded.resume_training(sgd=Adam(0.001, use_averages=True))
    with pytest.warns(UserWarning, match="it has been trained"):
        loaded.update(make_examples(loaded), sgd=optimizer)
    component = loaded.get_pipe(pipe.name)
    component.cfg.update(FIT[pipe.name])
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        with loaded.use_params(optimizer.averages):
            assert fit(loaded, pipe) == NONE
        assert fit(loaded, pipe) == FIT[pipe.name]
        component.forget_fit()
        with loaded.use_params(optimizer.averages):
            component.cfg.update(FIT[pipe.name])
            saved = loaded.to_bytes()
        assert fit(loaded, pipe) == NONE
    assert ["other weights are used" in str(caught[0].message), len(caught)] == [True, 2]
    assert "the weights that this was done for are no longer used" in str(caught[1].message)
    assert fit(loaded.from_bytes(saved), pipe) == FIT[pipe.name]
    with loaded.use_params({(-1, "of others"): None}):
        assert fit(loaded, pipe) == FIT[pipe.name]
