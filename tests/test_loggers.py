"""The console logger, told of steps as spaCy's training loop tells it."""

from io import StringIO

import pytest
import spacy
import srsly

from spacy_rnn.loggers import console_logger


@pytest.fixture
def trained(make_examples):
    nlp = spacy.blank("en")
    nlp.add_pipe("rnn_textcat_multilabel", config={"model": {"ngram_rows": 0}})
    return nlp


def info(step: int, output=None):
    return {
        "epoch": 0,
        "step": step,
        "losses": {"rnn_textcat_multilabel": 1.5},
        "other_scores": {"cats_score": 0.25},
        "score": 0.25,
        **({"output_path": str(output / "model-last")} if output else {}),
    }


def test_the_table_has_columns_as_wide_as_their_names(trained):
    out = StringIO()
    log, finalize = console_logger()(trained, out, StringIO())
    for told in (info(0), None, None, info(3)):
        log(told)
    finalize()
    header, _, *rows = out.getvalue().splitlines()
    assert "LOSS TEXTCAT_MULTILABEL" in header
    assert "CATS_SCORE" in header
    assert [row.split() for row in rows] == [
        ["0", "0", "1.50", "25.00", "0.25"],
        ["0", "3", "1.50", "25.00", "0.25"],
    ]
    ends = [header.index(name) + len(name) for name in ("STEP", "LOSS TEXTCAT_MULTILABEL")]
    assert [rows[1].index(value) + len(value) for value in ("3", "1.50")] == ends


def test_the_log_is_beside_the_models_and_whole_after_steps_told_without_a_place(trained, tmp_path):
    log, finalize = console_logger()(trained, StringIO(), StringIO())
    for told in (info(0), info(2), info(4, tmp_path)):
        log(told)
    finalize()
    lines = list(srsly.read_jsonl(tmp_path / "log.jsonl"))
    assert [line["step"] for line in lines] == [0, 2, 4]
    assert lines[-1]["losses"] == {"rnn_textcat_multilabel": 1.5}
    assert lines[-1]["scores"] == {"cats_score": 25.0}
    assert [path.name for path in tmp_path.iterdir()] == ["log.jsonl"]
