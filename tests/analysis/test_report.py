"""Reports on pipelines, and their pages."""

import hashlib
import json
import re
from collections import Counter
from dataclasses import replace
from importlib.resources import files

import pytest
import spacy
import srsly
import torch
from spacy.tokens import Doc
from spacy.training import Example
from thinc.api import Linear, PyTorchWrapper, chain

from spacy_rnn import analysis
from spacy_rnn.analysis.component import component_report
from spacy_rnn.analysis.footprint import count_weights
from spacy_rnn.analysis.judges import judge
from spacy_rnn.analysis.page import read
from spacy_rnn.analysis.training_log import find_log

SMALL = {"model": {"tok2vec": {"width": 8, "rows": [100] * 4, "char_ngram_rows": 0}}}
VENDORED = {
    "d3-7.9.2.min.js": "912111098ea99503a6f4967361d2bbdc9dbf58cf9c678c8e27e5b02d1a07f0c1",
    "plot-0.6.17.umd.min.js": "4358086467740777dd788d6b27a95cebdbaefdd50c730a3060117073bd7134cb",
}


@pytest.fixture
def pipeline(nlp, make_examples):
    for name in ("rnn_textcat", "rnn_tagger", "rnn_ner"):
        nlp.add_pipe(name, config=SMALL)
    nlp.initialize(lambda: make_examples(nlp))
    return nlp


@pytest.fixture
def log_rows(pipeline):
    losses = {name: 12.345678901 for name in pipeline.pipe_names}
    row = {"epoch": 0, "losses": {}, "scores": {}, "score": 0.5}
    return [
        {**row, "step": step, "losses": {name: loss / (step + 1) for name, loss in losses.items()}}
        for step in (0, 10, 20)
    ]


def page_data(html):
    text = re.search(r'<script type="application/json" id="data">(.*?)</script>', html, re.S)
    return json.loads(text[1])


def test_a_report_has_all_components_and_becomes_json_and_html(pipeline, make_examples):
    examples = make_examples(pipeline)
    train = [example.reference for example in make_examples(pipeline)]
    found = analysis.report(pipeline, examples, train=train, data="test.spacy")
    assert [c.name for c in found.components] == ["rnn_textcat", "rnn_tagger", "rnn_ner"]
    assert [c.kind for c in found.components] == ["textcat", "tagger", "ner"]
    expected = pipeline.evaluate(make_examples(pipeline))
    for component in found.components:
        for score in component.scores:
            if score.name in expected:
                assert score.value == pytest.approx(expected[score.name], abs=1e-12)
    # Each text is in the training data itself.
    assert len(found.duplicates) == len(examples)
    assert found.components[0].without_duplicates.value is None
    data = srsly.json_loads(srsly.json_dumps(found.to_json()))
    assert data["n_words"] == sum(len(example.predicted) for example in examples)
    assert data["footprint"]["weights"] > 1000
    assert data["components"][1]["reliability"]["counts"]
    shown = page_data(found.to_html())
    assert shown["components"][0]["n_errors"] == len(found.components[0].errors)
    assert found._repr_html_().startswith("<iframe srcdoc=")


def test_weights_are_counted_once():
    layer = Linear(3, 3)
    model = chain(Linear(3, 4), layer, layer, Linear(3, 2)).initialize()
    assert count_weights(model) == (4 * 3 + 4) + (3 * 3 + 3) + (2 * 3 + 2)
    module = PyTorchWrapper(torch.nn.LSTM(5, 7))
    assert count_weights(module) == 4 * 7 * (5 + 7 + 2)


def test_a_page_is_small_and_needs_no_network(pipeline, make_examples, categorized):
    small = analysis.report(pipeline, make_examples(pipeline))
    # As many texts and labels as CLINC150 has, a third of them wrong, and longer.
    examples, nlp = categorized(5500, 151)
    component = component_report(judge(nlp, examples)[-1], examples)
    long = [replace(error, text=error.text * 40) for error in component.errors]
    found = replace(small, components=[replace(component, errors=long)] * 2)
    html = found.to_html()
    assert len(html.encode()) < 2_000_000
    own = html
    for name in VENDORED:
        own = own.replace(read(f"vendor/{name}"), "")
    assert "//" not in re.sub(r"(?m)^// .*$", "", own)
    shown = page_data(html)["components"][0]
    assert shown["n_errors"] == len(long) > 1500
    assert len(shown["errors"]) < shown["n_errors"]
    # What is left out is of pairs of labels that have others there.
    kept = Counter((e["gold"], e["predicted"]) for e in shown["errors"])
    assert max(kept.values()) == 1


def test_text_cannot_break_out_of_the_page(pipeline, make_examples):
    small = analysis.report(pipeline, make_examples(pipeline))
    title = "</script><script>alert(1)</script>{{ scripts }}"
    html = replace(small, title=title).to_html()
    assert "<script>alert" not in html
    assert page_data(html)["title"] == title
    assert html.count(read("report.js")) == 1


def test_what_is_bundled_is_what_was_published():
    for name, digest in VENDORED.items():
        data = files("spacy_rnn.analysis").joinpath("page/vendor", name).read_bytes()
        assert hashlib.sha256(data).hexdigest() == digest
    licence = read("vendor/LICENSE")
    for package in ("d3 7.9.2", "@observablehq/plot 0.6.17"):
        assert package in licence


def test_components_without_annotation_are_told(pipeline, make_examples):
    examples = make_examples(pipeline)
    for example in examples:
        example.reference.cats = {}
    pipeline.add_pipe("morphologizer").add_label("POS=NOUN")
    pipeline.initialize(lambda: make_examples(pipeline))
    found = analysis.report(pipeline, examples)
    assert [c.name for c in found.components] == ["rnn_tagger", "rnn_ner"]
    assert found.notes == [
        "No annotation for rnn_textcat in the data: nothing on it here.",
        "Not covered by this report: morphologizer.",
    ]


def test_nothing_to_report_on(pipeline, make_examples, nlp):
    with pytest.raises(analysis.AnalysisError, match="got no texts in x.spacy, expected annotated"):
        analysis.report(pipeline, [], data="x.spacy")
    bare = [Example(eg.predicted, Doc(nlp.vocab, words=["a"])) for eg in make_examples(nlp)]
    with pytest.raises(analysis.AnalysisError, match="got 6 texts without annotation for rnn_text"):
        analysis.report(pipeline, bare)
    with pytest.raises(
        analysis.AnalysisError, match=r"got the components \(none\), expected a text"
    ):
        analysis.report(spacy.blank("en"), make_examples(nlp))


def test_the_log_of_the_training_is_found_in_the_config(pipeline, log_rows, tmp_path):
    path = tmp_path / "training.jsonl"
    assert "was not logged to a file" in find_log(pipeline, None)[1]
    pipeline.config["training"]["logger"] = {"output_file": str(path)}
    assert f"{path}, is not there" in find_log(pipeline, None)[1]
    srsly.write_jsonl(path, log_rows)
    log, note = find_log(pipeline, None)
    assert len(log.rows) == 3
    assert log.best is None
    assert "whether the log is its own is not known" in note
    losses = {f"{name}_loss": loss for name, loss in log_rows[1]["losses"].items()}
    pipeline.meta["performance"] = losses
    log, note = find_log(pipeline, None)
    assert (log.best, note) == (1, "")


def test_the_log_of_the_training_is_found_beside_the_pipeline(pipeline, log_rows, tmp_path):
    pipeline.to_disk(tmp_path / "model-best")
    loaded = spacy.load(tmp_path / "model-best")
    assert "was not logged to a file" in find_log(loaded, None)[1]
    srsly.write_jsonl(tmp_path / "log.jsonl", log_rows)
    rows = find_log(loaded, None)[0].rows
    assert rows == find_log(loaded, tmp_path / "log.jsonl")[0].rows
    (tmp_path / "training").mkdir()  # of `spacy rnn fit`
    (tmp_path / "log.jsonl").rename(tmp_path / "training" / "log.jsonl")
    assert find_log(loaded, None)[0].rows == rows


def test_a_log_of_another_run_is_told(pipeline, log_rows, tmp_path):
    path = tmp_path / "training.jsonl"
    srsly.write_jsonl(path, log_rows)
    pipeline.meta["performance"] = {"rnn_textcat_loss": 5.0}
    log, note = find_log(pipeline, path)
    assert log is None
    assert "is of another run: the pipeline tells a loss of 5.00 of rnn_textcat" in note


def test_what_is_no_log_is_refused(pipeline, tmp_path):
    path = tmp_path / "training.jsonl"
    with pytest.raises(analysis.AnalysisError, match="Can't find the log"):
        find_log(pipeline, path)
    for text, reason in (("", "it has no rows"), ("{", "JSON"), ('{"step": 1}', "it has no rows")):
        path.write_text(text, "utf8")
        with pytest.raises(analysis.AnalysisError, match=f"Can't read the log .*{reason}"):
            find_log(pipeline, path)
