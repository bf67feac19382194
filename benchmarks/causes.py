"""From a linear support vector machine to the branch of n-grams, by one difference at a time."""

import sys
from argparse import ArgumentParser
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy
import spacy
from harness import write_json
from linear import STRENGTHS, evaluate, features
from numpy.typing import NDArray
from ranking import matrix, read_texts
from spacy.tokens import Doc, DocBin
from spacy.util import fix_random_seed

from spacy_rnn.layers.ngrams import document_ngrams
from spacy_rnn.modules.margins import Machines, Rows, choose, solve
from spacy_rnn.modules.ngrams import LEAST

Array = NDArray[Any]
# Hashes of so many values hardly ever collide.
UNHASHED = 2**40
# One document of so many is held out for choosing.
ONE_IN = 5


class Documents:
    """The n-grams of a part of the data, hashed to some rows."""

    def __init__(self, docs: Sequence[Doc], rows: int) -> None:
        parts = [document_ngrams([doc], rows) for doc in docs]
        self.ngrams, self.counts, self.sizes = map(numpy.concatenate, zip(*parts, strict=True))

    def weighed(self, weights: Array) -> Rows:
        """RETURNS (Rows): N-grams as `NgramBag` weighs them, but for their own weights."""
        values = weights[self.ngrams] * (1.0 + numpy.log(self.counts))
        kinds = numpy.repeat(numpy.arange(self.sizes.size), self.sizes.ravel())
        squares = numpy.bincount(kinds, values**2, minlength=self.sizes.size)
        values /= numpy.sqrt(squares * self.sizes.shape[1])[kinds]
        starts = numpy.concatenate(([0], self.sizes.sum(axis=1).cumsum()))
        return Rows(self.ngrams, values.astype("float32"), starts)

    def frequencies(self, which: Array, rows: int) -> Array:
        """RETURNS (NDArray[int]): How many documents of those given have each n-gram."""
        chosen = numpy.repeat(which, self.sizes.sum(axis=1))
        return numpy.bincount(self.ngrams[chosen], minlength=rows)


def inverse_document_frequency(documents: Documents, rows: int) -> Array:
    total = len(documents.sizes)
    seen = documents.frequencies(numpy.ones(total, dtype=bool), rows)
    return numpy.log((1 + total) / (1 + seen)) + 1


def log_count_ratios(documents: Documents, gold: Array, used: Array, rows: int) -> Array:
    """RETURNS (NDArray[float]): What n-grams weigh by `label_weights`, found from the documents
    that are used. Shape (rows,).
    """
    total, seen = used.sum(), documents.frequencies(used, rows)
    squares, n_labels = numpy.zeros(rows), 0
    for has in gold.T:
        n = (has & used).sum()
        if 0 < n < total:
            seen_with, share = documents.frequencies(has & used, rows), n / total
            likely_without = (seen - seen_with + 1 - share) / (total - n)
            squares += numpy.log((seen_with + share) / n / likely_without) ** 2
            n_labels += 1
    usual = (squares * seen).sum() / seen.sum()
    return numpy.sqrt(squares / usual + LEAST**2) if n_labels else numpy.ones(rows)


def steps(
    folder: Path, rows: int, widths: Sequence[int], strengths: Sequence[float]
) -> Iterator[tuple[str, dict[str, float]]]:
    """YIELDS (Tuple[str, Dict[str, float]]): What is as in our branch, and the scores on dev."""
    from sklearn.multiclass import OneVsRestClassifier
    from sklearn.svm import LinearSVC

    (texts, cats), (dev_texts, dev_cats) = (
        read_texts(folder / f"{split}.spacy") for split in ("train", "dev")
    )
    labels = sorted({label for each in cats for label in each})
    gold, dev_gold = matrix(cats, labels) == 1, matrix(dev_cats, labels) == 1
    exclusive = bool((gold.sum(axis=1) == 1).all())
    truth = numpy.where(gold, 1.0, -1.0).astype("float32")
    vectors = features()
    train, dev = vectors.fit_transform(texts), vectors.transform(dev_texts)

    def best(judge: Callable[[float], dict[str, float]]) -> dict[str, float]:
        return max((judge(strength) for strength in strengths), key=lambda s: s["cats_micro_f"])

    def library(strength: float) -> dict[str, float]:
        model = OneVsRestClassifier(LinearSVC(C=strength)).fit(train, gold)
        scores = model.decision_function(dev)
        if gold.shape[1] == 2 and scores.ndim == 1:
            scores = numpy.stack((-scores, scores), axis=1)
        return evaluate(scores, dev_gold)

    yield "linear.py", best(library)

    vocab = spacy.blank("en").vocab
    docs, dev_docs = (
        list(DocBin().from_disk(folder / f"{split}.spacy").get_docs(vocab))
        for split in ("train", "dev")
    )
    every = numpy.arange(len(docs))

    def machines(train: Rows, dev: Rows, n: int) -> dict[str, float]:
        def ours(strength: float) -> dict[str, float]:
            fix_random_seed(0)
            found = Machines(train, truth, n)
            found.train(every, strength)
            scores = dev.scores(numpy.arange(len(dev)), found.weights, found.bias)
            return evaluate(scores, dev_gold)

        return best(ours)

    compact = compacted(Documents(docs, UNHASHED), Documents(dev_docs, UNHASHED))
    n = int(compact[0].ngrams.max()) + 1
    idf = inverse_document_frequency(compact[0], n)
    yield "our n-grams and solver", machines(*(part.weighed(idf) for part in compact), n)

    hashed = Documents(docs, rows), Documents(dev_docs, rows)
    idf = inverse_document_frequency(hashed[0], rows)
    yield f"hashed to {rows:,} rows", machines(*(part.weighed(idf) for part in hashed), rows)

    ratios = log_count_ratios(hashed[0], gold, every >= 0, rows)
    weighed = [part.weighed(ratios) for part in hashed]
    yield "weighed by log-count ratios", machines(*weighed, rows)

    fix_random_seed(0)
    held = every % ONE_IN == ONE_IN - 1
    others = log_count_ratios(hashed[0], gold, ~held, rows)
    _, cost, scale, shift = choose(hashed[0].weighed(others), truth, held, rows, exclusive)
    for width in widths:
        parts = solve(weighed[0], truth, rows, cost, width)
        scores = weighed[1].scores(numpy.arange(len(dev_docs)), parts[0], 0 * parts[0][0])
        scores = scale * (scores @ parts[1].T + parts[2]) + shift
        yield f"cost and scale by rows held out, rank {width}", evaluate(scores, dev_gold)


def compacted(train: Documents, dev: Documents) -> tuple[Documents, Documents]:
    """Number n-grams from 0, those of words before those of characters, and leave out of dev what
    training lacks.
    """
    known = numpy.unique(train.ngrams)
    train.ngrams = numpy.searchsorted(known, train.ngrams)
    found = numpy.isin(dev.ngrams, known)
    kinds = numpy.repeat(numpy.arange(dev.sizes.size), dev.sizes.ravel())[found]
    dev.sizes = numpy.bincount(kinds, minlength=dev.sizes.size).reshape(-1, 2)
    dev.ngrams, dev.counts = numpy.searchsorted(known, dev.ngrams[found]), dev.counts[found]
    return train, dev


def main(args: Sequence[str] | None = None) -> int:
    options = ArgumentParser(description=__doc__)
    options.add_argument("corpus", type=Path, help="folder of train.spacy and dev.spacy")
    options.add_argument("--rows", type=int, default=65536, help="rows of our table")
    options.add_argument("--widths", type=int, nargs="+", default=[128, 16], help="ranks to try")
    options.add_argument(
        "--strengths", type=float, nargs="+", default=STRENGTHS, help="as in linear.py"
    )
    options.add_argument("--output", type=Path, required=True, help="JSON file to write")
    parsed = options.parse_args(args)
    found = {}
    for name, scores in steps(parsed.corpus, parsed.rows, parsed.widths, parsed.strengths):
        found[name] = {key: round(100 * value, 2) for key, value in scores.items()}
        print(name, found[name], flush=True)
    write_json(parsed.output, {"set": parsed.corpus.name, "dev": found})
    return 0


if __name__ == "__main__":
    sys.exit(main())
