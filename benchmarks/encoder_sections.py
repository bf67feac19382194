"""The sections of speed.py about encoders alone. Each takes the setting and returns rows."""

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any

import spacy
import torch
from encoders import (
    OURS,
    STOCK,
    Encode,
    crf_methods,
    document_lengths,
    encoder_model,
    encoder_steps,
    encoders,
    flops_per_token,
    random_arrays,
)
from harness import Metrics, Row, Setting, Task, interleave, nanoseconds, rate

from spacy_rnn.modules.linear import onednn_product

BATCH = 256
TOKENS_PER_SECOND = partial(rate, "tokens")
NS_PER_TOKEN = partial(nanoseconds, "token")


def sentence_lengths(setting: Setting) -> list[int]:
    nlp = spacy.blank("en")
    return [len(nlp.make_doc(text)) for text in setting.texts]


def task(
    measure: Callable[[float, Callable[[], Any]], Metrics],
    encode: Encode,
    lengths: Sequence[int],
    width: int,
    batch: int = BATCH,
) -> Task:
    """RETURNS (Task): Encode arrays of the given lengths, batch by batch."""
    arrays = random_arrays(lengths, width)
    batches = [arrays[i : i + batch] for i in range(0, len(arrays), batch)]
    return lambda _: measure(sum(lengths), lambda: [encode(each) for each in batches])


def encoder(setting: Setting) -> list[Row]:
    """Tokens per second of the encoder alone, and the share of this machine's matrix rate that its
    products reach.
    """
    kinds = {
        "sentences": sentence_lengths(setting),
        "documents": document_lengths(1_000 if setting.quick else 60_000),
    }
    rows = interleave("products", products(), setting.rounds, "torch matmul")
    peak = max(row["median"] for row in rows) * 1e9
    for width, depth in setting.sizes:
        systems = encoders(width, depth)
        for kind, lengths in kinds.items():
            case = f"{kind}, {width} x {depth}"
            tasks = {
                name: task(TOKENS_PER_SECOND, encode, lengths, width)
                for name, encode in systems.items()
            }
            for row in interleave(case, tasks, setting.rounds, STOCK):
                flops = flops_per_token(row["system"], width, depth)
                row["share_of_matrix_rate"] = row["median"] * flops / peak
                rows.append(row)
    return rows


def products(size: int = 1024, repeats: int = 10) -> dict[str, Task]:
    """RETURNS (Dict[str, Task]): Measure the rate of square fp32 products."""
    X, W = torch.rand(size, size), torch.rand(size, size)
    run: dict[str, Callable[[], Any]] = {"torch matmul": lambda: torch.matmul(X, W)}
    if multiply := onednn_product():
        run["torch oneDNN linear"] = lambda: multiply(X, W)
    amount = repeats * 2 * size**3 / 1e9

    def product(once: Callable[[], Any]) -> Task:
        return lambda _: rate("GFLOP", amount, lambda: [once() for _ in range(repeats)])

    return {name: product(once) for name, once in run.items()}


def crf(setting: Setting) -> list[Row]:
    """Nanoseconds per token of a conditional random field, against the encoder before it."""
    width, lengths = 32 if setting.quick else 128, sentence_lengths(setting)
    models = {f"{name} {width} x 1": encoder_model(name, width, 1) for name in OURS}
    tasks = {n: task(NS_PER_TOKEN, m.predict, lengths, width) for n, m in models.items()}
    for tags in (9, 50):
        for name, run in crf_methods(tags).items():
            tasks[name] = task(NS_PER_TOKEN, run, lengths, tags)
    return interleave("sentences", tasks, setting.rounds, next(iter(models)))


def length(setting: Setting) -> list[Row]:
    """Nanoseconds per token of the encoder: by length of document with equally many tokens in all,
    in prediction and in training, by documents in a batch, and by width.
    """
    rounds = min(setting.rounds, 3)
    width, total = (32, 1_000) if setting.quick else (128, 100_000)

    def measure(
        case: str, systems: Mapping[str, Encode], lengths: list[int], batch: int, width: int = width
    ) -> list[Row]:
        tasks = {n: task(NS_PER_TOKEN, e, lengths, width, batch) for n, e in systems.items()}
        return interleave(case, tasks, rounds, STOCK)

    rows = []
    systems, steps = encoders(width, 1), encoder_steps(width, 1)
    for size in [n for n in (10, 100, 1_000, 10_000, 100_000) if n <= total]:
        rows += measure(f"documents of {size:,} tokens", systems, [size] * (total // size), total)
    total = min(total, 10_000)
    for size in [n for n in (10, 100, 1_000, 10_000) if n <= total]:
        case = f"training, documents of {size:,} tokens"
        rows += measure(case, steps, [size] * (total // size), total)
    lengths = [15] * (32 if setting.quick else 1024)
    for batch in [n for n in (1, 8, 32, 128, 1024) if n <= len(lengths)]:
        rows += measure(f"batches of {batch:,} sentences", systems, lengths, batch)
    for size in (32, 64) if setting.quick else (64, 128, 256, 512):
        rows += measure(f"width {size}, sentences", encoders(size, 1), lengths, BATCH, size)
    return rows


SECTIONS: Mapping[str, Callable[[Setting], list[Row]]] = {
    "encoder": encoder,
    "crf": crf,
    "length": length,
}
