"""Any number of short texts, and a pipeline for them."""

from collections.abc import Iterator
from itertools import islice
from pathlib import Path

import numpy
import spacy
from spacy.language import Language
from systems import trained

SYLLABLES = [f"{c}{v}" for c in "bdfghjklmnprstvz" for v in "aeiou"]
SKEW = 1.2  # of Zipf's distribution: of a million words, one in eight is new
LARGEST = 10**9
CHUNK = 10_000  # texts that are drawn together


def short_texts(count: int, seed: int = 0) -> Iterator[str]:
    """Make up texts of 5 to 15 words. Some of a billion words are frequent, most are rare.

    count (int): How many there are to be.
    seed (int): Another seed makes other texts.
    YIELDS (str): The texts, nearly all of which differ.
    """
    random = numpy.random.default_rng(seed)
    for start in range(0, count, CHUNK):
        lengths = random.integers(5, 16, min(CHUNK, count - start))
        numbers = iter(numpy.minimum(random.zipf(SKEW, lengths.sum()), LARGEST).tolist())
        for length in lengths:
            yield " ".join(map(word, islice(numbers, int(length))))


def word(number: int) -> str:
    """RETURNS (str): A word that can be pronounced, another for each number."""
    syllables = []
    while number:
        number, syllable = divmod(number, len(SYLLABLES))
        syllables.append(SYLLABLES[syllable])
    return "".join(syllables)


def make_model(component: str, folder: Path) -> Path:
    """RETURNS (Path): A pipeline with default settings that has hardly learned anything."""

    def build() -> Language:
        nlp = spacy.blank("en")
        nlp.add_pipe(component)
        return nlp

    path = folder / component
    # Other texts than those that are annotated, with words in capitals, which are entities here.
    texts = [text.title() for text in short_texts(100, seed=1)]
    trained(build, texts).to_disk(path)
    return path
