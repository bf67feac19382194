import pytest
import spacy
import srsly

from spacy_rnn.corpus import (
    CorpusError,
    Report,
    count_labels,
    label_set,
    make_doc,
    read_records,
    understand,
)
from spacy_rnn.corpus.arrow import read_dataset

datasets = pytest.importorskip("datasets")
ROWS = [{"text": "Very good", "label": "pos"}, {"text": "Bad, really", "label": "neg"}]


@pytest.fixture(scope="module")
def nlp():
    return spacy.blank("en")


def records(task, rows):
    data = datasets.Dataset.from_list(rows)
    reading = understand(read_dataset(data, "data.jsonl"), task)
    return list(read_records([reading], Report()))


def docs(nlp, task, rows):
    found = records(task, rows)
    labels = label_set({"train": count_labels(found)}, task)
    return [make_doc(record, nlp, task, labels) for record in found]


def test_textcat_docs(nlp):
    first, second = docs(nlp, "textcat", ROWS)
    assert first.cats == {"neg": 0.0, "pos": 1.0}
    assert list(first.cats) == ["neg", "pos"]
    assert second.cats == {"neg": 1.0, "pos": 0.0}
    assert [token.text for token in second] == ["Bad", ",", "really"]


def test_textcat_ignores_gold_tokens(nlp):
    (doc,) = docs(nlp, "textcat", [{"text": "can't", "label": "x", "tokens": ["can't"]}])
    assert [token.text for token in doc] == ["ca", "n't"]


def test_multilabel_docs(nlp):
    rows = [{"text": "a", "labels": ["y", "x"]}, {"text": "b", "labels": []}]
    first, second = docs(nlp, "textcat_multilabel", rows)
    assert first.cats == {"x": 1.0, "y": 1.0}
    assert second.cats == {"x": 0.0, "y": 0.0}


def test_tagger_docs(nlp):
    (doc,) = docs(nlp, "tagger", [{"tokens": ["can't", "go"], "tags": ["MD", "VB"]}])
    assert [(token.text, token.tag_) for token in doc] == [("can't", "MD"), ("go", "VB")]
    assert doc.has_unknown_spaces


def test_tagger_docs_with_text(nlp):
    rows = [{"text": "I  ca\nn't.", "tokens": ["I", "ca", "\n", "n't", "."], "tags": list("abcde")}]
    (doc,) = docs(nlp, "tagger", rows)
    assert doc.text == "I  ca\nn't."
    tags = {token.text: token.tag_ for token in doc}
    assert tags == {"I": "a", " ": "", "ca": "b", "\n": "", "n't": "d", ".": "e"}


def test_tokens_that_do_not_make_the_text(nlp):
    with pytest.raises(CorpusError, match=r"data.jsonl, row 1: \[E194\]"):
        docs(nlp, "tagger", [{"text": "a b", "tokens": ["a", "c"], "tags": ["X", "Y"]}])


def test_text_too_long_for_the_tokenizer(nlp, monkeypatch):
    monkeypatch.setattr(nlp, "max_length", 3)
    with pytest.raises(CorpusError, match=r"data.jsonl, row 2: \[E088\]"):
        docs(nlp, "textcat", [{"text": "abc", "label": "x"}, {"text": "abcd", "label": "x"}])


NER_TEXT = "I saw New York City on Monday."


@pytest.mark.parametrize("tokens", [None, ["I saw", "New", "York", "City", "on", "Monday", "."]])
def test_ner_docs(nlp, tokens):
    row = {
        "text": NER_TEXT,
        "entities": [
            {"start": 23, "end": 29, "label": "DATE"},
            {"start": 6, "end": 19, "label": "GPE"},
        ],
    }
    (doc,) = docs(nlp, "ner", [row | ({"tokens": tokens} if tokens else {})])
    assert doc.text == NER_TEXT
    assert [(ent.text, ent.label_) for ent in doc.ents] == [
        ("New York City", "GPE"),
        ("Monday", "DATE"),
    ]
    assert doc[0].ent_iob_ == "O"
    assert tokens is None or doc[0].text == "I saw"


def test_ner_docs_without_text(nlp):
    rows = [{"tokens": ["New", "York"], "entities": [{"start": 4, "end": 8, "label": "X"}]}]
    (doc,) = docs(nlp, "ner", rows)
    assert [ent.text for ent in doc.ents] == ["York"]


def test_ner_entity_that_splits_a_token(nlp):
    row = {
        "text": NER_TEXT,
        "entities": [{"start": 7, "end": 14, "label": "X"}, {"start": 15, "end": 19, "label": "X"}],
    }
    (record,) = records("ner", [row])
    doc = make_doc(record, nlp, "ner", [])
    assert [ent.text for ent in doc.ents] == ["City"]
    assert len(record.spans) - len(doc.ents) == 1
    assert [token.ent_iob_ for token in doc] == ["O", "O", "", "", "B", "O", "O", "O"]


def test_ner_entities_as_dict_of_lists(nlp):
    row = {"text": NER_TEXT, "entities": {"start": [6], "end": [14], "label": ["X"]}}
    (doc,) = docs(nlp, "ner", [row])
    assert [ent.text for ent in doc.ents] == ["New York"]


def test_same_input_gives_same_bytes(nlp):
    def convert():
        return [doc.to_bytes() for doc in docs(nlp, "textcat", ROWS)]

    assert convert() == convert()
    assert srsly.msgpack_loads(convert()[0])
