import re

import pytest

from spacy_rnn.corpus import Columns, CorpusError, Report, load_splits

UNER = """\
# newdoc id = a
# sent_id = a-1
# text = Ann saw New York.
1	Ann	B-PER	-	stephen
2	saw	O
3	New	B-LOC	-	stephen
4	York	I-LOC	-	stephen
5	.	O	-	-

# text = It is not this
1	Bob	B-PER	-	-
"""
WNUT = "#\tO\nAnn\tB-PER\n\t\nI\tO\n\n\n1\tO\n"
CONLL = """\
-DOCSTART- -X- -X- O

EU NNP B-NP I-ORG
rejects VBZ B-VP O
German JJ B-NP I-MISC
British JJ I-NP B-MISC
# # I-NP O

Peter NNP B-NP I-PER
"""


def found(records):
    return [
        (record.text, record.tokens, list(zip(record.spans, record.labels, strict=True)))
        for record in records
    ]


def test_columns_with_index_and_comments(write, read):
    path = write("train.iob2", UNER)
    (table,) = load_splits(str(path))["train"]
    assert list(table.kinds.values()) == ["index", "words", "entity tags", "empty", "words"]
    assert found(read(path, "ner")) == [
        (
            "Ann saw New York.",
            ["Ann", "saw", "New", "York", "."],
            [((0, 3), "PER"), ((8, 16), "LOC")],
        ),
        (None, ["Bob"], [((0, 3), "PER")]),
    ]


def test_two_columns_and_blank_lines_of_a_tab(write, read):
    assert found(read(write("train.iob2", WNUT), "ner")) == [
        (None, ["#", "Ann"], [((2, 5), "PER")]),
        (None, ["I"], []),
        (None, ["1"], []),
    ]


def test_iob1_is_told_by_its_tags(write, read, caplog):
    path = write("train.conll", CONLL)
    assert found(read(path, "ner")) == [
        (
            None,
            ["EU", "rejects", "German", "British", "#"],
            [((0, 2), "ORG"), ((11, 17), "MISC"), ((18, 25), "MISC")],
        ),
        (None, ["Peter"], [((0, 5), "PER")]),
    ]
    assert "is read as IOB1" in caplog.text
    assert [r.labels for r in read(path, "tagger")] == [
        ["NNP", "VBZ", "JJ", "JJ", "#"],
        ["NNP"],
    ]
    assert [r.labels for r in read(path, "ner", Columns(entities="3"))][1] == ["NP"]


def test_biluo_and_windows_line_ends(write, read):
    content = b"\xef\xbb\xbfNew\tB-GPE\r\nYork\tL-GPE\r\nParis\tU-GPE\r\n\r\nto\tO\r\n"
    assert found(read(write("train.iob2", content), "ner")) == [
        (None, ["New", "York", "Paris"], [((0, 8), "GPE"), ((9, 14), "GPE")]),
        (None, ["to"], []),
    ]


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("York\tI-LOC", r"line 5: got I-LOC after O, expected B-LOC or I-LOC before it"),
        ("York", r"line 5: got 'York', expected a token and its tag in the columns 1 and 2"),
        ("\tO", r"line 5: got '\\tO', expected a token and its tag"),
        ("York\tLOC", r"line 5: got the tag 'LOC', expected O, or B- or I- and a label"),
        ("York\tI-", r"line 5: got the tag 'I-', expected O"),
    ],
)
def test_bad_sentence(write, read, line, message):
    path = write("a.iob", f"Ann\tB-PER\n\nin\tO\nNew\tO\n{line}\n\nBob\tB-PER\nto\tO\n")
    with pytest.raises(CorpusError, match=message):
        read(path, "ner")
    report = Report(skip=True)
    assert [r.tokens for r in read(path, "ner", report=report)] == [["Ann"], ["Bob", "to"]]
    assert re.match(f"{path}, line 5: ", *report.reasons)


def test_entity_of_another_type_has_to_begin(write, read):
    path = write("a.iob", "Ann\tB-PER\nLee\tI-LOC\n")
    with pytest.raises(CorpusError, match="got I-LOC after B-PER, expected B-LOC or I-LOC before"):
        read(path, "ner")


@pytest.mark.parametrize(
    ("content", "task", "message"),
    [
        ("the DT\ncat NN\n", "ner", r"Can't find the tags in .*: got the columns 1 \(words\), 2"),
        ("a O\nb B-X\n", "tagger", r"2 \(entity tags\), .*choose the task ner for entities, or"),
        ("a B-X O\nb O B-Y\n", "ner", "in 2 ways: its columns 2 and 3 hold entity tags: choose"),
        ("O a N\nB-X b N\nO c M\n", "ner", "its columns 2 and 3 could hold the tokens: choose wi"),
        ("a b N\nd e M\n", "tagger", "2 ways: its columns 2 and 3 could hold the tags: choose w"),
        ("a O\nb B-X\n", "textcat", "is a file of tokens and tags, expected the task tagger or"),
    ],
)
def test_what_cannot_be_told(write, read, content, task, message):
    with pytest.raises(CorpusError, match=message):
        read(write("a.conll", content), task)


def test_columns_are_chosen_by_number(write, read):
    path = write("a.conll", "O a N\nB-X b N\n")
    (record,) = read(path, "ner", Columns(tokens="2"))
    assert (record.tokens, record.labels) == (["a", "b"], ["X"])
    with pytest.raises(CorpusError, match=r"no column '7': got 1 \(entity tags\), 2 .* by its num"):
        read(path, "ner", Columns(tokens="7"))


def test_nested_entities_are_left_out_with_a_warning(write, read, caplog):
    path = write("a.conll", "1\tAnn\tB-PER\tB-PER\n2\tLee\tI-PER\tO\n\n1\tOh\tO\tO\n")
    assert read(path, "ner")[0].spans == [(0, 7)]
    assert "column 3 and, nested in these, in column 4" in caplog.text
    assert "--columns entities=4" in caplog.text
    assert read(path, "ner", Columns(entities="4"))[0].spans == [(0, 3)]
