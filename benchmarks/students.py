"""Put a student beside its teacher: score on the same tokens, size on disk, words per second."""

import sys
from argparse import ArgumentParser
from collections.abc import Mapping, Sequence
from pathlib import Path
from time import perf_counter

import spacy
import torch
from spacy.tokens import Doc
from spacy.training import Corpus, Example

from spacy_rnn.transfer.distil import load_teacher
from spacy_rnn.transfer.finetuning import TOKENS, Task, find_score

WARMUP = 32  # documents


def size(path: Path) -> float:
    """RETURNS (float): The size of all files of a folder, in MB."""
    return sum(file.stat().st_size for file in path.rglob("*") if file.is_file()) / 1e6


def measure(nlp: spacy.Language, task: Task, examples: Sequence[Example]) -> tuple[float, float]:
    """RETURNS (Tuple[float, float]): Score, and words a second."""
    pairs = []
    for example in examples:
        gold = example.reference
        spaces = [bool(token.whitespace_) for token in gold]
        pairs.append(Example(Doc(nlp.vocab, [token.text for token in gold], spaces), gold))
    docs = [pair.predicted for pair in pairs]
    for _ in nlp.pipe(doc.copy() for doc in docs[:WARMUP]):
        pass
    begun = perf_counter()
    for _ in nlp.pipe(docs):
        pass
    seconds = perf_counter() - begun
    labels = sorted({label for pair in pairs for label in pair.reference.cats})
    return find_score(task, pairs, labels), sum(map(len, docs)) / seconds


def compare(systems: Mapping[str, Path], data: Path, task: Task, lang: str = "en") -> str:
    """RETURNS (str): The table of some systems, in Markdown, as measured on one core."""
    torch.set_num_threads(1)
    corpus = Corpus(data, gold_preproc=task in TOKENS)
    examples = [example for example in corpus(spacy.blank(lang)) if len(example.reference)]
    lines = ["| | score | MB | words/s |", "| --- | ---: | ---: | ---: |"]
    for name, path in systems.items():
        score, speed = measure(load_teacher(str(path), lang=lang), task, examples)
        lines.append(f"| {name} | {score * 100:.2f} | {size(path):.1f} | {speed:,.0f} |")
    return "\n".join(lines) + "\n"


def main(args: Sequence[str] | None = None) -> int:
    options = ArgumentParser(description=__doc__)
    options.add_argument("teacher", type=Path, help="folder of a model of Hugging Face")
    options.add_argument("student", type=Path, help="folder of a pipeline")
    options.add_argument("data", type=Path, help=".spacy data to test on")
    options.add_argument("--task", required=True)
    options.add_argument("--lang", default="en")
    options.add_argument("--output", type=Path, help="file for the table, in Markdown")
    values = options.parse_args(args)
    systems = {"teacher": values.teacher, "student": values.student}
    table = compare(systems, values.data, values.task, values.lang)
    print(table)
    if values.output:
        values.output.parent.mkdir(parents=True, exist_ok=True)
        values.output.write_text(table, "utf8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
