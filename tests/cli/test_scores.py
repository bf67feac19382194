import pytest
import spacy
import srsly
from spacy.cli.evaluate import evaluate
from spacy.tokens import Doc, DocBin

from spacy_rnn.cli._util import CommandError
from spacy_rnn.cli.scores import scores


@pytest.fixture
def metrics(tmp_path):
    def write(**files):
        for name, found in files.items():
            path = (
                tmp_path / "metrics" / f"{name.replace('__', '/').replace('_seed', '-seed')}.json"
            )
            path.parent.mkdir(parents=True, exist_ok=True)
            srsly.write_json(path, found)
        return tmp_path / "metrics"

    return write


def test_rows_and_columns(metrics):
    path = metrics(
        b__ner={"ents_f": 0.5, "ents_p": None, "ents_per_type": {"X": {"f": 1.0}}, "speed": 1234.5},
        a={"cats_score": 0.912345, "cats_score_desc": "macro F", "token_acc": 1},
    )
    rows = scores(path)
    assert [row.name for row in rows] == ["a", "b/ner"]
    assert rows[1].scores == {"ents_f": 0.5, "speed": 1234.5}
    assert [rows[0].cell(score) for score in ("cats_score", "token_acc", "speed")] == [
        "91.23",
        "100.00",
        "-",
    ]
    assert rows[1].cell("speed") == "1234"


def test_seeds(metrics):
    path = metrics(
        x__a_seed10={"tag_acc": 0.91, "speed": 300.0, "pos_acc": 0.5},
        x__a_seed2={"tag_acc": 0.93, "speed": 100},
        x__b_seed1={"tag_acc": 0.5},
    )
    rows = scores(path)
    assert [row.title for row in rows] == [
        "x/a-seed2",
        "x/a-seed10",
        "x/a: mean ± sd (2 seeds)",
        "x/b-seed1",
    ]
    mean = rows[2]
    assert mean.seeds == 2
    assert mean.cell("tag_acc") == "92.00 ± 1.41"
    assert mean.cell("speed") == "200 ± 141"
    assert mean.cell("pos_acc") == "-"


def test_cli(metrics, tmp_path, spacy_cli):
    path = metrics(a_seed0={"ents_f": 0.25}, a_seed1={"ents_f": 0.75}, meta={"lang": "en"})
    output = path / "scores.md"
    for _ in range(2):  # the second run doesn't read the first one's report
        code, printed = spacy_cli("rnn", "scores", path, "--output", output)
        assert code == 0
        assert "ents_f" in printed
        assert "50.00 ± 35.36" in printed
        assert "Left out" in printed
        assert "meta.json: none of the scores" in printed
        assert "scores.json: none" not in printed
    assert output.read_text(encoding="utf8").splitlines() == [
        "|  | ents_f |",
        "| --- | ---: |",
        "| a-seed0 | 25.00 |",
        "| a-seed1 | 75.00 |",
        "| a: mean ± sd (2 seeds) | 50.00 ± 35.36 |",
    ]
    data = srsly.read_json(path / "scores.json")
    assert data[0] == {"name": "a-seed0", "scores": {"ents_f": 0.25}, "seeds": 1, "spread": None}
    assert data[2]["scores"] == {"ents_f": 0.5}
    assert data[2]["seeds"] == 2


def test_errors(metrics, tmp_path, spacy_cli):
    assert spacy_cli("rnn", "scores", tmp_path / "missing")[0] == 1
    code, printed = spacy_cli("rnn", "scores", tmp_path)
    assert code == 1
    assert "No metrics below" in printed
    assert "expected JSON files with scores" in printed
    path = metrics(a={"ents_f": 1})
    with pytest.raises(CommandError, match=r"expected a name that ends in \.md"):
        scores(path, tmp_path / "scores.json")


def test_a_file_that_is_not_json_is_left_out(metrics, tmp_path, spacy_cli):
    path = metrics(a={"ents_f": 1})
    (path / "b.json").write_text('{"ents_f": ')
    code, printed = spacy_cli("rnn", "scores", path, "--output", tmp_path / "scores.md")
    assert code == 0
    assert "Left out" in printed
    assert "b.json: it is not JSON (" in printed
    assert (tmp_path / "scores.md").read_text("utf8").endswith("| a | 100.00 |\n")


def test_names_are_text_in_markdown(metrics, tmp_path):
    path = metrics(**{"a|b_*x*_<i>": {"ents_f": 1}})
    scores(path, tmp_path / "scores.md")
    row = (tmp_path / "scores.md").read_text("utf8").splitlines()[-1]
    assert row == r"| a\|b\_\*x\*\_\<i\> | 100.00 |"


def test_reads_what_evaluate_writes(tmp_path):
    nlp = spacy.blank("en")
    textcat = nlp.add_pipe("textcat")
    for label in ("a", "b"):
        textcat.add_label(label)
    nlp.initialize()
    nlp.to_disk(tmp_path / "model")
    doc = Doc(nlp.vocab, words=["x", "y"], spaces=[True, False])
    doc.cats = {"a": 1.0, "b": 0.0}
    DocBin(docs=[doc]).to_disk(tmp_path / "dev.spacy")
    (tmp_path / "metrics").mkdir()
    evaluate(str(tmp_path / "model"), tmp_path / "dev.spacy", tmp_path / "metrics" / "m.json")
    (row,) = scores(tmp_path / "metrics")
    assert {"token_acc", "speed", "cats_score", "cats_micro_f", "cats_macro_auc"} <= set(row.scores)
