"""Annotation of the same sentences, put together."""

from collections.abc import Callable
from pathlib import Path
from types import ModuleType

import spacy
from spacy.tokens import Doc, DocBin

VOCAB = spacy.blank("xx").vocab


def tagged(*words: str, tag: str = "X") -> Doc:
    return Doc(VOCAB, words, tags=[tag] * len(words))


def test_documents_with_the_same_tokens_become_one(module: Callable[[str], ModuleType]):
    people = [
        Doc(VOCAB, ["Ada", "left"], ents=["B-PER", ""]),
        Doc(VOCAB, ["No", "tags"], ents=["O", "O"]),
    ]
    both, alone, new = module("merge").merge([[tagged("Ada", "left"), tagged("Alone")], people])
    assert [(t.tag_, t.ent_iob_, t.ent_type_) for t in both] == [("X", "B", "PER"), ("X", "", "")]
    assert alone.has_annotation("TAG")
    assert not alone.has_annotation("ENT_IOB")
    assert new.has_annotation("ENT_IOB")
    assert not new.has_annotation("TAG")


def test_the_first_of_several_alike_goes_with_the_first(module: Callable[[str], ModuleType]):
    tags = [tagged("Thanks", tag="1"), tagged("Thanks", tag="2")]
    entities = [Doc(VOCAB, ["Thanks"], ents=[mark]) for mark in ("O", "B-ORG", "B-PER")]
    docs = module("merge").merge([tags, entities])
    assert [(doc[0].tag_, doc[0].ent_type_) for doc in docs] == [
        ("1", ""),
        ("2", "ORG"),
        ("", "PER"),
    ]


def test_splits_are_merged_each(tmp_path: Path, program: Callable[..., tuple[int, str, str]]):
    for name, doc in (("a", tagged("Hello")), ("b", Doc(VOCAB, ["Hello"], ents=["O"]))):
        (tmp_path / name).mkdir()
        for split in ("train", "dev", "test"):
            DocBin(docs=[doc], store_user_data=True).to_disk(tmp_path / name / f"{split}.spacy")
    code, out, _ = program("merge.py", tmp_path / "a", tmp_path / "b", tmp_path / "ab")
    assert code == 0
    assert out.splitlines()[1] == "dev: 1 documents out of 1 and 1"
    assert len(DocBin().from_disk(tmp_path / "ab/test.spacy")) == 1
