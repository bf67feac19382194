"""A student beside its teacher."""

from collections.abc import Callable
from pathlib import Path

import spacy
from spacy.tokens import Doc, DocBin
from spacy.training import Example


def test_score_size_and_speed(program: Callable, tmp_path: Path) -> None:
    nlp = spacy.blank("en")
    nlp.add_pipe("rnn_ner").add_label("PER")
    doc = Doc(nlp.vocab, ["Ada", "sings"], ents=["B-PER", "O"])
    nlp.initialize(lambda: [Example(nlp.make_doc("Ada sings"), doc)])
    nlp.to_disk(tmp_path / "model")
    DocBin(docs=[doc] * 6).to_disk(tmp_path / "test.spacy")
    DocBin(docs=[doc] * 5).to_disk(tmp_path / "few.spacy")
    output = tmp_path / "students.md"
    args = ("students.py", tmp_path / "model", tmp_path / "model")
    options = ("--task", "ner", "--output", output)
    code, printed, messages = program(*args, tmp_path / "test.spacy", *options)
    assert code == 0, messages
    assert output.read_text(encoding="utf8").strip() == printed.strip()
    _, _, teacher, student = printed.strip().splitlines()
    assert teacher.startswith("| teacher | ")
    assert student.startswith("| student | ")
    for line in (teacher, student):
        _, _, score, size, speed, _ = (part.strip() for part in line.split("|"))
        assert 0 <= float(score) <= 100
        assert float(size) > 0
        assert int(speed.replace(",", "")) > 0

    for data, message in (
        ("few.spacy", "Can't measure with 5 documents"),
        ("missing.spacy", "missing.spacy: expected a .spacy file or a folder"),
    ):
        code, _, messages = program(*args, tmp_path / data, *options)
        assert code == 1
        assert message in messages
        assert "Traceback" not in messages
