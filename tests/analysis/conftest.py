"""Fixtures: annotated texts with predictions that are wrong at random."""

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from random import Random
from typing import Any

import pytest
from spacy.language import Language
from spacy.tokens import Doc, Span
from spacy.training import Example

from spacy_rnn.analysis.decisions import Decisions
from spacy_rnn.analysis.judges import judge

WORDS = ["the", "cold", "soup", "was", "good", "but", "nobody", "liked", "it", "much"]
FLAGS = ("--headless=new", "--no-sandbox", "--disable-gpu", "--no-first-run")
FLAGS += ("--disable-background-networking", "--hide-scrollbars")


@pytest.fixture
def categorized(nlp) -> Callable[..., tuple[list[Example], Language]]:
    """RETURNS: A function that makes texts with labels, and a pipeline to judge them by."""

    def make(n_docs=200, n_labels=5, factory="textcat", seed=0):
        random = Random(seed)
        labels = [f"label_{i}" for i in range(n_labels)]
        pipe = nlp.add_pipe(factory)
        for label in labels:
            pipe.add_label(label)
        examples = []
        for _ in range(n_docs):
            words = random.choices(WORDS, k=random.randint(1, 12))
            predicted, reference = Doc(nlp.vocab, words=words), Doc(nlp.vocab, words=words)
            predicted.cats = {label: random.random() for label in labels}
            if factory == "textcat":
                best = max(predicted.cats, key=lambda label: predicted.cats[label])
                gold = random.choice([best, best, random.choice(labels)])
                reference.cats = {label: float(label == gold) for label in labels}
            else:
                reference.cats = {
                    label: float(random.random() < chance**2)
                    for label, chance in predicted.cats.items()
                }
            examples.append(Example(predicted, reference))
        return examples, nlp

    return make


@pytest.fixture
def decide(categorized) -> Callable[..., Decisions]:
    """RETURNS: A function that makes decisions on such texts."""

    def make(*args, **kwargs):
        examples, nlp = categorized(*args, **kwargs)
        return judge(nlp, examples)[0]

    return make


@pytest.fixture
def recognized(nlp) -> tuple[list[Example], Language]:
    """RETURNS: Texts with entities, and a pipeline to judge them by."""
    random = Random(0)
    pipe = nlp.add_pipe("ner")
    for label in ("A", "B", "C"):
        pipe.add_label(label)

    def entities(doc):
        start, found = 0, []
        while (start := start + random.randint(0, 3)) < len(doc):
            end = min(len(doc), start + random.randint(1, 3))
            found.append(Span(doc, start, end, label=random.choice("ABC")))
            start = end
        return found

    examples = []
    for _ in range(200):
        words = random.choices(WORDS, k=random.randint(1, 15))
        predicted, reference = Doc(nlp.vocab, words=words), Doc(nlp.vocab, words=words)
        reference.set_ents(entities(reference))
        if random.random() < 0.5:
            predicted.set_ents([Span(predicted, e.start, e.end, e.label) for e in reference.ents])
        else:
            predicted.set_ents(entities(predicted))
        examples.append(Example(predicted, reference))
    return examples, nlp


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    """RETURNS (WebDriver): A browser."""
    names = ("chromium", "chromium-browser", "google-chrome", "chrome")
    chromium = next(filter(None, map(shutil.which, names)), None)
    driver = shutil.which("chromedriver")
    if chromium is None or driver is None:
        pytest.skip("needs chromedriver, and chromium or Chrome")
    from selenium import webdriver
    from selenium.webdriver.chrome.service import Service

    options = webdriver.ChromeOptions()
    options.binary_location = chromium
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    for flag in FLAGS:
        options.add_argument(flag)
    with webdriver.Chrome(options, Service(driver)) as found:
        yield found


@pytest.fixture
def show(browser: Any, tmp_path: Path) -> Callable[..., Callable[[str], Any]]:
    """RETURNS: A function that opens a page and returns one to ask it with."""

    def open_page(html: str, width: int = 1200) -> Callable[[str], Any]:
        path = tmp_path / "page.html"
        path.write_text(html, encoding="utf8")
        size = {"width": width, "height": 900, "deviceScaleFactor": 1, "mobile": width < 600}
        browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", size)
        browser.get(path.as_uri())
        browser.execute_async_script("setTimeout(arguments[0], 300)")
        assert browser.get_log("browser") == []
        return lambda script: browser.execute_script(f"return {script}")

    return open_page
