"""Put a student beside its teacher: score on the same tokens, size on disk, and words per second of
texts that were never read before, on one core, in turns.
"""

import sys
from argparse import ArgumentParser
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import spacy
import torch
from harness import BenchmarkError, Metrics, interleave, rate, say
from spacy.language import Language
from spacy.training import Corpus, Example

from spacy_rnn.files import folder_size
from spacy_rnn.transfer.distil import load_teacher
from spacy_rnn.transfer.finetuning import TOKENS, Task, find_score, without_annotation

ROUNDS = 5


def timed(nlp: Language, pairs: Sequence[Example]) -> Callable[[int], Metrics]:
    """RETURNS (Callable[[int], Metrics]): Words per second of `nlp.pipe`, in documents of their own
    in every round.
    """

    def run(number: int) -> Metrics:
        docs = [pair.predicted for pair in pairs[number :: ROUNDS + 1]]
        return rate("words", sum(map(len, docs)), lambda: deque(nlp.pipe(docs), maxlen=0))

    return run


def compare(systems: Mapping[str, Path], data: Path, task: Task, lang: str = "en") -> str:
    """RETURNS (str): The table of some systems, in Markdown, as measured on one core."""
    torch.set_num_threads(1)
    if not data.exists():
        raise BenchmarkError(f"Can't find the data {data}: expected a .spacy file or a folder.")
    corpus = Corpus(data, gold_preproc=task in TOKENS)
    examples = [example for example in corpus(spacy.blank(lang)) if len(example.reference)]
    if len(examples) <= ROUNDS:
        raise BenchmarkError(
            f"Can't measure with {len(examples)} documents of {data}: expected {ROUNDS + 1} or "
            "more. Give more test data."
        )
    pipelines = {name: load_teacher(str(path), lang=lang) for name, path in systems.items()}
    pairs = {
        name: [without_annotation(example.reference, nlp.vocab) for example in examples]
        for name, nlp in pipelines.items()
    }
    tasks = {name: timed(nlp, pairs[name]) for name, nlp in pipelines.items()}
    speeds = {
        row["system"]: row["median"]
        for row in interleave("new texts", tasks, ROUNDS, next(iter(systems)))
    }
    labels = sorted({label for example in examples for label in example.reference.cats})
    lines = ["| | score | MB | words/s |", "| --- | ---: | ---: | ---: |"]
    for name, path in systems.items():
        score = find_score(task, pairs[name], labels) * 100
        lines.append(
            f"| {name} | {score:.2f} | {folder_size(path) / 1e6:.1f} | {speeds[name]:,.0f} |"
        )
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
    try:
        table = compare(systems, values.data, values.task, values.lang)
    except BenchmarkError as error:
        say(str(error))
        return 1
    print(table)
    if values.output:
        values.output.parent.mkdir(parents=True, exist_ok=True)
        values.output.write_text(table, "utf8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
