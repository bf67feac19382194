"""Shares of branches that data decide."""

import numpy
import pytest
import spacy
from spacy.cli.train import train
from spacy.tokens import DocBin
from spacy.training import Example

from spacy_rnn.architectures import SHARES
from spacy_rnn.pipeline import category_confidence
from spacy_rnn.pipeline.shares import fit_share
from spacy_rnn.pipeline.textcat_multilabel import RNNMultiLabelTextCategorizer

LABELS = ["bread", "fish", "soup", "tea"]
MODEL = {"ngram_rows": 2000, "tok2vec": {"width": 16, "depth": 1}}
BOTH = ["rnn_textcat", "rnn_textcat_multilabel"]


def scores(n: int, good: float, seed: int, sureness: float = 1.0):
    """RETURNS: Truth, and scores that tell it more or less well."""
    random = numpy.random.RandomState(seed)
    label = numpy.random.RandomState(0).randint(4, size=n)
    truth = numpy.where(numpy.arange(4) == label[:, None], 1.0, -1.0)
    return truth, sureness * (good * truth + random.randn(n, 4))


@pytest.mark.parametrize("exclusive", [True, False])
def test_a_branch_that_tells_nothing_gets_no_share(exclusive):
    truth, informed = scores(600, 1.0, 1)
    _, noise = scores(600, 0.0, 2, sureness=20.0)
    assert fit_share([noise, informed], truth, exclusive) > 0.98
    assert fit_share([informed, noise], truth, exclusive) < 0.02


@pytest.mark.parametrize("sureness", [1.0, 9.0])
def test_two_that_tell_as_much_count_as_much(sureness):
    """Whichever is surer of itself."""
    truth, one = scores(2000, 1.0, 1)
    _, other = scores(2000, 1.0, 2, sureness)
    share = fit_share([one, other], truth, True)
    assert sureness * share / (1 - share) == pytest.approx(1.0, abs=0.5)


def test_few_documents_leave_two_alike_near_one_half():
    truth = scores(50, 1.0, 0)[0]
    found = [
        fit_share([scores(50, 1.0, i)[1], scores(50, 1.0, 100 + i)[1]], truth, True)
        for i in range(8)
    ]
    assert all(0.3 < share < 0.7 for share in found)


def examples(nlp, n: int, seed: int = 0) -> list[Example]:
    random = numpy.random.RandomState(seed)
    found = []
    for i in range(n):
        label = LABELS[i % 4]
        words = [*random.choice(["the", "a", "one", "two", "some"], 5), label]
        random.shuffle(words)
        cats = {each: float(each == label) for each in LABELS}
        found.append(Example.from_dict(nlp.make_doc(" ".join(words)), {"cats": cats}))
    return found


@pytest.mark.parametrize("factory", BOTH)
def test_ngrams_alone_are_left_where_the_encoder_knows_nothing(nlp, factory, tmp_path):
    pipe = nlp.add_pipe(factory, config={"model": MODEL})
    nlp.initialize(lambda: examples(nlp, 200))
    output = pipe.model.get_ref("output_layer")
    wrong = 30.0 * numpy.random.randn(*output.get_param("W").shape).astype("f")
    output.set_param("W", wrong)
    dev = examples(nlp, 200, seed=1)
    ensemble = pipe.model.get_ref("ensemble")
    pipe.fit_shares(dev[:19])  # too few
    assert ensemble.attrs["shares"] == [*SHARES]
    pipe.fit_shares(dev)
    assert ensemble.attrs["shares"][1] >= 0.9
    alone = ensemble.layers[1].predict([eg.x for eg in dev])
    found = pipe.predict([eg.x for eg in dev])
    assert (found.argmax(axis=1) == alone.argmax(axis=1)).mean() > 0.98
    nlp.to_disk(tmp_path)
    loaded = spacy.load(tmp_path).get_pipe(factory)
    assert loaded.model.get_ref("ensemble").attrs["shares"] == ensemble.attrs["shares"]
    assert (loaded.predict([eg.x for eg in dev]) == found).all()


def test_without_ngrams_there_is_nothing_to_share(nlp):
    pipe = nlp.add_pipe("rnn_textcat", config={"model": {**MODEL, "ngram_rows": 0}})
    nlp.initialize(lambda: examples(nlp, 20))
    before = pipe.model.to_bytes()
    pipe.fit_shares(examples(nlp, 20))
    assert pipe.model.to_bytes() == before


@pytest.mark.parametrize("factory", BOTH)
def test_a_training_that_saves_decides(nlp, factory, tmp_path, monkeypatch):
    """What is saved has what the data told, with no warning, and the training goes on without."""
    asked = []

    def fit(scores, truth, exclusive):
        asked.append((len(truth), exclusive))
        return 0.9

    def fit_thresholds(pipe, examples):
        pipe.cfg["thresholds"] = {LABELS[0]: 0.25}

    monkeypatch.setattr(category_confidence, "fit_share", fit)
    monkeypatch.setattr(RNNMultiLabelTextCategorizer, "fit_thresholds", fit_thresholds)
    for split, seed in (("train", 0), ("dev", 1)):
        docs = [eg.reference for eg in examples(nlp, 200, seed)]
        DocBin(docs=docs).to_disk(tmp_path / f"{split}.spacy")
    nlp.add_pipe(factory, config={"model": MODEL})
    config = nlp.config
    for split in ("train", "dev"):
        config["paths"][split] = str(tmp_path / f"{split}.spacy")
    decide = {"@callbacks": "spacy-rnn.fit_on_dev.v1", "corpus": config["corpora"]["dev"]}
    config["training"].update(before_to_disk=decide, max_steps=4, eval_frequency=2)
    config.to_disk(tmp_path / "config.cfg")
    train(tmp_path / "config.cfg", tmp_path)
    assert set(asked) == {(200, factory == "rnn_textcat")}
    pipe = spacy.load(tmp_path / "model-last").get_pipe(factory)
    assert pipe.model.get_ref("ensemble").attrs["shares"] == pytest.approx([0.1, 0.9])
    several = factory == "rnn_textcat_multilabel"
    assert pipe.cfg["thresholds"] == ({LABELS[0]: 0.25} if several else {})
