import pytest

from spacy_rnn.corpus import COLUMNS, Columns, CorpusError, Record, Report, read_records, understand
from spacy_rnn.corpus.arrow import class_names, read_dataset
from spacy_rnn.corpus.errors import NoLabel

datasets = pytest.importorskip("datasets")
ROWS = [{"text": "Very good", "label": "pos"}, {"text": "Bad, really", "label": "neg"}]


def records(task, rows, features=None, columns=COLUMNS, labels=None, report=None):
    data = datasets.Dataset.from_list(rows, features=features)
    reading = understand(read_dataset(data, "data.jsonl"), task, columns, labels)
    return list(read_records([reading], report or Report()))


def test_class_names():
    label = datasets.ClassLabel(names=["a", "b"])
    assert class_names(label) == ["a", "b"]
    assert class_names(datasets.List(label)) == ["a", "b"]
    assert class_names(datasets.List({"start": datasets.Value("int32"), "label": label})) == [
        "a",
        "b",
    ]
    assert class_names(datasets.List({"start": datasets.Value("int32")})) is None
    assert class_names(datasets.Value("string")) is None


def test_labels_from_strings_integers_and_class_labels():
    names = datasets.Features(
        {"text": datasets.Value("string"), "label": datasets.ClassLabel(names=["neg", "pos"])}
    )
    rows = [{"text": "a", "label": 1}, {"text": "b", "label": 0}]
    assert [record.labels for record in records("textcat", rows)] == [["1"], ["0"]]
    assert [record.labels for record in records("textcat", rows, names)] == [["pos"], ["neg"]]
    assert [record.labels for record in records("textcat", ROWS)] == [["pos"], ["neg"]]


def test_columns():
    rows = [{"words": ["a"], "xpos": ["X"], "text": "a"}]
    columns = Columns(tokens="words", tags="xpos", text="none")
    (record,) = records("tagger", rows, columns=columns)
    assert record == Record("data.jsonl, row 1", None, ["a"], ["X"], [])


ENTITY = {"start": 0, "end": 1, "label": "X"}


@pytest.mark.parametrize(
    ("task", "row", "message"),
    [
        ("textcat", {"text": "a"}, "no column 'label', which textcat needs: got text; name"),
        ("textcat_multilabel", {"text": "a"}, "no column 'labels'"),
        ("tagger", {"text": "a", "tags": ["X"]}, "no column 'tokens'"),
        ("ner", {"entities": [ENTITY]}, "no column 'text'"),
        ("textcat", {"text": None, "label": "x"}, "'text' holds None, expected a string"),
        ("textcat", {"text": " \n", "label": "x"}, r"'text' holds ' \\n', expected a string"),
        ("textcat", {"text": "a", "label": None}, "'label' holds None, expected a label"),
        ("textcat", {"text": "a", "label": ""}, "'label' holds '', expected a label"),
        ("textcat", {"text": "a", "label": 0.5}, "'label' holds 0.5, expected a label"),
        ("textcat_multilabel", {"text": "a", "labels": None}, "'labels' holds None, expected a l"),
        ("textcat_multilabel", {"text": "a", "labels": ["", "b"]}, "'labels' holds ''"),
        ("tagger", {"tokens": ["a", "b"], "tags": ["X"]}, "got 2 tokens and 1 tags, expected one"),
        ("tagger", {"tokens": [], "tags": []}, r"'tokens' holds \[\], expected at least one"),
        ("tagger", {"tokens": ["a", ""], "tags": ["X", "Y"]}, "'tokens' holds ''"),
        ("tagger", {"tokens": ["a"], "tags": [None]}, "'tags' holds None"),
        ("ner", {"text": "a", "entities": None}, "'entities' holds None, expected a list"),
        ("ner", {"text": "a", "entities": [{"start": 0, "end": 1}]}, "expected an entity with"),
        ("ner", {"text": "a", "entities": [{**ENTITY, "end": None}]}, "expected an entity with"),
        ("ner", {"text": "a", "entities": [{**ENTITY, "end": 2}]}, "from 0 to 2, expected 0 <="),
        ("ner", {"text": "a", "entities": [{**ENTITY, "start": -1}]}, "from -1 to 1, expected"),
        ("ner", {"text": "a", "entities": [{**ENTITY, "end": 0}]}, "from 0 to 0, expected"),
        ("ner", {"text": "a", "entities": [{**ENTITY, "label": ""}]}, "'entities' holds ''"),
        ("ner", {"text": "a", "entities": [ENTITY, ENTITY]}, "one entity ends at 1 and another"),
        ("ner", {"tokens": ["a", "b"], "entities": [{**ENTITY, "end": 4}]}, "<= 3, the length"),
        ("ner", {"tokens": ["a", "b"], "entities": ["O"]}, "got 2 tokens and 1 tags, expected"),
    ],
)
def test_row_errors(task, row, message):
    with pytest.raises(CorpusError, match=f"^data.jsonl(, row 1:)? .*{message}"):
        records(task, [row])


def test_row_number_and_index_out_of_range():
    features = datasets.Features(
        {"text": datasets.Value("string"), "label": datasets.ClassLabel(names=["neg", "pos"])}
    )
    rows = [{"text": "a", "label": 1}, {"text": "b", "label": -1}]
    with pytest.raises(
        NoLabel, match="data.jsonl, row 2: the column 'label' holds -1, expected a l"
    ):
        records("textcat", rows, features)
    rows[1]["label"] = 0
    message = "row 1: the column 'label' holds 1, expected the index of one of the 1 labels"
    with pytest.raises(CorpusError, match=message):
        records("textcat", rows, features, labels=["neg"])


def test_bad_rows_are_reported():
    rows = [{"text": "a", "label": "x"}, {"text": None, "label": "x"}, {"text": "b", "label": ""}]
    report = Report(skip=True)
    assert [record.text for record in records("textcat", rows, report=report)] == ["a"]
    assert (report.rows, report.skipped, report.unlabelled) == (1, 2, 1)
    assert [error.split(":")[0] for error in report.reasons] == [
        "data.jsonl, row 2",
        "data.jsonl, row 3",
    ]
