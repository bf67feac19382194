"""How large and how fast a pipeline is."""

import os
import platform
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from time import perf_counter
from typing import Any

import torch
from spacy.language import Language
from spacy.training import Example
from thinc.api import Model

from ..files import folder_size

# Texts that are timed one by one.
N_SINGLE = 20


@dataclass(frozen=True)
class Footprint:
    """How large and how fast a pipeline is, on the machine that it was measured on.

    weights (int): Number of trained numbers.
    bytes (Optional[int]): Size on disk. None for a pipeline that is not on disk.
    words_per_second (float): Predicted in batches, from tokens.
    latency (Optional[float]): Median time from one text to its annotation, in seconds.
    threads (int): Number of threads of torch.
    machine (str): System and processor.
    """

    weights: int
    bytes: int | None
    words_per_second: float
    latency: float | None
    threads: int
    machine: str


def predict(nlp: Language, examples: Sequence[Example]) -> float:
    """Annotate the predicted documents of examples, in batches.

    RETURNS (float): How long it took, in seconds.
    """
    start = perf_counter()
    for _ in nlp.pipe(example.predicted for example in examples):
        pass
    return perf_counter() - start


def footprint(nlp: Language, texts: Sequence[str], n_words: int, seconds: float) -> Footprint:
    """Measure a pipeline.

    nlp (Language): The pipeline.
    texts (Sequence[str]): Texts, of which up to 20 are timed one by one.
    n_words (int): How many words were predicted.
    seconds (float): How long that took.
    RETURNS (Footprint): The measures.
    """
    step = max(1, len(texts) // N_SINGLE)
    times = []
    for text in [text for text in texts[::step] if text.strip()][:N_SINGLE]:
        start = perf_counter()
        nlp(text)
        times.append(perf_counter() - start)
    folder = None if nlp._path is None else Path(nlp._path)
    return Footprint(
        sum(count_weights(pipe.model) for _, pipe in nlp.pipeline if hasattr(pipe, "model")),
        None if folder is None or not folder.is_dir() else folder_size(folder),
        n_words / max(seconds, 1e-9),
        median(times) if times else None,
        torch.get_num_threads(),
        f"{platform.system()} {platform.machine()}, {os.cpu_count()} cores",
    )


def count_weights(model: Any) -> int:
    """RETURNS (int): Number of trained numbers of a model, of each node once."""
    if not isinstance(model, Model):
        return 0
    total = 0
    for node in model.walk():
        total += sum(
            int(node.get_param(name).size) for name in node.param_names if node.has_param(name)
        )
        for shim in node.shims:
            module = getattr(shim, "_model", None)
            if isinstance(module, torch.nn.Module):
                total += sum(weight.numel() for weight in module.parameters())
    return total
