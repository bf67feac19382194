"""`spacy rnn finetune`: from an encoder to a teacher, and to what it teaches."""

from collections.abc import Callable
from pathlib import Path

import pytest
import spacy
from spacy.tokens import Doc, DocBin

from spacy_rnn.transfer.distil import load_teacher

Run = Callable[..., tuple[int, str]]
SETTINGS = ("--epochs", 60, "--learn-rate", 5e-3, "--batch-size", 4)


@pytest.fixture
def data(tmp_path: Path, make_examples: Callable) -> Path:
    docs = [example.reference for example in make_examples(spacy.blank("en"))]
    DocBin(docs=docs).to_disk(tmp_path / "data.spacy")
    return tmp_path / "data.spacy"


def annotated(data: Path) -> list[Doc]:
    return list(DocBin().from_disk(data).get_docs(spacy.blank("en").vocab))


def annotation(task: str, doc: Doc) -> object:
    if task == "ner":
        return [(ent.start, ent.end, ent.label_) for ent in doc.ents]
    if task == "tagger":
        return [token.tag_ for token in doc]
    return max(doc.cats, key=doc.cats.__getitem__)


@pytest.mark.parametrize(
    ("task", "kind"), [("ner", "bert"), ("tagger", "roberta"), ("textcat", "roberta")]
)
def test_a_teacher_learns_and_teaches(
    spacy_cli: Run, save_encoder: Callable, data: Path, tmp_path: Path, task: str, kind: str
):
    out = tmp_path / "teacher"
    args = ("rnn", "finetune", save_encoder(kind), data, data, out, "--task", task, *SETTINGS)
    code, output = spacy_cli(*args)
    assert code == 0, output
    nlp = load_teacher(str(out))
    gold = annotated(data)
    same = [
        annotation(task, nlp(Doc(nlp.vocab, [token.text for token in doc])))
        == annotation(task, doc)
        for doc in gold
    ]
    assert sum(same) >= 5  # of 6
    code, output = spacy_cli(*args)
    assert code == 1
    assert "it is already there" in output


def test_the_same_seed_gives_the_same_weights(
    spacy_cli: Run, save_encoder: Callable, data: Path, tmp_path: Path
):
    encoder = save_encoder()
    for name in "ab":
        args = (encoder, data, data, tmp_path / name, "--task", "textcat_multilabel")
        assert spacy_cli("rnn", "finetune", *args, "--epochs", 1)[0] == 0
    weights = [(tmp_path / name / "model.safetensors").read_bytes() for name in "ab"]
    assert weights[0] == weights[1]


def test_what_cannot_be_learned_is_refused(
    spacy_cli: Run, save_encoder: Callable, data: Path, tmp_path: Path
):
    plain, out = tmp_path / "plain.spacy", tmp_path / "teacher"
    DocBin(docs=[spacy.blank("en")("good soup")]).to_disk(plain)
    encoder = save_encoder()

    def refused(*args: object) -> str:
        code, output = spacy_cli("rnn", "finetune", *args)
        assert code == 1
        assert not out.exists()
        return output

    output = refused(encoder, plain, plain, out, "--task", "ner")
    assert "Can't train for ner: got 1 examples with the labels none" in output
    output = refused("nobody/nothing", data, data, out, "--task", "ner")
    assert "Can't load the model nobody/nothing" in output
    output = refused(encoder, data, data, out, "--task", "ner", "--learn-rate", "1e30")
    assert "expected a number. Choose a learning rate below" in output
    out.mkdir()
    (out / "notes.txt").touch()
    code, output = spacy_cli(
        "rnn", "finetune", encoder, data, data, out, "--task", "ner", "--force"
    )
    assert code == 1
    assert (out / "notes.txt").exists()
