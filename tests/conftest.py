"""Fixtures: small documents and training examples."""

from collections.abc import Callable

import pytest
import torch
from spacy.language import Language
from spacy.tokens import Doc
from spacy.training import Example
from spacy.util import fix_random_seed, get_lang_class

SENTENCES = [
    ("They did not like the cold soup .", "P V R V D J N .", "bad"),
    ("We liked the soup .", "P V D N .", "good"),
    ("Nobody who came late liked it .", "P P V R V P .", "bad"),
    ("Good , but cold .", "J . C J .", "bad"),
    ("Cold , but good !", "J . C J .", "good"),
    ("Yes !", "I .", "good"),
]


# Small tensors are slower on many threads.
torch.set_num_threads(1)


@pytest.fixture(autouse=True)
def seed() -> None:
    """Make each test reproducible."""
    fix_random_seed(0)


@pytest.fixture
def nlp() -> Language:
    return get_lang_class("en")()


@pytest.fixture
def texts() -> list[str]:
    return [words for words, _, _ in SENTENCES]


@pytest.fixture
def make_examples() -> Callable[[Language], list[Example]]:
    """RETURNS: A function that annotates the sentences with tags, entities and categories."""

    def make(nlp: Language) -> list[Example]:
        examples = []
        for words, tags, cat in SENTENCES:
            doc = Doc(nlp.vocab, words=words.split())
            cats = {label: float(label == cat) for label in ("bad", "good")}
            reference = {"words": words.split(), "tags": tags.split(), "cats": cats}
            reference["entities"] = ["U-NOUN" if tag == "N" else "O" for tag in tags.split()]
            examples.append(Example.from_dict(doc, reference))
        return examples

    return make
