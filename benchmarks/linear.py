"""The linear rival: a support vector machine a label over TF-IDF of n-grams, from scikit-learn.

N-grams are of one and two words and, within words, of two to five characters. Each score is that of
the strength of regularization that is best by it on dev.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from ranking import Scores, matrix, ranking_scores, read_texts

from spacy_rnn.analysis.comparison.baselines import STRENGTHS, features


def evaluate(scores: Scores, gold: Scores) -> dict[str, float]:
    """RETURNS (Dict[str, float]): Scores, named as spaCy names them."""
    from sklearn.metrics import f1_score

    predicted = scores > 0
    if (gold.sum(axis=1) == 1).all():
        predicted = scores == scores.max(axis=1, keepdims=True)
    f = {f"cats_{kind}_f": float(f1_score(gold, predicted, average=kind, zero_division=0.0))
         for kind in ("micro", "macro")}  # fmt: skip
    return {**f, **ranking_scores(scores, gold)}


def rival(corpus: Sequence[Path]) -> dict[str, Any]:
    """Train the machines with each of some strengths.

    corpus (Sequence[Path]): .spacy files: train, dev and test.
    RETURNS (Dict[str, Any]): The scores on "dev" and "test", each at the strength that is best by
        it on dev; and these strengths, "C".
    """
    from sklearn.multiclass import OneVsRestClassifier
    from sklearn.svm import LinearSVC

    texts, cats = read_texts(corpus[0])
    labels = sorted({label for each in cats for label in each})
    vectors = features()
    train = vectors.fit_transform(texts)
    gold = matrix(cats, labels) == 1

    def judge(model: Any, split: int) -> dict[str, float]:
        texts, cats = read_texts(corpus[split])
        scores = model.decision_function(vectors.transform(texts))
        return evaluate(scores, matrix(cats, labels) == 1)

    tried = {}
    for strength in STRENGTHS:
        model = OneVsRestClassifier(LinearSVC(C=strength)).fit(train, gold)
        tried[strength] = judge(model, 1), judge(model, 2)
    found: dict[str, Any] = {"dev": {}, "test": {}, "C": {}}
    for score in tried[STRENGTHS[0]][0]:
        best = max(STRENGTHS, key=lambda strength: tried[strength][0][score])
        found["C"][score] = best
        found["dev"][score], found["test"][score] = (scores[score] for scores in tried[best])
    return found
