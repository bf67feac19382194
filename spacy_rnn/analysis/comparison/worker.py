"""A process of its own that trains and tests one system: python -m …worker FOLDER. What was killed
goes on where it was.
"""

import shutil
import sys
from pathlib import Path
from statistics import median
from time import perf_counter
from typing import Any

import spacy
import srsly
from spacy import util
from spacy.tokens import Doc
from spacy.training import Corpus

from ...orphans import end_with_parent
from ...training import train
from ...training.checkpoint import read_checkpoint
from ...training.loop import DIR_CHECKPOINTS
from ..decisions import Decisions
from ..footprint import N_SINGLE, footprint, predict
from ..judges import JUDGES, judge, kind_of
from .baselines import KINDS


def run(folder: Path) -> None:
    """Train and test a system.

    folder (Path): Where job.json says what to do, and where the results go.
    """
    job: dict[str, Any] = srsly.read_json(folder / "job.json")
    decisions, result = baseline(job) if job["config"] is None else pipeline(job, folder)
    decisions.to_disk(folder / "decisions.npz")
    srsly.write_json(folder / "result.part", {**result, "fingerprint": job["fingerprint"]})
    (folder / "result.part").replace(folder / "result.json")


def pipeline(job: dict[str, Any], folder: Path) -> tuple[Decisions, dict[str, Any]]:
    """RETURNS (Tuple[Decisions, Dict[str, Any]]): What a pipeline decides, and its measures."""
    (folder / "config.cfg").write_text(job["config"], encoding="utf8")
    config = util.load_config(folder / "config.cfg", overrides=job["overrides"], interpolate=False)
    train(config, folder, resume=True)
    checkpoints = folder / DIR_CHECKPOINTS
    last = read_checkpoint(checkpoints, print)
    seconds = last.state["progress"]["seconds"] if last else 0.0
    shutil.rmtree(checkpoints)
    nlp = util.load_model(folder / "model-best")
    examples = list(Corpus(Path(job["test"]), gold_preproc=job["gold_preproc"])(nlp))
    elapsed = predict(nlp, examples)
    texts = [example.predicted.text for example in examples]
    n_words = sum(len(example.predicted) for example in examples)
    measures = vars(footprint(nlp, texts, n_words, elapsed))
    # Of several components, the one that the comparison is about.
    decisions = next(
        each
        for each in judge(nlp, examples)
        if kind_of(nlp.get_pipe(each.component)) == job["kind"]
    )
    return decisions, {**measures, "training_seconds": seconds}


def baseline(job: dict[str, Any]) -> tuple[Decisions, dict[str, Any]]:
    """RETURNS (Tuple[Decisions, Dict[str, Any]]): What a baseline decides, and its measures."""
    nlp = spacy.blank(job["lang"])
    train_docs, dev_docs = (
        [example.reference for example in Corpus(Path(job[split]))(nlp)]
        for split in ("train", "dev")
    )
    examples = list(Corpus(Path(job["test"]), gold_preproc=job["gold_preproc"])(nlp))
    docs: list[Doc] = [example.predicted for example in examples]
    start = perf_counter()
    model = KINDS[job["system"]](job["kind"], train_docs, dev_docs)
    seconds = perf_counter() - start
    start = perf_counter()
    model.annotate(docs)
    elapsed = perf_counter() - start
    times = []
    for doc in docs[:N_SINGLE]:
        start = perf_counter()
        model.annotate([doc])
        times.append(perf_counter() - start)
    decisions = JUDGES[job["kind"]](job["system"], model, examples, set())
    return decisions, {
        "weights": model.weights,
        "bytes": None,
        "words_per_second": sum(map(len, docs)) / max(elapsed, 1e-9),
        "latency": median(times),
        "training_seconds": seconds,
    }


if __name__ == "__main__":
    end_with_parent()
    run(Path(sys.argv[1]))
