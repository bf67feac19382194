"""Reports in a browser: what is drawn, what clicks do, and that nothing is wider than a phone."""

from dataclasses import replace

import pytest

from spacy_rnn import analysis
from spacy_rnn.analysis.component import component_report
from spacy_rnn.analysis.judges import judge
from spacy_rnn.analysis.training_log import TrainingLog

pytestmark = pytest.mark.slow

SMALL = {"model": {"tok2vec": {"width": 8, "rows": [100] * 4, "char_ngram_rows": 0}}}


@pytest.fixture
def report(nlp, make_examples, categorized):
    """RETURNS (Report): Of a classifier with 151 labels, a tagger and an entity recognizer."""
    for name in ("rnn_tagger", "rnn_ner"):
        nlp.add_pipe(name, config=SMALL)
    nlp.initialize(lambda: make_examples(nlp))
    train = [example.reference for example in make_examples(nlp)]
    found = analysis.report(nlp, make_examples(nlp), train=train)
    examples, nlp = categorized(2000, 151)
    component = component_report(judge(nlp, examples)[-1], examples)
    row = {"epoch": 0, "scores": {}, "score": 0.5, "losses": {"textcat": 3.0}}
    log = TrainingLog("log", [{**row, "step": s} for s in (0, 10)], 1)
    return replace(found, components=[component, *found.components], log=log)


def test_a_report_is_drawn(report, show):
    ask = show(report.to_html())
    titles = ask("[...document.querySelectorAll('h2')].map((e) => e.textContent)")
    assert titles[:3] == ["textcat", "rnn_tagger", "rnn_ner"]
    assert titles[3:] == ["Training", "Training data", "Size and speed", "Config"]
    assert ask("document.querySelectorAll('.scores dd')[0].textContent").startswith(
        f"{report.components[0].scores[0].value:.1%}".replace("%", " %")
    )
    n_cells = len(report.components[0].confusion.cells)
    assert ask("document.querySelector('.matrix').querySelectorAll('rect').length") == n_cells
    assert ask("document.querySelectorAll('figure svg').length") > 8
    assert ask("performance.getEntriesByType('resource').length") == 0


def test_a_click_on_a_cell_shows_its_errors(report, show):
    ask = show(report.to_html())
    component = report.components[0]
    i, j, n = next(cell for cell in component.confusion.cells if cell[0] != cell[1])
    gold, predicted = component.confusion.labels[i], component.confusion.labels[j]
    ask(
        "document.querySelector('.matrix rect.wrong')"
        ".dispatchEvent(new MouseEvent('click', { bubbles: true }))"
    )
    of = len(component.errors)
    assert ask("document.querySelector('.filters [role=status]').textContent") == (
        f"{n:,} of {of:,} errors"
    )
    shown = ask("[...document.querySelectorAll('.errors')[0].children].map((e) => e.innerText)")
    assert len(shown) == n
    assert all(f"{gold} → {predicted}" in text for text in shown)
    assert gold in ask("document.querySelector('.readout').textContent")


def test_a_click_on_a_label_and_words_filter_errors(report, show):
    ask = show(report.to_html())
    component = report.components[0]
    worst = min(component.labels, key=lambda label: label.f)
    ask("document.querySelector('tbody button').click()")
    label = ask("document.querySelector('tbody button').textContent")
    assert worst.f == next(each.f for each in component.labels if each.label == label)
    n = sum(label in (error.gold, error.predicted) for error in component.errors)
    status = "document.querySelector('.filters [role=status]').textContent"
    assert ask(status) == f"{n:,} of {len(component.errors):,} errors with {label}"
    ask("[...document.querySelectorAll('.filters button')][0].click()")
    assert ask(status).startswith(f"{len(component.errors):,} of")
    ask(
        "(() => { const box = document.querySelector('.filters input'); box.value = 'SOUP';"
        " box.dispatchEvent(new Event('input')) })()"
    )
    n = sum("soup" in error.text for error in component.errors)
    assert ask(status).startswith(f"{n:,} of")


def test_a_column_title_sorts(report, show):
    ask = show(report.to_html())
    heads = "[...document.querySelectorAll('thead button')]"
    ask(f"{heads}.find((e) => e.textContent === 'support').click()")
    first = ask("document.querySelector('tbody tr').innerText").split()
    most = max(report.components[0].labels, key=lambda label: label.support)
    assert first[-2] == f"{most.support:,}"


def test_colours_follow_the_reader_and_the_button(report, show, browser):
    media = {"features": [{"name": "prefers-color-scheme", "value": "dark"}]}
    browser.execute_cdp_cmd("Emulation.setEmulatedMedia", media)
    ask = show(report.to_html())
    ground = "getComputedStyle(document.body).backgroundColor"
    dark = ask(ground)
    ask("document.querySelector('.head button').click()")
    light = ask(ground)
    assert sum(map(int, dark[4:-1].split(","))) < 150 < 600 < sum(map(int, light[4:-1].split(",")))


def test_a_page_fits_a_phone(report, show):
    ask = show(report.to_html(), width=380)
    assert ask("document.documentElement.scrollWidth") <= 380


def test_scores_that_are_all_perfect_have_a_scale(report, nlp, categorized, show):
    nlp.remove_pipe("textcat")
    examples, nlp = categorized(40, 3)
    for example in examples:
        example.reference.cats = {
            label: float(value == max(example.predicted.cats.values()))
            for label, value in example.predicted.cats.items()
        }
    component = component_report(judge(nlp, examples)[-1], examples)
    rows = [{**row, "score": 1.0} for row in report.log.rows]
    log = replace(report.log, rows=rows)
    ask = show(replace(report, components=[component], log=log).to_html())
    text = ask("document.body.innerText")
    assert "interval, 90 to 100" in text
    assert "100.0000" not in text
    at = ask("[...document.querySelectorAll('.range b')].map((dot) => dot.style.left)")
    assert at == ["100%"] * 3
