from xml.etree import ElementTree

import numpy
import pytest
import srsly
from spacy.tokens import DocBin

from spacy_rnn.cli._util import CommandError
from spacy_rnn.cli.reliability import reliability
from spacy_rnn.pipeline.calibration import Reliability


@pytest.fixture
def model(nlp, make_examples, tmp_path):
    nlp.add_pipe("rnn_textcat")
    nlp.add_pipe("rnn_ner")
    examples = make_examples(nlp)
    optimizer = nlp.initialize(lambda: examples)
    optimizer.learn_rate = 0.01
    for _ in range(40):
        nlp.update(examples, sgd=optimizer)
    nlp.to_disk(tmp_path / "model")
    DocBin(docs=[example.reference for example in examples]).to_disk(tmp_path / "test.spacy")
    return tmp_path / "model"


def test_bins_hold_what_was_promised_and_what_came_true():
    found = Reliability.of(
        numpy.array([0.05, 0.12, 0.18, 1.0]), numpy.array([False, True, False, True])
    )
    assert found.counts.tolist() == [1, 2, 0, 0, 0, 0, 0, 0, 0, 1]
    numpy.testing.assert_allclose(found.probabilities[[0, 1, 2, 9]], [0.05, 0.15, 0.0, 1.0])
    numpy.testing.assert_allclose(found.frequencies[[0, 1, 2, 9]], [0.0, 0.5, 0.0, 1.0])
    assert found.error == pytest.approx((0.05 + 0.7) / 4)


def test_intervals_are_those_of_scipy():
    stats = pytest.importorskip("scipy.stats")
    outcomes = numpy.array([True] * 7 + [False] * 2 + [True] * 3)
    found = Reliability.of(numpy.array([0.72] * 9 + [0.95] * 3), outcomes)
    for i, (k, n) in {7: (7, 9), 9: (3, 3)}.items():
        expected = stats.binomtest(k, n).proportion_ci(method="wilson")
        numpy.testing.assert_allclose(found.intervals()[i], expected, atol=1e-6)


def test_diagram_has_a_bar_for_each_bin_with_predictions(model, tmp_path, spacy_cli):
    code, printed = spacy_cli(
        "rnn", "reliability", model, tmp_path / "test.spacy", "-o", tmp_path / "new" / "r.svg"
    )
    assert code == 0
    found = reliability(model, tmp_path / "test.spacy")
    assert list(found) == ["rnn_textcat", "rnn_ner"]
    assert found["rnn_textcat"].counts.sum() == 6
    assert f"rnn_ner: expected calibration error {found['rnn_ner'].error:.3f}" in printed
    tree = ElementTree.parse(tmp_path / "new" / "r.svg")
    bars = tree.findall(".//{*}rect")
    assert len(bars) == sum((result.counts > 0).sum() for result in found.values())
    heights = [float(bar.get("height")) / 240 for bar in bars]
    shares = [share for r in found.values() for share in r.frequencies[r.counts > 0]]
    numpy.testing.assert_allclose(heights, shares, atol=1e-3)


def test_figures_as_json(model, tmp_path):
    found = reliability(model, tmp_path / "test.spacy", tmp_path / "r.json", gold_preproc=True)
    stored = srsly.read_json(tmp_path / "r.json")
    assert stored["rnn_ner"]["counts"] == found["rnn_ner"].counts.tolist()
    assert stored["rnn_ner"]["error"] == pytest.approx(found["rnn_ner"].error, rel=1e-3)


def test_errors(model, nlp, tmp_path):
    with pytest.raises(CommandError, match=r"got the format '.png', expected .svg or .json"):
        reliability(model, tmp_path / "test.spacy", tmp_path / "r.png")
    with pytest.raises(
        CommandError, match="Can't read .*none.spacy: it does not exist, expected a"
    ):
        reliability(model, tmp_path / "none.spacy")
    DocBin(docs=[nlp.make_doc("Yes !")]).to_disk(tmp_path / "raw.spacy")
    with pytest.raises(
        CommandError,
        match="Nothing to compare: expected gold-standard annotation of rnn_textcat, rnn_ner",
    ):
        reliability(model, tmp_path / "raw.spacy")
    nlp.remove_pipe("rnn_textcat")
    nlp.remove_pipe("rnn_ner")
    nlp.to_disk(tmp_path / "empty")
    with pytest.raises(CommandError, match="Nothing to compare in .*expected rnn_textcat"):
        reliability(tmp_path / "empty", tmp_path / "test.spacy")
