"""The n-grams of our classifiers alone, as they are solved, against the linear rival."""

import sys
from argparse import ArgumentParser
from collections.abc import Sequence
from pathlib import Path
from statistics import mean, stdev
from time import process_time
from typing import Any

import numpy
import spacy
from harness import write_json
from linear import evaluate, rival
from ranking import matrix
from spacy.tokens import Doc, DocBin
from spacy.training import Example
from spacy.util import fix_random_seed, minibatch

SPLITS = ("train", "dev", "test")


def solved(docs: dict[str, list[Doc]], seed: int, rows: int, width: int) -> dict[str, Any]:
    """RETURNS (Dict[str, Any]): The scores on "dev" and "test", and the "seconds" of processor time
    that counting, weighing, choosing and solving take.
    """
    fix_random_seed(seed)
    nlp = spacy.blank("en")
    exclusive = all(sum(doc.cats.values()) == 1 for doc in docs["train"])
    model = {"ngram_rows": rows, "ngram_width": width, "tok2vec": {"width": 16}}
    name = "rnn_textcat" if exclusive else "rnn_textcat_multilabel"
    pipe: Any = nlp.add_pipe(name, config={"model": model})
    examples = [Example(nlp.make_doc(doc.text), doc) for doc in docs["train"]]
    start = process_time()
    nlp.initialize(lambda: examples)
    found: dict[str, Any] = {"seconds": process_time() - start}
    ngrams = pipe.model.get_ref("ensemble").layers[1]
    for split in SPLITS[1:]:
        batches = minibatch((nlp.make_doc(doc.text) for doc in docs[split]), 128)
        scores = numpy.concatenate([ngrams.predict(batch) for batch in batches])
        gold = matrix([doc.cats for doc in docs[split]], pipe.labels) == 1
        found[split] = evaluate(scores, gold)
    return found


def main(args: Sequence[str] | None = None) -> int:
    options = ArgumentParser(description=__doc__)
    options.add_argument("corpus", type=Path, help="directory of train, dev and test.spacy")
    options.add_argument("--rows", type=int, default=262144, help="(default: %(default)s)")
    options.add_argument("--width", type=int, default=64, help="(default: %(default)s)")
    options.add_argument("--seeds", nargs="+", type=int, default=[0, 1, 2])
    options.add_argument("--output", type=Path, required=True, help="JSON file to write")
    parsed = options.parse_args(args)
    files = [parsed.corpus / f"{split}.spacy" for split in SPLITS]
    vocab = spacy.blank("en").vocab
    docs = {
        split: list(DocBin().from_disk(file).get_docs(vocab))
        for split, file in zip(SPLITS, files, strict=True)
    }
    ours = [solved(docs, seed, parsed.rows, parsed.width) for seed in parsed.seeds]
    start = process_time()
    theirs = {**rival(files), "seconds": process_time() - start}
    settings = {"rows": parsed.rows, "width": parsed.width, "seeds": parsed.seeds}
    write_json(parsed.output, {**settings, "ours": ours, "rival": theirs})
    print(f"| {parsed.corpus.name} | n-grams solved | linear SVM |\n| --- | ---: | ---: |")
    for score, value in theirs["test"].items():
        values = [100 * run["test"][score] for run in ours]
        spread = f" ± {stdev(values):.2f}" if len(values) > 1 else ""
        print(f"| {score} | {mean(values):.2f}{spread} | {100 * value:.2f} |")
    seconds = mean(run["seconds"] for run in ours)
    print(f"| seconds of one core | {seconds:.0f} | {theirs['seconds']:.0f} |")
    return 0


if __name__ == "__main__":
    sys.exit(main())
