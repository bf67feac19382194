from pathlib import Path

import pytest

from spacy_rnn.corpus import CorpusError
from spacy_rnn.corpus.iob import Layout, find_layout, read_iob

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


@pytest.fixture
def write(tmp_path: Path):
    def write(content: str | bytes) -> Path:
        path = tmp_path / "train.iob2"
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return path

    return write


def read(path: Path):
    return [
        (record.text, record.tokens, list(zip(record.spans, record.labels, strict=True)))
        for record in read_iob(path)
    ]


def test_columns_with_index_and_comments(write):
    path = write(UNER)
    assert find_layout(path) == Layout(token=1, tag=2)
    assert read(path) == [
        (
            "Ann saw New York.",
            ["Ann", "saw", "New", "York", "."],
            [((0, 3), "PER"), ((8, 16), "LOC")],
        ),
        (None, ["Bob"], [((0, 3), "PER")]),
    ]


def test_two_columns_and_blank_lines_of_a_tab(write):
    path = write(WNUT)
    assert find_layout(path) == Layout(token=0, tag=1)
    assert read(path) == [
        (None, ["#", "Ann"], [((2, 5), "PER")]),
        (None, ["I"], []),
        (None, ["1"], []),
    ]


def test_iob1_is_told_by_its_tags(write, caplog):
    path = write(CONLL)
    assert find_layout(path) == Layout(token=0, tag=3, iob1=True)
    assert "is read as IOB1" in caplog.text
    assert read(path) == [
        (
            None,
            ["EU", "rejects", "German", "British", "#"],
            [((0, 2), "ORG"), ((11, 17), "MISC"), ((18, 25), "MISC")],
        ),
        (None, ["Peter"], [((0, 5), "PER")]),
    ]


def test_biluo_and_windows_line_ends(write):
    path = write(b"\xef\xbb\xbfNew\tB-GPE\r\nYork\tL-GPE\r\nParis\tU-GPE\r\n\r\nto\tO\r\n")
    assert read(path) == [
        (None, ["New", "York", "Paris"], [((0, 8), "GPE"), ((9, 14), "GPE")]),
        (None, ["to"], []),
    ]


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("York\tI-LOC", r"line 5: got I-LOC after O, expected B-LOC or I-LOC before it"),
        ("York", r"line 5: got 'York', expected a token in column 1 and its tag in column 2"),
        ("\tO", r"line 5: got '\\tO', expected a token in column 1"),
        ("York\tLOC", r"line 5: got the tag 'LOC', expected O, or B- or I- and a label"),
        ("York\tI-", r"line 5: got the tag 'I-', expected O"),
    ],
)
def test_bad_sentence(write, line, message):
    path = write(f"Ann\tB-PER\n\nin\tO\nNew\tO\n{line}\n\nBob\tB-PER\nto\tO\n")
    with pytest.raises(CorpusError, match=message):
        list(read_iob(path))
    errors: list[CorpusError] = []
    assert [record.tokens for record in read_iob(path, errors.append)] == [["Ann"], ["Bob", "to"]]
    assert len(errors) == 1
    assert str(errors[0]).startswith(f"{path}, line 5: ")


def test_entity_of_another_type_has_to_begin(write):
    path = write("Ann\tB-PER\nLee\tI-LOC\n")
    with pytest.raises(CorpusError, match="got I-LOC after B-PER, expected B-LOC or I-LOC before"):
        list(read_iob(path))


@pytest.mark.parametrize("content", ["", "A text.\nAnother.\n", "the DT\ncat NN\n"])
def test_no_tags(write, content):
    with pytest.raises(CorpusError, match=r"Can't find the tags in .*train\.iob2: got no column"):
        list(read_iob(write(content)))


def test_encoding_damage_has_a_line(write):
    path = write(b"Ann\tB-PER\nZo\xeb\tI-PER\n")
    with pytest.raises(CorpusError, match="train.iob2, line 2: it is not encoded in UTF-8"):
        list(read_iob(path))
