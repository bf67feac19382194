"""A plugin of pytest for spaCy's own tests: our components in place of spaCy's, wherever a test
names no model.

    python -m pytest -p in_place_of_spacy --pyargs spacy.tests.pipeline.test_tagger

with this folder on PYTHONPATH. Each test starts from the same random state: some of spaCy's train
from a random start until a sentence is learnt. Tests that cannot hold are expected to fail, each
with the reason. A run that makes no component of ours tests nothing, and fails.
"""

from collections.abc import Callable
from functools import wraps
from typing import Any

import pytest
from spacy.language import Language
from thinc.api import fix_random_seed

OURS = {
    "ner": "rnn_ner",
    "tagger": "rnn_tagger",
    "textcat": "rnn_textcat",
    "textcat_multilabel": "rnn_textcat_multilabel",
}
MOVES = "looks at the moves of a transition system, where ours scores tags by a CRF"
SEED = 0
EXPECTED = {
    **dict.fromkeys(
        (
            "test_ner::test_accept_blocked_token",
            "test_ner::test_issue1967[U-JOB-NAME]",
            "test_ner::test_issue2179",
            "test_ner::test_issue3209",
            "test_ner::test_labels_from_BILUO",
            "test_ner::test_overwrite_token",
        ),
        MOVES,
    ),
    "test_serialize_pipeline::test_issue4725_1": "sets the oracle_cut_size of a transition system",
    "test_tagger::test_no_resize": "expects that a label cannot be added after initialization",
    "test_tagger::test_initialize_examples": (
        "expects a TypeError without examples, where ours is a ValueError that says where to look"
    ),
    "test_textcat::test_overfitting_IO_multi": (
        "expects a squared error below 0.01 after 100 updates; the cross-entropy of ours, each of "
        "whose two branches has half a say, is 0.019 by then"
    ),
    "test_textcat::test_textcat_loss[False-0.125]": "expects squared error, ours is cross-entropy",
}


made: list[str] = []


def swapped(method: Callable[..., Any]) -> Callable[..., Any]:
    """RETURNS (Callable[..., Any]): A method of Language that makes our component, under the name
    that spaCy's would have had."""

    @wraps(method)
    def make(nlp: Language, factory_name: str, name: str | None = None, **options: Any) -> Any:
        named = (options.get("config") or {}).get("model") or options.get("source")
        if isinstance(factory_name, str) and factory_name in OURS and not named:
            factory_name, name = OURS[factory_name], name or factory_name
            made.append(name)
        return method(nlp, factory_name, name, **options)

    return make


def pytest_configure() -> None:
    Language.add_pipe = swapped(Language.add_pipe)
    Language.create_pipe = swapped(Language.create_pipe)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        module = item.path.stem
        if reason := EXPECTED.get(f"{module}::{item.name}"):
            item.add_marker(pytest.mark.xfail(reason=reason, strict=True))


def pytest_runtest_setup() -> None:
    fix_random_seed(SEED)


def pytest_sessionfinish(session: pytest.Session) -> None:
    if not made:
        session.exitstatus = pytest.ExitCode.NO_TESTS_COLLECTED
