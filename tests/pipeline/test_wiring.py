"""What is wired wrong says so."""

import pytest
import spacy
from spacy.training import Example

TINY = {
    "@architectures": "spacy-rnn.Tok2Vec.v1",
    "width": 16,
    "rows": [50] * 4,
    "char_ngram_rows": 0,
}
FACTORIES = ("rnn_ner", "rnn_tagger", "rnn_textcat", "rnn_textcat_multilabel")


def listener(upstream):
    return {"@architectures": "spacy.Tok2VecListener.v1", "width": 16, "upstream": upstream}


def examples(nlp):
    for label, other in ("ab", "ba"):
        facts = {"entities": [(0, 3, "PER")], "tags": ["N", "V"]}
        facts["cats"] = {label: 1.0, other: 0.0}
        yield Example.from_dict(nlp.make_doc("Ada ran"), facts)


@pytest.mark.parametrize("factory", FACTORIES)
@pytest.mark.parametrize("upstream", ["tok2vec", "*"])
def test_a_listener_without_its_encoder(factory, upstream):
    nlp = spacy.blank("en")
    nlp.add_pipe(factory, config={"model": {"tok2vec": listener(upstream)}})
    wanted = "an encoder" if upstream == "*" else "the encoder 'tok2vec'"
    with pytest.raises(ValueError, match=f"'{factory}' listens to {wanted}.* got the pipeline"):
        nlp.initialize(lambda: examples(nlp))
    nlp.add_pipe("rnn_tok2vec", name="tok2vec", config={"model": TINY})  # too late
    with pytest.raises(ValueError, match=f"does not come before it: got .*{factory}, tok2vec"):
        nlp.initialize(lambda: examples(nlp))


@pytest.mark.parametrize("factory", FACTORIES)
@pytest.mark.parametrize("upstream", ["tok2vec", "*"])
@pytest.mark.parametrize("encoder", ["tok2vec", "rnn_tok2vec"])
def test_a_listener_with_its_encoder(factory, upstream, encoder):
    nlp = spacy.blank("en")
    nlp.add_pipe(encoder, name="tok2vec", config={"model": TINY})
    nlp.add_pipe(factory, config={"model": {"tok2vec": listener(upstream)}})
    optimizer = nlp.initialize(lambda: examples(nlp))
    nlp.update(list(examples(nlp)), sgd=optimizer)


@pytest.mark.parametrize("factory", [*FACTORIES, "rnn_tok2vec"])
def test_weights_that_would_not_be_read(factory, tmp_path):
    nlp = spacy.blank("en")
    nlp.add_pipe(factory)
    nlp.config["initialize"]["init_tok2vec"] = str(tmp_path / "model9.bin")
    with pytest.raises(
        ValueError, match=r"got \[initialize\] init_tok2vec = '.*model9.bin' and an"
    ):
        nlp.initialize(lambda: examples(nlp))
