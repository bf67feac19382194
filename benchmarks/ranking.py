"""How well the scores of a trained text categorizer rank: labels within documents' scores, and
documents that have one of the labels before documents that have none of them.
"""

import sys
from argparse import ArgumentParser
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy
from harness import write_json
from numpy.typing import NDArray

Scores = NDArray[Any]


def ranking_scores(scores: Scores, gold: Scores, outside: Scores | None = None) -> dict[str, float]:
    """Find the scores that spaCy lacks.

    scores (NDArray[float]): The scores of labels. Shape (documents, labels).
    gold (NDArray[bool]): Whether documents have labels. Shape (documents, labels).
    outside (Optional[NDArray[float]]): Scores of documents that have none of the labels. Shape
        (documents, labels).
    RETURNS (Dict[str, float]): "cats_macro_ap", the mean of the labels' average precision; with
        `outside` also "oos_auroc", how often a document with a label has a higher best score than
        one without.
    """
    from sklearn.metrics import average_precision_score, roc_auc_score

    found = {"cats_macro_ap": float(average_precision_score(gold, scores, average="macro"))}
    if outside is not None:
        best = numpy.concatenate((scores, outside)).max(axis=1)
        inside = numpy.arange(len(best)) < len(scores)
        found["oos_auroc"] = float(roc_auc_score(inside, best))
    return found


def read_texts(path: Path) -> tuple[list[str], list[dict[str, float]]]:
    """RETURNS (Tuple[List[str], List[Dict[str, float]]]): Texts and categories of a .spacy file."""
    import spacy
    from spacy.tokens import DocBin

    docs = list(DocBin().from_disk(path).get_docs(spacy.blank("xx").vocab))
    return [doc.text for doc in docs], [dict(doc.cats) for doc in docs]


def matrix(cats: Sequence[dict[str, float]], labels: Sequence[str]) -> Scores:
    """RETURNS (NDArray[float]): Shape (documents, labels)."""
    return numpy.array([[each.get(label, 0.0) for label in labels] for each in cats])


def main(args: Sequence[str] | None = None) -> int:
    options = ArgumentParser(description=__doc__)
    options.add_argument("model", type=Path, help="the trained pipeline")
    options.add_argument("data", type=Path, help=".spacy file")
    options.add_argument("--outside", type=Path, help=".spacy file of texts without a label")
    options.add_argument("--output", type=Path, required=True, help="JSON file to write")
    parsed = options.parse_args(args)

    import spacy

    nlp = spacy.load(parsed.model)
    labels = [label for name in nlp.pipe_names for label in nlp.get_pipe(name).labels]

    def predict(texts: Sequence[str]) -> Scores:
        return matrix([doc.cats for doc in nlp.pipe(texts)], labels)

    texts, cats = read_texts(parsed.data)
    outside = predict(read_texts(parsed.outside)[0]) if parsed.outside else None
    write_json(parsed.output, ranking_scores(predict(texts), matrix(cats, labels) == 1, outside))
    return 0


if __name__ == "__main__":
    sys.exit(main())
