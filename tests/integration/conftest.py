"""Tiny annotated data, and what tests of whole pipelines do with it."""

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy
import pytest
from numpy.typing import NDArray
from spacy.cli._util import app
from spacy.language import Language
from spacy.tokens import Doc, DocBin
from spacy.training import Example
from spacy.util import load_model_from_config
from spacy.vocab import Vocab
from thinc.api import Adam, Config, Model, Optimizer, fix_random_seed
from typer.testing import CliRunner

Facts = list[dict[str, Any]]

# word, tag, part of speech, morphology, head, dependency, entity
ANNOTATIONS: list[tuple[str, str]] = [
    (
        """
        She     PRP  PRON   Number=Sing    1  nsubj  O
        likes   VBZ  VERB   Tense=Pres     1  ROOT   O
        New     NNP  PROPN  Number=Sing    3  nmod   B-GPE
        York    NNP  PROPN  Number=Sing    1  obj    I-GPE
        .       .    PUNCT  PunctType=Peri 1  punct  O
        """,
        "GOOD",
    ),
    (
        """
        We      PRP  PRON   Number=Plur    1  nsubj  O
        left    VBD  VERB   Tense=Past     1  ROOT   O
        .       .    PUNCT  PunctType=Peri 1  punct  O
        It      PRP  PRON   Number=Sing    4  nsubj  O
        rained  VBD  VERB   Tense=Past     4  ROOT   O
        .       .    PUNCT  PunctType=Peri 4  punct  O
        """,
        "BAD",
    ),
    (
        """
        Anna    NNP  PROPN  Number=Sing    1  nsubj  B-PERSON
        hates   VBZ  VERB   Tense=Pres     1  ROOT   O
        rainy   JJ   ADJ    Degree=Pos     3  amod   O
        days    NNS  NOUN   Number=Plur    1  obj    O
        .       .    PUNCT  PunctType=Peri 1  punct  O
        """,
        "BAD",
    ),
    (
        """
        Paris   NNP  PROPN  Number=Sing    1  nsubj  B-GPE
        shines  VBZ  VERB   Tense=Pres     1  ROOT   O
        .       .    PUNCT  PunctType=Peri 1  punct  O
        """,
        "GOOD",
    ),
]
LABELS = ("BAD", "GOOD")


def make_doc(vocab: Vocab, table: str, label: str) -> Doc:
    rows = [line.split() for line in table.strip().splitlines()]
    words, tags, pos, morphs, heads, deps, ents = map(list, zip(*rows, strict=True))
    doc = Doc(
        vocab,
        words=words,
        tags=tags,
        pos=pos,
        morphs=morphs,
        heads=[int(head) for head in heads],
        deps=deps,
        ents=ents,
    )
    doc.cats = {name: float(name == label) for name in LABELS}
    doc.spans["sc"] = list(doc.ents)
    return doc


@pytest.fixture(scope="session")
def examples() -> Callable[[Language], list[Example]]:
    """Annotated examples, all layers at once."""

    def make(nlp: Language) -> list[Example]:
        golds = [make_doc(nlp.vocab, table, label) for table, label in ANNOTATIONS]
        return [Example(Doc(nlp.vocab, words=[t.text for t in doc]), doc) for doc in golds]

    return make


@pytest.fixture(scope="session")
def build() -> Callable[..., Language]:
    """A pipeline from `{name: component config}`, with variables filled in."""

    def make(**components: dict[str, Any]) -> Language:
        fix_random_seed(0)
        pipeline = {"lang": "en", "pipeline": list(components)}
        config = Config({"nlp": pipeline, "components": components}, is_interpolated=False)
        return load_model_from_config(config, auto_fill=True)

    return make


@pytest.fixture(scope="session")
def train(
    examples: Callable[[Language], list[Example]],
) -> Callable[..., Optimizer]:
    """Initialize a pipeline, unless an optimizer is given, and update it."""

    def run(nlp: Language, steps: int, sgd: Optimizer | None = None, **options: Any) -> Optimizer:
        data = examples(nlp)
        if sgd is None:
            sgd = nlp.initialize(lambda: data, sgd=Adam(0.01))
        for _ in range(steps):
            nlp.update(examples(nlp), sgd=sgd, **options)
        return sgd

    return run


@pytest.fixture(scope="session")
def facts(examples: Callable[[Language], list[Example]]) -> Callable[[Language], Facts]:
    """All that a pipeline says about the example texts, numbers to the last bit."""

    def predict(nlp: Language) -> Facts:
        docs = nlp.pipe([example.predicted for example in examples(nlp)])
        return [{**doc.to_json(), "tensor": doc.tensor.tolist()} for doc in docs]

    return predict


@pytest.fixture(scope="session")
def weights() -> Callable[[Model], dict[str, NDArray[numpy.float32]]]:
    """Copies of all weights of a model that are trained, native and in shims."""

    def copy(model: Model) -> dict[str, NDArray[numpy.float32]]:
        found = {}
        for i, node in enumerate(model.walk()):
            for name in node.param_names:
                if node.has_param(name):
                    found[f"{i}.{node.name}.{name}"] = node.get_param(name).copy()
            for shim in node.shims:
                for name, weight in shim._model.named_parameters():
                    found[f"{i}.{node.name}.{name}"] = weight.detach().numpy().copy()
        return found

    return copy


@pytest.fixture
def corpus(tmp_path: Path) -> Path:
    """The examples as a `.spacy` file."""
    vocab = Vocab()
    path = tmp_path / "tiny.spacy"
    docs = [make_doc(vocab, table, label) for table, label in ANNOTATIONS]
    DocBin(docs=docs, store_user_data=True).to_disk(path)
    return path


@pytest.fixture
def spacy_cli() -> Callable[..., tuple[int, str]]:
    """Run `spacy` with arguments; the exit code, and output and error on one line."""

    def run(*args: object) -> tuple[int, str]:
        result = CliRunner().invoke(app, [str(arg) for arg in args])
        error = "" if isinstance(result.exception, SystemExit) else result.exception or ""
        return result.exit_code, re.sub(r"\x1b\[[\d;]*m|\s+", " ", f"{result.output} {error}")

    return run
