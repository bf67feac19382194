"""Compare the speed of recurrent pipelines with that of their peers, all in one run."""

import sys
from argparse import ArgumentParser
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from harness import (
    RESULTS,
    BenchmarkError,
    Setting,
    environment,
    limit_threads,
    say,
    threads_option,
    write_json,
)

NAMES = (
    "pipeline",
    "cores",
    "encoder",
    "crf",
    "training",
    "backend",
    "latency",
    "load",
    "growth",
    "length",
    "cells",
    "engines",
)
# What needs --vectors.
SUBWORDS = "subwords"


def parser() -> ArgumentParser:
    options = ArgumentParser(description=__doc__)
    add = options.add_argument
    choices, only = (*NAMES, SUBWORDS), f"sections to run (default: all but {SUBWORDS})"
    add("--only", nargs="+", choices=choices, default=NAMES, help=only)
    add("--threads", type=threads_option, default=1, help="a number, or 'all' (default: 1)")
    add("--gpu-id", type=int, default=-1, help="run everything on this GPU (default: on CPU)")
    add("--rounds", type=int, default=7, help="rounds that count (default: 7)")
    add("--texts", type=Path, help=".spacy, .conllu, .jsonl or .txt file to read")
    add("--vectors", type=Path, help=f"pretrained ones, for the section {SUBWORDS}")
    add("--output", type=Path, help="directory for a JSON file a section (default: results/speed*)")
    add("--quick", action="store_true", help="only show that it runs, and keep no results")
    return options


def use_gpu(gpu_id: int) -> str | None:
    """RETURNS (Optional[str]): The name of the GPU that is used from now on; none below 0."""
    import spacy
    import torch

    if gpu_id < 0:
        return None
    try:
        spacy.require_gpu(gpu_id)
    except ValueError as error:
        reason = str(error).rstrip(".")
        raise BenchmarkError(
            f"Can't use GPU {gpu_id}: {reason}. Install torch with CUDA and cupy, or leave "
            "--gpu-id out."
        ) from error
    return torch.cuda.get_device_name(gpu_id)


def main(args: Sequence[str] | None = None) -> int:
    options = parser().parse_args(args)
    limit_threads(options.threads)
    # Only now, so that their libraries start with these threads.
    import cell_sections
    import encoder_sections
    import engine_sections
    import sections
    from texts import SAMPLE, read_texts, treebank

    output = options.output
    if output is None and not options.quick:
        suffix = "" if options.threads == 1 else f"-{options.threads}-threads"
        output = RESULTS / f"speed{suffix if options.gpu_id < 0 else '-gpu'}"
    try:
        if options.rounds < 1:
            raise BenchmarkError(f"--rounds is {options.rounds}: expected 1 or more.")
        if SUBWORDS in options.only and not (options.vectors and options.vectors.is_dir()):
            raise BenchmarkError(
                f"The section {SUBWORDS} needs --vectors, which is {options.vectors}: expected the "
                "folder that 'spacy rnn subwords' wrote."
            )
        source = options.texts or (SAMPLE if options.quick else treebank())
        texts = read_texts(source)[: 40 if options.quick else None]
        gpu = use_gpu(options.gpu_id)
    except BenchmarkError as error:
        say(str(error))
        return 1
    rounds = 1 if options.quick else options.rounds
    result: dict[str, Any] = {
        **environment(),
        "threads": options.threads,
        "gpu": gpu,
        "rounds": rounds,
        "texts": {"file": source.name, "texts": len(texts)},
        "quick": options.quick,
    }
    setting = Setting(texts, rounds, options.quick, options.vectors)
    modules = (sections, encoder_sections, cell_sections, engine_sections)
    measure = {name: run for module in modules for name, run in module.SECTIONS.items()}
    for name in options.only:
        say(f"== {name}")
        rows = measure[name](setting)
        if output is not None:
            write_json(output / f"{name}.json", {**result, "section": name, "rows": rows})
        for row in rows:
            print(
                f"{name:9} {row['case']:34} {row['system']:32} "
                f"{row['median']:12,.2f} {row['metric']:9} {row['ratio']:6.2f}x"
            )
    return 0


if __name__ == "__main__":
    sys.exit(main())
