"""Put a student beside its teacher: score on the same tokens, size on disk, words per second."""

import sys
from argparse import ArgumentParser
from collections.abc import Sequence
from pathlib import Path
from time import perf_counter

import spacy
from spacy.tokens import Doc
from spacy.training import Corpus, Example

from spacy_rnn.transfer.distil import load_teacher
from spacy_rnn.transfer.finetuning import TOKENS, find_score


def size(path: Path) -> float:
    """RETURNS (float): The size of all files of a folder, in MB."""
    return sum(file.stat().st_size for file in path.rglob("*") if file.is_file()) / 1e6


def measure(nlp: spacy.Language, task: str, examples: Sequence[Example]) -> tuple[float, float]:
    """RETURNS (Tuple[float, float]): Score, and words a second."""
    pairs = []
    for example in examples:
        gold = example.reference
        spaces = [bool(token.whitespace_) for token in gold]
        pairs.append(Example(Doc(nlp.vocab, [token.text for token in gold], spaces), gold))
    docs = [pair.predicted for pair in pairs]
    begun = perf_counter()
    for _ in nlp.pipe(docs):
        pass
    seconds = perf_counter() - begun
    labels = sorted({label for pair in pairs for label in pair.reference.cats})
    return find_score(task, pairs, labels), sum(map(len, docs)) / seconds


def main(args: Sequence[str] | None = None) -> int:
    options = ArgumentParser(description=__doc__)
    options.add_argument("teacher", type=Path, help="folder of a model of Hugging Face")
    options.add_argument("student", type=Path, help="folder of a pipeline")
    options.add_argument("data", type=Path, help=".spacy data to test on")
    options.add_argument("--task", required=True)
    options.add_argument("--lang", default="en")
    options.add_argument("--output", type=Path, help="file for the table, in Markdown")
    values = options.parse_args(args)
    blank = spacy.blank(values.lang)
    corpus = Corpus(values.data, gold_preproc=values.task in TOKENS)
    examples = [example for example in corpus(blank) if len(example.reference)]
    lines = ["| | score | MB | words/s |", "| --- | ---: | ---: | ---: |"]
    for name, path, nlp in (
        ("teacher", values.teacher, load_teacher(str(values.teacher), lang=values.lang)),
        ("student", values.student, spacy.load(values.student)),
    ):
        score, speed = measure(nlp, values.task, examples)
        lines.append(f"| {name} | {score * 100:.2f} | {size(path):.1f} | {speed:,.0f} |")
    table = "\n".join(lines) + "\n"
    print(table)
    if values.output:
        values.output.parent.mkdir(parents=True, exist_ok=True)
        values.output.write_text(table, "utf8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
