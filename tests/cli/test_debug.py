"""`spacy rnn debug data`: spaCy's report on the data of recurrent components."""

import warnings
from pathlib import Path

import pytest
import spacy
from spacy.tokens import Doc, DocBin
from spacy.training import Example
from thinc.api import Config

from spacy_rnn.recipes import make_config


@pytest.fixture
def data(tmp_path: Path) -> Path:
    nlp = spacy.blank("en")
    docs = []
    for i in range(12):
        words = [f"Ada{i}", "saw", "Paris", "."]
        doc = Doc(nlp.vocab, words, ents=["B-PER", "O", "B-LOC", "O"], tags=["N", "V", "N", "."])
        docs.append(doc)
    DocBin(docs=docs).to_disk(tmp_path / "train.spacy")
    DocBin(docs=docs[:2]).to_disk(tmp_path / "dev.spacy")
    return tmp_path


@pytest.mark.parametrize(
    ("names", "shared"), [(["ner"], False), (["tagger", "ner"], True)], ids=["one", "shared"]
)
def test_labels_rare_ones_and_overlap_are_shown(data, spacy_cli, names, shared):
    (data / "c.cfg").write_text(make_config(names, shared=shared), "utf8")
    paths = [f"--paths.{name}={data / name}.spacy" for name in ("train", "dev")]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of a lookup table that spaCy's components want
        code, output = spacy_cli("rnn", "debug", "data", data / "c.cfg", *paths)
    assert code in (0, 1), output  # 1 where spaCy finds an error, such as too few documents
    assert "Named Entity Recognition" in output
    assert "2 label(s)" in output
    assert "Low number of examples for label 'LOC' (12)" in output
    assert "2 training examples also in evaluation data" in output
    assert ("Part-of-speech Tagging" in output) is shared


def test_weights_that_would_not_be_read_are_told(data, spacy_cli):
    config = Config().from_str(make_config(["ner"]), interpolate=False)
    config["pretraining"] = {}
    config.to_disk(data / "c.cfg")
    paths = [f"--paths.{name}={data / name}.spacy" for name in ("train", "dev")]
    code, output = spacy_cli(
        "rnn", "debug", "data", data / "c.cfg", *paths, "--paths.init_tok2vec", "nothing.bin"
    )
    assert code == 1
    assert "Weights that would not be read" in " ".join(output.split())


def test_an_encoder_that_nothing_listens_to_says_so():
    nlp = spacy.blank("en")
    nlp.add_pipe("rnn_tok2vec", config={"model": {"width": 16}})
    nlp.add_pipe("rnn_ner", config={"model": {"tok2vec": {"width": 16}}})
    doc = Doc(nlp.vocab, ["Ada"], ents=["B-PER"])
    with pytest.warns(UserWarning, match="Nothing listens to the encoder 'rnn_tok2vec'.* rnn_ner"):
        nlp.initialize(lambda: [Example(nlp.make_doc("Ada"), doc)])
