"""Labels that are added to trained components, and initialization with what data there are."""

import numpy
import pytest
import spacy
from spacy.tokens import Span
from spacy.training import Example
from thinc.api import Adam

NER = {"model": {"tok2vec": {"width": 16, "rows": [50] * 4, "char_ngram_rows": 50}}}
CRF = {"model": {"tok2vec": {"width": 16, "rows": [50] * 4, "char_ngram_rows": 50}, "crf": True}}
SOFTMAX = {"model": {"tok2vec": {"width": 16, "rows": [50] * 4, "char_ngram_rows": 50}}}
TAGGERS = {
    "rnn_ner": ("rnn_ner", NER),
    "crf": ("rnn_tagger", CRF),
    "softmax": ("rnn_tagger", SOFTMAX),
}
CLASSIFIERS = ("rnn_textcat", "rnn_textcat_multilabel")


def train(nlp, examples, optimizer, steps=40):
    for _ in range(steps):
        nlp.update(examples, sgd=optimizer)


def relabel(examples, label="NEW"):
    """Give the first token of each document a new label, beside what it has."""
    for example in examples:
        example.reference[0].tag_ = label
        first = Span(example.reference, 0, 1, label)
        example.reference.set_ents([first, *(ent for ent in example.reference.ents if ent.start)])
    return examples


@pytest.fixture(params=TAGGERS)
def trained(request, nlp, make_examples):
    """A pipeline whose component has learned the sentences."""
    factory, config = TAGGERS[request.param]
    nlp.add_pipe(factory, name="pipe", config=config)
    examples = make_examples(nlp)
    train(nlp, examples, nlp.initialize(lambda: examples, sgd=Adam(0.01)))
    return nlp


def emissions(nlp, texts):
    scores = nlp.get_pipe("pipe").model.predict([nlp.make_doc(text) for text in texts])
    return scores.dataXd if hasattr(scores, "dataXd") else numpy.concatenate(scores)


def transitions(nlp):
    model = nlp.get_pipe("pipe").model
    field = model.maybe_get_ref("crf")
    return None if field is None else field.shims[0]._model.transitions.detach().numpy().copy()


def answers(nlp, texts):
    docs = list(nlp.pipe(texts))
    return [[(token.tag_, token.ent_iob_, token.ent_type_) for token in doc] for doc in docs]


def test_old_scores_stay_to_the_bit(trained, texts):
    pipe = trained.get_pipe("pipe")
    before, moves = emissions(trained, texts).copy(), transitions(trained)
    known, labels = answers(trained, texts), pipe.labels
    for label in ("NEW", "NEWER"):
        assert pipe.add_label(label) == 1
        assert pipe.add_label(label) == 0
    assert pipe.labels == (*labels, "NEW", "NEWER")
    after = emissions(trained, texts)
    assert after.shape[1] == pipe.n_outputs > before.shape[1]
    assert numpy.array_equal(after[:, : before.shape[1]], before)
    if moves is not None:
        grown = transitions(trained)
        inner = slice(0, len(moves) - 1)
        assert numpy.array_equal(grown[inner, inner], moves[inner, inner])
        assert numpy.array_equal(grown[-1, inner], moves[-1, inner])
        assert numpy.array_equal(grown[inner, -1], moves[inner, -1])
        assert grown[-1, -1] == moves[-1, -1]
    assert answers(trained, texts) == known


def test_a_grown_model_is_saved(trained, texts, make_examples, tmp_path):
    trained.get_pipe("pipe").add_label("NEW")
    optimizer = trained.resume_training(sgd=Adam(0.01))
    train(trained, relabel(make_examples(trained)), optimizer)
    learned = answers(trained, texts)
    assert all("NEW" in (doc[0][0], doc[0][2]) for doc in learned)
    trained.to_disk(tmp_path)
    loaded = spacy.load(tmp_path)
    assert answers(loaded, texts) == learned
    assert numpy.array_equal(emissions(loaded, texts), emissions(trained, texts))
    assert answers(spacy.load(tmp_path).from_bytes(trained.to_bytes()), texts) == learned


def test_training_that_is_resumed_takes_new_labels(trained, texts, make_examples):
    """As `spacy train` does with a component that has a `source`."""
    examples = relabel(make_examples(trained))
    with pytest.raises(ValueError, match="'pipe': got 'NEW', expected one of .* with add_label"):
        trained.update(examples)
    optimizer = trained.resume_training(sgd=Adam(0.01, use_averages=True))
    train(trained, make_examples(trained), optimizer, steps=3)
    assert "NEW" not in trained.get_pipe("pipe").labels
    train(trained, examples, optimizer)
    assert trained.get_pipe("pipe").labels[-1] == "NEW"
    for found, example in zip(answers(trained, texts), examples, strict=True):
        gold = [(token.tag_, token.ent_type_) for token in example.reference]
        assert [tag or label for tag, _, label in found] == [
            tag if found[i][0] else label for i, (tag, label) in enumerate(gold)
        ]
    with trained.use_params(optimizer.averages):
        assert all("NEW" in (doc[0][0], doc[0][2]) for doc in answers(trained, texts))


def test_a_grown_model_is_initialized_anew(trained, make_examples):
    pipe = trained.get_pipe("pipe")
    pipe.add_label("NEW")
    trained.initialize(lambda: relabel(make_examples(trained), "NEWER"))
    assert {"NEW", "NEWER"} < set(pipe.labels)
    assert pipe.model.get_dim("nO") == pipe.n_outputs
    assert not pipe.model.get_ref("output_layer").get_param("W").any()


def test_rehearsal_beside_new_labels(trained, texts, make_examples):
    optimizer = trained.resume_training(sgd=Adam(0.01))
    pipe = trained.get_pipe("pipe")
    pipe.add_label("NEW")
    known = answers(trained, texts)
    # What has not changed is not to be unlearned.
    assert trained.rehearse(make_examples(trained))["pipe"] == pytest.approx(0.0, abs=1e-3)
    new = relabel(
        [Example.from_dict(trained.make_doc("Horses eat hay"), {"words": ["Horses", "eat", "hay"]})]
    )
    for _ in range(40):
        trained.update(new, sgd=optimizer)
        raw = [Example(eg.predicted, eg.predicted.copy()) for eg in make_examples(trained)]
        trained.rehearse(raw, sgd=optimizer)
    first = answers(trained, ["Horses eat hay"])[0][0]
    assert "NEW" in first
    old = [[fact for fact in doc if "NEW" not in fact] for doc in answers(trained, texts)]
    kept = sum(fact in known[i] for i, doc in enumerate(old) for fact in doc)
    assert kept >= 0.8 * sum(len(doc) for doc in known)


@pytest.mark.parametrize("factory", CLASSIFIERS)
def test_categories_old_scores_stay_to_the_bit(nlp, make_examples, texts, factory):
    config = {"model": {"ngram_rows": 100, "tok2vec": {"width": 16, "rows": [50] * 4}}}
    pipe = nlp.add_pipe(factory, config=config)
    examples = make_examples(nlp)
    optimizer = nlp.initialize(lambda: examples, sgd=Adam(0.01))
    train(nlp, examples, optimizer, 20)
    output = pipe.model.get_ref("output_layer")
    weights = {name: output.get_param(name).copy() for name in ("W", "b")}
    best = [max(doc.cats, key=doc.cats.get) for doc in nlp.pipe(texts)]
    before = [doc.cats for doc in nlp.pipe(texts)]
    nlp.resume_training(sgd=optimizer)
    assert pipe.add_label("new") == 1
    grown = pipe.model.get_ref("output_layer")
    for name, weight in weights.items():
        assert numpy.array_equal(grown.get_param(name)[:2], weight)
    for doc, label, cats in zip(nlp.pipe(texts), best, before, strict=True):
        assert max(doc.cats, key=doc.cats.get) == label
        assert doc.cats["new"] < 1e-4
        if factory == "rnn_textcat_multilabel":
            assert {name: doc.cats[name] for name in cats} == cats
    assert nlp.rehearse(examples, sgd=optimizer)[factory] == pytest.approx(0.0, abs=1e-4)
    for example in examples:
        example.reference.cats["new"] = 0.0
    train(nlp, examples, optimizer, 3)


@pytest.mark.parametrize("name", [*TAGGERS, *CLASSIFIERS])
def test_the_first_documents_are_empty(nlp, make_examples, name):
    factory, config = TAGGERS.get(name, (name, {}))
    pipe = nlp.add_pipe(factory, config=config)
    empty = [Example(nlp.make_doc(""), nlp.make_doc("")) for _ in range(12)]
    optimizer = nlp.initialize(lambda: [*empty, *make_examples(nlp)])
    assert len(pipe.labels) > 0
    nlp.update([*empty, *make_examples(nlp)], sgd=optimizer)
    with pytest.raises(
        ValueError, match=f"No text for component '{factory}': got examples without"
    ):
        nlp.initialize(lambda: empty)
