"""Files of the shapes that people have, and what they hold."""

import bz2
import gzip
import io
import json
import lzma
import zipfile
from dataclasses import dataclass, field

import pytest

from spacy_rnn.corpus import Columns, CorpusError, Record, Report
from spacy_rnn.corpus.splits import open_splits

Content = str | bytes
Found = tuple[str, list[str]]


@dataclass
class Case:
    """A file, and its texts with their labels, tags or entities; or an error.

    name (str): The name of the file.
    content (Content): What it holds.
    task (str): What it is annotated for.
    found (list[tuple[str, list[str]]] | str): The rows, or a part of the message.
    columns (dict[str, str]): What the columns hold.
    labels (list[str]): The names of the labels.
    options (dict[str, str]): How it is read.
    note (str): A part of what is said of how it is read.
    """

    name: str
    content: Content
    task: str
    found: list[Found] | str
    columns: dict[str, str] = field(default_factory=dict)
    labels: list[str] | None = None
    options: dict[str, str] = field(default_factory=dict)
    note: str = ""


def lines(*rows: object) -> str:
    return "".join(json.dumps(row) + "\n" for row in rows)


def zipped(*names: str) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name in names:
            archive.writestr(name, CSV)
    return buffer.getvalue()


CSV = "text,label\nIt works,good\nIt broke,bad\n"
GOOD = [("It works", ["good"]), ("It broke", ["bad"])]
TOKENS = "Ida\tB-PER\nBo\tI-PER\nran\tO\n\nNone\tO\nran\tO\n"
IDA = [("Ida Bo ran", ["PER:Ida Bo"]), ("None ran", [])]
TEXT = "Ida Bo ran"
SPAN = {"start": 0, "end": 6, "label": "PER"}
NER = [(TEXT, ["PER:Ida Bo"])]
WORDS = TEXT.split()
NESTED = "1\tIda\tB-PER\tO\n2\tBo\tI-PER\tB-LOC\n3\tran\tO\tO\n"
FLAGS = {"text": "a", "x": 1, "y": 0}

CASES = {
    # Bytes to rows
    "gzip": Case("a.csv.gz", gzip.compress(CSV.encode()), "textcat", GOOD),
    "bz2": Case("a.csv.bz2", bz2.compress(CSV.encode()), "textcat", GOOD),
    "xz": Case("a.csv.xz", lzma.compress(CSV.encode()), "textcat", GOOD),
    "zip": Case("a.zip", zipped("a.csv"), "textcat", GOOD),
    "zip of two": Case("a.zip", zipped("a.csv", "b.csv"), "textcat", "holds 2 files, expected one"),
    "damaged gzip": Case("a.csv.gz", gzip.compress(CSV.encode())[:-9], "textcat", "Can't read"),
    "gzip without suffix": Case("train", gzip.compress(TOKENS.encode()), "ner", IDA),
    "utf-8 with mark": Case("a.csv", CSV.encode("utf-8-sig"), "textcat", GOOD),
    "utf-16": Case("a.csv", CSV.encode("utf-16"), "textcat", GOOD),
    "utf-16 tokens": Case("a.conll", TOKENS.encode("utf-16"), "ner", IDA),
    "utf-16 without mark": Case("a.csv", CSV.encode("utf-16-le"), "textcat", "encoding=utf-16-le"),
    "utf-16 given": Case(
        "a.csv", CSV.encode("utf-16-le"), "textcat", GOOD, options={"encoding": "utf-16-le"}
    ),
    "latin-1": Case(
        "a.csv", "text,label\ncafé,x\n".encode("latin1"), "textcat", "line 2: .*encoding=cp1252"
    ),
    "latin-1 given": Case(
        "a.csv",
        "text;label\ncafé;x\nthé, vert;y\n".encode("latin1"),
        "textcat",
        [("café", ["x"]), ("thé, vert", ["y"])],
        options={"encoding": "latin-1"},
        note="fields are separated by ';'",
    ),
    "unknown encoding": Case("a.csv", CSV, "textcat", "utf-99", options={"encoding": "utf-99"}),
    "semicolons": Case("a.csv", CSV.replace(",", ";"), "textcat", GOOD),
    "bars": Case("a.txt", CSV.replace(",", "|"), "textcat", GOOD),
    "tabs in csv": Case("a.csv", CSV.replace(",", "\t"), "textcat", GOOD),
    "two delimiters": Case(
        "a.csv", "text,label;x\na,b;c\n", "textcat", "two ways, with ',' or ';'"
    ),
    "delimiter given": Case(
        "a.csv", CSV.replace(",", "/"), "textcat", GOOD, options={"delimiter": "/"}
    ),
    "no header": Case(
        "a.csv",
        "good,It works\nbad,It broke\n",
        "textcat",
        GOOD,
        options={"column_names": "label,text"},
    ),
    "no header, unsaid": Case("a.csv", "good,It works\n1,b\n", "textcat", "option column_names"),
    "spaces after commas": Case("a.csv", CSV.replace(",", ", "), "textcat", GOOD),
    "escaped quotes": Case(
        "a.csv",
        'text,label\n"he said \\"no\\", twice",x\n"fine",y\n',
        "textcat",
        [('he said "no", twice', ["x"]), ("fine", ["y"])],
        note="a backslash escapes",
    ),
    "late escaped quotes": Case(
        "a.csv", CSV + "x,y\n" * 300 + '"a \\"b\\"",y\n', "textcat", "line 304: .*escapechar"
    ),
    "doubled quotes": Case(
        "a.csv", 'text,label\n"a ""b"" c\\",x\n', "textcat", [('a "b" c\\', ["x"])]
    ),
    "quotes as text": Case(
        "a.tsv",
        'text\tlabel\n"a" b\tx\n',
        "textcat",
        [('"a" b', ["x"])],
        options={"quoting": "none"},
    ),
    "quotes as text, unsaid": Case("a.tsv", 'text\tlabel\n"a" b\tx\n', "textcat", "quoting=none"),
    "line in quotes": Case(
        "a.csv", 'text,label\n"a\nb",x\n,\n', "textcat", "row 2, line 4: the column 'text' holds ''"
    ),
    "long field": Case(
        "a.csv", f"text,label\n{'a' * 200_000},x\n", "textcat", [("a" * 200_000, ["x"])]
    ),
    "too many fields": Case(
        "a.csv", CSV + "a,b,c\n", "textcat", "row 3, line 4: the row has more fields than its head"
    ),
    "two columns of one name": Case(
        "a.csv", "text,text,label\na,b,c\n", "textcat", "two columns n"
    ),
    "leading zeros": Case(
        "a.csv", "text,label\na,007\nb,010\n", "textcat", [("a", ["007"]), ("b", ["010"])]
    ),
    "archive": Case("a.csv", b"\0" * 257 + b"ustar" + b"\0" * 250, "textcat", "archive of files"),
    "binary": Case("a.csv", b"text,label\n\0\1\2,x\n", "textcat", "holds bytes that are no text"),
    # The format by content
    "tokens in tsv": Case("a.tsv", TOKENS, "ner", IDA),
    "tokens in capitals": Case("A.TSV", TOKENS, "ner", IDA),
    "tokens in conllu": Case(
        "a.conllu", "0\tIda\tB-PER\n1\tran\tO\n", "ner", [("Ida ran", ["PER:Ida"])]
    ),
    "tokens in txt": Case("a.txt", TOKENS.replace("\t", " "), "ner", IDA),
    "tokens without suffix": Case("train", TOKENS, "ner", IDA),
    "tokens with a header": Case("a.tsv", "Token\tTag\n" + TOKENS, "ner", IDA),
    "tags of words": Case(
        "a.conll",
        "Ida NNP\nran VBD\n\nBo NNP\n",
        "tagger",
        [("Ida ran", ["NNP", "VBD"]), ("Bo", ["NNP"])],
    ),
    "tags of words in txt": Case(
        "a.txt",
        "Ida\tNNP\nran\tVBD\n\nBo\tNNP\n",
        "tagger",
        [("Ida ran", ["NNP", "VBD"]), ("Bo", ["NNP"])],
    ),
    "table in tsv": Case("a.tsv", CSV.replace(",", "\t"), "textcat", GOOD),
    "json lines in txt": Case(
        "a.txt", lines({"text": "a", "label": "x"}), "textcat", [("a", ["x"])]
    ),
    "json lines in json": Case(
        "a.json",
        lines(*[{"text": t, "label": t} for t in "xy"]),
        "textcat",
        [("x", ["x"]), ("y", ["y"])],
    ),
    "json document": Case(
        "a.jsonl", json.dumps([{"text": "a", "label": "x"}], indent=1), "textcat", [("a", ["x"])]
    ),
    "json field": Case(
        "a.json",
        json.dumps({"version": 1, "data": [{"text": "a", "label": "x"}]}, indent=1),
        "textcat",
        [("a", ["x"])],
    ),
    "json of columns": Case(
        "a.json",
        '{"text": {"0": "a"}, "label": {"0": "x"}}',
        "textcat",
        "holds {'0': 'a'}, expected a string",
    ),
    "json damaged in a row": Case(
        "a.jsonl", '{"text": "a", "label": "x"}\n{"text\n', "textcat", "row 2, line 2: not JSON"
    ),
    "fasttext": Case("a.txt", "__label__good It works\n__label__bad It broke\n", "textcat", GOOD),
    "fasttext, several": Case(
        "a", "__label__x __label__y a b\n", "textcat_multilabel", [("a b", ["x", "y"])]
    ),
    "lines of text": Case(
        "a.txt", "Some text.\nAnd more.\n", "textcat", "Can't tell what .*a.txt holds"
    ),
    "format given": Case(
        "a.txt", "text\nSome, text\n", "textcat", "no column 'label'", options={"format": "table"}
    ),
    # What tools export
    "training data of spacy 2": Case(
        "a.json", json.dumps([{"id": 0, "paragraphs": []}]), "ner", "row 1: got the training format"
    ),
    "pairs of spacy": Case(
        "a.json", json.dumps([[TEXT, {"entities": [[0, 6, "PER"]]}]]), "ner", NER
    ),
    "pairs of spacy, a line each": Case(
        "a.jsonl", lines([TEXT, {"entities": [[0, 6, "PER"]]}]) * 2, "ner", NER * 2
    ),
    "pairs of spacy, texts": Case(
        "a.json", json.dumps([["a", {"cats": {"x": 1, "y": 0}}]]), "textcat", [("a", ["x"])]
    ),
    "pairs in a document": Case(
        "a.json",
        json.dumps(
            {"classes": ["PER"], "annotations": [[TEXT, {"entities": [[0, 6, "PER"]]}], None]}
        ),
        "ner",
        NER,
    ),
    "doccano": Case(
        "a.jsonl", lines({"id": 1, "text": TEXT, "label": [[0, 6, "PER"]]}), "ner", NER
    ),
    "doccano, relations": Case(
        "a.jsonl",
        lines(
            {
                "text": TEXT,
                "entities": [{"id": 7, "label": "PER", "start_offset": 0, "end_offset": 6}],
            }
        ),
        "ner",
        NER,
    ),
    "doccano, texts": Case(
        "a.jsonl", lines({"text": "a", "label": ["x"]}), "textcat", [("a", ["x"])]
    ),
    "label studio": Case(
        "a.json",
        json.dumps(
            [
                {
                    "data": {"text": TEXT},
                    "annotations": [
                        {
                            "result": [
                                {
                                    "type": "labels",
                                    "value": {
                                        "start": 0,
                                        "end": 6,
                                        "text": "Ida Bo",
                                        "labels": ["PER"],
                                    },
                                }
                            ]
                        }
                    ],
                },
                {"data": {"text": "b"}, "annotations": [{"was_cancelled": True, "result": []}]},
            ]
        ),
        "ner",
        NER,
    ),
    "label studio, texts": Case(
        "a.json",
        json.dumps(
            [
                {
                    "data": {"text": "a"},
                    "annotations": [{"result": [{"type": "choices", "value": {"choices": ["x"]}}]}],
                }
            ]
        ),
        "textcat",
        [("a", ["x"])],
    ),
    "label studio, two annotators": Case(
        "a.json",
        json.dumps([{"data": {"text": "a"}, "annotations": [{"result": []}] * 2}]),
        "ner",
        "got 2 annotations",
    ),
    "label studio, minimal": Case(
        "a.json",
        json.dumps([{"text": TEXT, "label": [{**SPAN, "label": None, "labels": ["PER"]}]}]),
        "ner",
        NER,
    ),
    "prodigy": Case(
        "a.jsonl",
        lines(
            {
                "text": TEXT,
                "tokens": [{"text": w, "id": i} for i, w in enumerate(WORDS)],
                "spans": [SPAN],
                "answer": "accept",
            },
            {"text": "b", "tokens": [{"text": "b"}], "answer": "accept"},
            {"text": "c", "spans": [], "answer": "reject"},
            {"text": "d", "spans": [], "answer": "ignore"},
        ),
        "ner",
        [*NER, ("b", [])],
    ),
    "prodigy, texts": Case(
        "a.jsonl",
        lines(
            {"text": "a", "label": "x", "answer": "accept"},
            {"text": "b", "label": "x", "answer": "reject"},
        ),
        "textcat",
        [("a", ["x"])],
    ),
    "prodigy, choices": Case(
        "a.jsonl",
        lines({"text": "a", "accept": ["x", "y"], "answer": "accept"}),
        "textcat_multilabel",
        [("a", ["x", "y"])],
    ),
    "another answer": Case(
        "a.jsonl", lines({"text": "a", "label": "x", "answer": "Paris"}), "textcat", [("a", ["x"])]
    ),
    # Columns to roles
    "nested entities": Case("a.conll", NESTED, "ner", NER),
    "comment": Case("a.conll", "#\thttp://example.org\t[2010]\n" + NESTED, "ner", NER),
    "index from 0": Case(
        "a.conll",
        "0\tIda\tB-PER\n1\tran\tO\n\n0\tNo\tO\n",
        "ner",
        [("Ida ran", ["PER:Ida"]), ("No", [])],
    ),
    "tag before token": Case(
        "a.bio", "B-T\tred\nI-T\tsky\nO\tnow\n", "ner", [("red sky now", ["T:red sky"])]
    ),
    "docstart": Case(
        "a.conll",
        "#DOCSTART\nIda B-PER\n\n-DOCSTART- -X-\n\nran O\n",
        "ner",
        [("Ida", ["PER:Ida"]), ("ran", [])],
    ),
    "columns before the token": Case(
        "a.conll",
        "#begin document (a); part 0\na 0 0 Ida B-PER\na 0 1 ran O\na 0 2 . O\n\n#end document\n",
        "ner",
        [("Ida ran .", ["PER:Ida"])],
    ),
    "hashtag as token": Case(
        "a.conll", "#\tO\nIda\tB-PER\n\n#tag\tO\n", "ner", [("# Ida", ["PER:Ida"]), ("#tag", [])]
    ),
    "columns in capitals": Case(
        "a.csv", CSV.replace("text,label", "Text,Label"), "textcat", GOOD, note="text=Text"
    ),
    "two columns of entities": Case(
        "a.jsonl",
        lines({"text": TEXT, "spans": [SPAN], "label": [[0, 6, "X"]]}),
        "ner",
        "columns spans and label could be meant: choose with --columns",
    ),
    "unused late key": Case(
        "a.jsonl",
        lines(
            *[{"text": "a", "label": "x", "n": 1}] * 3,
            {"text": "b", "label": "y", "n": "z", "late": {}},
        ),
        "textcat",
        [("a", ["x"])] * 3 + [("b", ["y"])],
    ),
    # Values to annotation
    "spans as triples": Case(
        "a.jsonl",
        lines({"text": TEXT, "label": [[0, 6, "PER"]]}),
        "ner",
        NER,
        columns={"entities": "label"},
    ),
    "spans with spaces": Case(
        "a.jsonl", lines({"text": TEXT, "entities": [[0, 7, "PER"]]}), "ner", NER
    ),
    "spans of tokens": Case(
        "a.jsonl",
        lines(
            {
                "text": TEXT,
                "tokens": WORDS,
                "spans": [{"token_start": 0, "token_end": 1, "label": "PER"}],
            }
        ),
        "ner",
        NER,
    ),
    "triples without a text": Case(
        "a.jsonl",
        lines({"tokens": WORDS, "ner": [[0, 1, "PER"]]}),
        "ner",
        "two ways, as there is no text",
    ),
    "triples of tokens": Case(
        "a.jsonl",
        lines({"tokens": WORDS, "ner": [[0, 1, "PER"]]}),
        "ner",
        NER,
        options={"spans": "tokens_inclusive"},
    ),
    "triples of tokens to before": Case(
        "a.jsonl",
        lines({"tokens": WORDS, "ner": [[0, 2, "PER"]]}),
        "ner",
        NER,
        options={"spans": "tokens"},
    ),
    "token out of range": Case(
        "a.jsonl",
        lines({"tokens": WORDS, "ner": [[0, 4, "PER"]]}),
        "ner",
        "from token 0 to before 4, expected 0 <= start",
        options={"spans": "tokens"},
    ),
    "offsets of another text": Case(
        "a.jsonl",
        lines({"text": TEXT, "spans": [{**SPAN, "text": "da Bo"}]}),
        "ner",
        "is 'da Bo' by its text, and 'Ida Bo' by its of",
    ),
    "spans in csv": Case("a.csv", f"text,entities\n{TEXT},\"[(0, 6, 'PER')]\"\n", "ner", NER),
    "cats": Case(
        "a.jsonl",
        lines({"text": "a", "cats": {"x": 1.0, "y": 0.0}}),
        "textcat_multilabel",
        [("a", ["x"])],
    ),
    "cats between": Case(
        "a.jsonl",
        lines({"text": "a", "cats": {"x": 0.4}}),
        "textcat_multilabel",
        "holds 0.4, expected 0 or 1",
    ),
    "cats, two of one": Case(
        "a.jsonl",
        lines({"text": "a", "cats": {"x": 1, "y": 1}}),
        "textcat",
        r"2 labels \(x, y\), expected exactly one",
    ),
    "multi-hot": Case(
        "a.jsonl",
        lines({"text": "a", "labels": [1, 0, 1]}, {"text": "b", "labels": [0, 0, 0]}),
        "textcat_multilabel",
        "0 or 1 for each of 3 labels.*--label-names",
    ),
    "multi-hot with names": Case(
        "a.jsonl",
        lines({"text": "a", "labels": [1, 0, 1]}, {"text": "b", "labels": [0, 0, 0]}),
        "textcat_multilabel",
        [("a", ["x", "z"]), ("b", [])],
        labels=["x", "y", "z"],
    ),
    "multi-hot or not": Case(
        "a.jsonl",
        lines({"text": "a", "labels": [0, 1]}),
        "textcat_multilabel",
        "two ways: a list in the column 'labels'",
    ),
    "multi-hot, said not": Case(
        "a.jsonl",
        lines({"text": "a", "labels": [0, 1]}),
        "textcat_multilabel",
        [("a", ["0", "1"])],
        options={"multi_hot": "false"},
    ),
    "joined labels": Case(
        "a.csv",
        'text,labels\na,"2,5"\nb,3\nc,\n',
        "textcat_multilabel",
        [("a", ["2", "5"]), ("b", ["3"]), ("c", [])],
        note="separated by ','",
    ),
    "labels joined in two ways": Case(
        "a.csv",
        'text,labels\na,"2,5"\nb,3;4\n',
        "textcat_multilabel",
        "are separated by ',' or ';': set the option label_separator",
    ),
    "labels joined by spaces": Case(
        "a.csv",
        "text,labels\na,x y\n",
        "textcat_multilabel",
        [("a", ["x", "y"])],
        options={"label_separator": " "},
    ),
    "lists as strings": Case(
        "a.csv",
        "text,labels\na,\"['x', 'y']\"\nb,[]\n",
        "textcat_multilabel",
        [("a", ["x", "y"]), ("b", [])],
    ),
    "lists of tokens as strings": Case(
        "a.csv", "tokens,tags\n\"['Ida', 'ran']\",N V\n", "tagger", [("Ida ran", ["N", "V"])]
    ),
    "list of numpy": Case(
        "a.csv", "text,labels\na,\"['x' 'y']\"\n", "textcat_multilabel", "a list with commas"
    ),
    "numbers of numpy": Case("a.csv", "text,label\na,[0 1]\n", "textcat", "a list with commas"),
    "flags as strings": Case(
        "a.csv",
        "text,x,y\na,1,0\nb,1.0,False\n",
        "textcat_multilabel",
        [("a", ["x"]), ("b", ["x"])],
        columns={"labels": ["x", "y"]},
    ),
    "whole numbers": Case(
        "a.csv", "text,label\na,1.0\nb,0.0\n", "textcat", [("a", ["1"]), ("b", ["0"])]
    ),
    "whole numbers in json": Case(
        "a.jsonl", lines({"text": "a", "label": 1.0}), "textcat", [("a", ["1"])]
    ),
    "spaces at the edges": Case(
        "a.csv", "text,label\na, x\nb,x \n", "textcat", [("a", ["x"]), ("b", ["x"])]
    ),
    "io": Case(
        "a.conll",
        "No O\none O\n\nIda PER\nBo PER\nran O\n",
        "ner",
        [("No one", []), *NER],
        note="(IO)",
    ),
    "iob1 in a table": Case(
        "a.jsonl",
        lines({"tokens": WORDS, "ner_tags": ["I-PER", "I-PER", "O"]}),
        "ner",
        NER,
        note="(IOB1)",
    ),
    "bmes": Case(
        "a.conll",
        "Ida B-PER\nBo E-PER\nran O\nX S-LOC\n",
        "ner",
        [("Ida Bo ran X", ["PER:Ida Bo", "LOC:X"])],
    ),
    "bmes, long": Case("a.conll", "a B_P\nb M_P\nc E_P\n", "ner", [("a b c", ["P:a b c"])]),
    "prefixes only": Case("a.conll", "a B\nb I\nc O\n", "ner", [("a b c", ["ENTITY:a b"])]),
    "integer tags": Case(
        "a.jsonl",
        lines({"tokens": WORDS, "ner_tags": [1, 2, 0]}),
        "ner",
        "integers whose names are given .*--label-names",
    ),
    "integer tags with names": Case(
        "a.jsonl",
        lines({"tokens": WORDS, "ner_tags": [1, 2, 0]}),
        "ner",
        NER,
        labels=["O", "B-PER", "I-PER"],
    ),
    "integer tags as strings, no names": Case(
        "a.csv", "tokens,ner_tags\nIda Bo,1 2\n", "ner", "integers whose names are given"
    ),
    "integer tags as strings": Case(
        "a.csv",
        "tokens,ner_tags\nIda Bo,1 2\n",
        "ner",
        [("Ida Bo", ["PER:Ida Bo"])],
        labels=["O", "B-PER", "I-PER"],
    ),
    "half of a pair": Case(
        "a.jsonl", '{"text": "a \\ud800", "label": "x"}\n', "textcat", "halves of surrogate pairs"
    ),
}


def summary(record: Record, task: str) -> Found:
    text = record.text if record.text is not None else " ".join(record.tokens or ())
    if task != "ner":
        return text, record.labels
    pairs = zip(record.spans, record.labels, strict=True)
    return text, [f"{label}:{text[start:end]}" for (start, end), label in pairs]


@pytest.mark.parametrize("name", CASES)
def test_case(name, write):
    case = CASES[name]
    path = write(case.name, case.content)

    def read() -> list[Found]:
        splits = open_splits(
            str(path),
            case.task,
            Columns.from_dict(case.columns),
            labels=case.labels,
            options=case.options,
        )
        assert case.note in splits["train"].readings[0].note
        docs = splits["train"].read(Report())
        return [summary(record, case.task) for records in docs for record in records]

    if isinstance(case.found, str):
        with pytest.raises(CorpusError, match=case.found) as error:
            read()
        assert "\n" not in str(error.value)
        assert str(path) in str(error.value) or "option" in str(error.value)
    else:
        assert read() == case.found
