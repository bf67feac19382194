"""`spacy rnn report`."""

import pytest
import srsly
from spacy.tokens import DocBin

SMALL = {"model": {"tok2vec": {"width": 8, "rows": [100] * 4, "char_ngram_rows": 0}}}


@pytest.fixture
def files(nlp, make_examples, tmp_path):
    """RETURNS: A folder with a pipeline and data."""
    nlp.add_pipe("rnn_textcat", config=SMALL)
    nlp.initialize(lambda: make_examples(nlp))
    nlp.to_disk(tmp_path / "model")
    docs = [example.reference for example in make_examples(nlp)]
    DocBin(docs=docs, store_user_data=True).to_disk(tmp_path / "test.spacy")
    DocBin().to_disk(tmp_path / "empty.spacy")
    return tmp_path


def test_report_writes_a_page_and_json(files, spacy_cli):
    html, data = files / "out/report.html", files / "out/report.json"
    args = ("rnn", "report", files / "model", files / "test.spacy", "-o", html, "-o", data)
    code, printed = spacy_cli(*args, "--train", files / "test.spacy")
    assert code == 0, printed
    assert "accuracy" in printed
    assert "was not logged to a file" in printed
    assert html.read_text("utf8").startswith("<!DOCTYPE html>")
    found = srsly.read_json(data)
    assert found["n_docs"] == found["n_train"] == 6
    score = found["components"][0]["scores"][0]
    assert score["title"] == "accuracy"
    assert f"{score['value']:.2%}" in printed


def test_report_refuses(files, spacy_cli):
    model, data, page = files / "model", files / "test.spacy", files / "report.html"
    for args, message in (
        ((model, data, "-o", files / "report.pdf"), "expected a name that ends in .html or .json"),
        ((files / "none", data), "Can't load the pipeline"),
        ((model, files / "none.spacy"), "it does not exist"),
        ((model, files / "empty.spacy", "-o", page), "got no texts in"),
        ((model, data, "--log", files / "log.jsonl", "-o", page), "Can't find the log"),
        ((model, data, "--train", files / "none"), "it does not exist"),
    ):
        code, printed = spacy_cli("rnn", "report", *args)
        assert code == 1
        assert message in printed
    assert not page.exists()
