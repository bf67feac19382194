"""Pages of comparisons and searches in a browser."""

import pytest

from spacy_rnn.analysis.comparison import Comparison
from spacy_rnn.analysis.comparison.results import SystemResult
from spacy_rnn.analysis.comparison.statistics import Difference
from spacy_rnn.analysis.tuning import Tuning
from spacy_rnn.analysis.tuning.results import TrialResult

pytestmark = pytest.mark.slow


CELL = "components.rnn_textcat.model.tok2vec.cell"


@pytest.fixture
def comparison() -> Comparison:
    scores = {"lstm": 0.912, "gru": 0.908, "<bow>": 0.741}
    systems = [
        SystemResult(
            name=name,
            seeds=[0, 1],
            values=[score, score],
            score=score,
            low=score - 0.01,
            high=score + 0.01,
            spread=0.002,
            weights=1000 + i,
            bytes=None if name == "<bow>" else 1_000_000,
            training_seconds=12.0,
            words_per_second=10_000.0 * (i + 1),
            slowest=9_000.0 * (i + 1),
            fastest=11_000.0 * (i + 1),
            latency=0.001,
            config=f"[nlp]\nlang = {name}",
        )
        for i, (name, score) in enumerate(scores.items())
    ]
    differences = {
        one: {
            other: Difference(a - b, a - b - 0.02, a - b + 0.02, 0.4 if abs(a - b) < 0.1 else 0.0)
            for other, b in scores.items()
            if other != one
        }
        for one, a in scores.items()
    }
    failed = {"cnn, seed 0": "out of memory"}
    train = {"docs": 2000, "tokens": 24_600, "labels": 5}
    return Comparison(
        "data",
        "textcat",
        "accuracy",
        "textcat_sentences",
        train,
        500,
        systems,
        differences,
        "Take <gru>.",
        failed,
        ["Once."],
    )


@pytest.fixture
def tuning() -> Tuning:
    trials = [
        TrialResult(0, "complete", 0.8, {"training.dropout": 0.1, CELL: "gru"}, 3.0, ""),
        TrialResult(1, "pruned", 0.5, {"training.dropout": 0.3, CELL: "gru"}, 1.0, ""),
        TrialResult(2, "failed", None, {"training.dropout": 0.2, CELL: "lstm"}, 1.0, "<NaN>"),
        TrialResult(3, "complete", 0.9, {"training.dropout": 0.2, CELL: "lstm"}, 3.0, ""),
    ]
    scales = {
        "training.dropout": {"low": 0.1, "high": 0.5, "log": False},
        CELL: {"values": ["gru", "lstm"]},
    }
    importances = {"training.dropout": 0.3, CELL: 0.7}
    best, own = trials[3], trials[0]
    return Tuning("c.cfg", "tpe", trials, best, own, importances, scales, "[nlp]\nlang = <en>")


def test_a_comparison_is_drawn(comparison, show):
    ask = show(comparison.to_html())
    assert ask("document.querySelector('.advice').textContent") == "Take <gru>."
    text = ask("document.body.innerText")
    assert "cnn, seed 0 failed: out of memory" in text
    assert "Trained on 2,000 documents of 12 tokens on average with 5 labels" in text
    assert "by the recipe textcat_sentences; tested on 500." in text
    assert "Once." in text
    assert ask("document.querySelectorAll('figure svg').length") == 2
    assert ask("performance.getEntriesByType('resource').length") == 0
    assert ask("[...document.querySelectorAll('pre')].map((e) => e.textContent)") == [
        f"[nlp]\nlang = {name}" for name in ("lstm", "gru", "<bow>")
    ]
    # Pairs: clear differences stand out, others do not; none with itself.
    assert ask("document.querySelectorAll('.box td strong').length") == 4
    assert ask("document.querySelectorAll('.box td span.soft').length") == 2


def test_a_title_sorts_systems(comparison, show):
    ask = show(comparison.to_html())
    first = "document.querySelector('tbody tr').innerText.split('\\t')[0].trim()"
    assert ask(first) == "lstm"
    heads = "[...document.querySelectorAll('thead button')]"
    ask(f"{heads}.find((e) => e.textContent.startsWith('words/s')).click()")
    assert ask(first) == "<bow>"


def test_a_search_is_drawn(tuning, show):
    ask = show(tuning.to_html())
    assert ask("document.querySelector('.advice').textContent") == (
        "Best: 90.00 % on dev, by trial 3. With the config's own settings: 80.00 %."
    )
    text = ask("document.body.innerText")
    assert "4 trials (2 complete, 1 pruned, 1 failed), chosen by tpe" in text
    assert "<NaN>" in text
    assert ask("document.querySelectorAll('figure svg').length") == 3
    assert ask("document.querySelector('pre').textContent") == tuning.config
    assert ask("performance.getEntriesByType('resource').length") == 0
    first = "document.querySelector('tbody tr').innerText.split('\\t')[0].trim()"
    assert ask(first) == "3"  # the best
    ask("document.querySelector('thead button').click()")
    assert ask(first) == "0"


def test_one_trial_is_enough_for_a_page(tuning, show):
    one = Tuning(**{**vars(tuning), "trials": [tuning.best], "importances": {}})
    assert "too few trials to tell" in show(one.to_html())("document.body.innerText")


@pytest.mark.parametrize("name", ["comparison", "tuning"])
def test_pages_fit_a_phone_and_follow_the_button(request, show, name):
    ask = show(request.getfixturevalue(name).to_html(), width=380)
    assert ask("document.documentElement.scrollWidth") <= 380
    # Charts are as large as they are drawn, and tables keep their first column in view.
    shrunk = "(e) => e.clientWidth < e.getAttribute('width')"
    assert not ask(f"[...document.querySelectorAll('figure svg')].some({shrunk})")
    boxes = "[...document.querySelectorAll('.box')]"
    ask(f"{boxes}.forEach((box) => box.scrollLeft = 200)")
    left = f"{boxes}.map((e) => e.querySelector('td').getBoundingClientRect().left)"
    assert all(place >= 0 for place in ask(left))
    ground = "getComputedStyle(document.body).backgroundColor"
    before = ask(ground)
    ask("document.querySelector('.head button').click()")
    assert ask(ground) != before
