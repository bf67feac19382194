"""The linear rival: a support vector machine a label over TF-IDF of n-grams, from scikit-learn.

N-grams are of one and two words and, within words, of two to five characters.
"""

import sys
from argparse import ArgumentParser
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from harness import write_json
from ranking import Scores, matrix, ranking_scores, read_texts

from spacy_rnn.analysis.comparison.baselines import STRENGTHS, features


def evaluate(scores: Scores, gold: Scores, outside: Scores | None) -> dict[str, float]:
    """RETURNS (Dict[str, float]): Scores, named as spaCy names them."""
    from sklearn.metrics import f1_score

    predicted = scores > 0
    if (gold.sum(axis=1) == 1).all():
        predicted = scores == scores.max(axis=1, keepdims=True)
    f = {f"cats_{kind}_f": float(f1_score(gold, predicted, average=kind, zero_division=0.0))
         for kind in ("micro", "macro")}  # fmt: skip
    return {**f, **ranking_scores(scores, gold, outside)}


def main(args: Sequence[str] | None = None) -> int:
    options = ArgumentParser(description=__doc__)
    options.add_argument("corpus", nargs=3, type=Path, help=".spacy files: train, dev and test")
    options.add_argument("--outside", nargs=2, type=Path, help="texts without a label: dev, test")
    options.add_argument("--score", default="cats_micro_f", help="the score to select by")
    options.add_argument("--output", type=Path, required=True, help="JSON file to write")
    parsed = options.parse_args(args)

    from sklearn.multiclass import OneVsRestClassifier
    from sklearn.svm import LinearSVC

    texts, cats = read_texts(parsed.corpus[0])
    labels = sorted({label for each in cats for label in each})
    vectors = features()
    train = vectors.fit_transform(texts)
    gold = matrix(cats, labels) == 1

    def judge(model: Any, split: int) -> dict[str, float]:
        texts, cats = read_texts(parsed.corpus[split])
        scores = model.decision_function(vectors.transform(texts))
        outside = None
        if parsed.outside:
            texts, _ = read_texts(parsed.outside[split - 1])
            outside = model.decision_function(vectors.transform(texts))
        return evaluate(scores, matrix(cats, labels) == 1, outside)

    tried = []
    for strength in STRENGTHS:
        model = OneVsRestClassifier(LinearSVC(C=strength)).fit(train, gold)
        tried.append((judge(model, 1), strength, model))
    dev, strength, model = max(tried, key=lambda each: each[0][parsed.score])
    write_json(parsed.output, {"dev": dev, "test": judge(model, 2), "C": strength})
    return 0


if __name__ == "__main__":
    sys.exit(main())
