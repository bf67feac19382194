"""`rnn_tagger`: its loss against spaCy's, alignment, bad input."""

import numpy
import pytest
import spacy
from spacy.pipeline import Tagger
from spacy.tokens import Doc
from spacy.training import Example

from spacy_rnn.pipeline.tagger import aligned_tags


@pytest.mark.parametrize("label_smoothing", [0.0, 0.1])
def test_gradient_is_that_of_spacys_tagger(nlp, make_examples, label_smoothing):
    tagger = nlp.add_pipe("rnn_tagger", config={"label_smoothing": label_smoothing})
    nlp.initialize(lambda: make_examples(nlp))
    spacys = Tagger(nlp.vocab, tagger.model, label_smoothing=label_smoothing)
    for label in tagger.labels:
        spacys.cfg["labels"].append(label)
    examples = make_examples(nlp)
    scores, _ = tagger.model.begin_update([eg.x for eg in examples])
    loss, gradient = tagger.get_loss(examples, scores)
    _, expected = spacys.get_loss(examples, scores)
    for a, b in zip(gradient, expected, strict=True):
        numpy.testing.assert_allclose(a, b, atol=1e-6)
    n_tokens = sum(len(eg.x) for eg in examples)
    assert loss == pytest.approx(n_tokens * numpy.log(len(tagger.labels)), rel=1e-4)


def test_tokens_without_a_tag_or_a_counterpart_are_left_out(nlp, make_examples):
    tagger = nlp.add_pipe("rnn_tagger")
    nlp.initialize(lambda: make_examples(nlp))
    reference = Doc(nlp.vocab, words=["They", "liked", "it"], tags=["P", "", "P"])
    predicted = Doc(nlp.vocab, words=["They", "liked", "i", "t"], spaces=[1, 1, 0, 0])
    example = Example(predicted, reference)
    P = nlp.vocab.strings["P"]
    assert aligned_tags(Example(reference.copy(), reference)).tolist() == [P, 0, P]
    scores, _ = tagger.model.begin_update([predicted])
    _, (gradient,) = tagger.get_loss([example], scores)
    rows = [bool(row.any()) for row in gradient]
    assert rows == [bool(tag) for tag in aligned_tags(example)]
    assert rows[:2] == [True, False]


def test_unknown_tag_in_update(nlp, make_examples):
    nlp.add_pipe("rnn_tagger")
    nlp.initialize(lambda: make_examples(nlp))
    example = Example.from_dict(nlp.make_doc("Yes !"), {"tags": ["UH", "."]})
    with pytest.raises(
        ValueError, match="Unknown tag for component 'rnn_tagger': got 'UH', expected one of its 9"
    ):
        nlp.update([example])


def test_a_tag_may_start_with_an_exclamation_mark(nlp):
    nlp.add_pipe("rnn_tagger")
    example = Example.from_dict(nlp.make_doc("Yes !"), {"tags": ["UH", "!"]})
    optimizer = nlp.initialize(lambda: [example])
    for _ in range(20):
        nlp.update([example], sgd=optimizer)
    assert [token.tag_ for token in nlp("Yes !")] == ["UH", "!"]


def test_missing_labels(nlp):
    nlp.add_pipe("rnn_tagger")
    example = Example.from_dict(nlp.make_doc("Yes !"), {})
    with pytest.raises(ValueError, match="E143.*Labels for component 'rnn_tagger' not init"):
        nlp.initialize(lambda: [example])


def test_no_training_data(nlp):
    nlp.add_pipe("rnn_tagger")
    with pytest.raises(ValueError, match="No training data for component 'rnn_tagger': got no"):
        nlp.initialize(list)


@pytest.mark.parametrize("overwrite", [False, True])
def test_overwrite(make_examples, overwrite):
    nlp = spacy.blank("en")
    nlp.add_pipe("rnn_tagger", config={"overwrite": overwrite})
    nlp.initialize(lambda: make_examples(nlp))
    doc = Doc(nlp.vocab, words=["Yes", "!"], tags=["X", ""])
    tags = [token.tag_ for token in nlp(doc)]
    assert (tags[0] == "X") is not overwrite
    assert tags[1]
