"""Measure whether memory stays flat over millions of texts, nearly all of them with words that were
never seen: `spacy rnn annotate` in two processes, and the service that answers 32 clients.

    python benchmarks/endurance.py annotate --texts 1000000 10000000
    python benchmarks/endurance.py service --texts 300000

The memory of every process is sampled each second, on Linux.
"""

import asyncio
import json
import signal
import subprocess
import sys
import tempfile
import time
from argparse import ArgumentParser
from collections.abc import Sequence
from itertools import islice
from pathlib import Path
from threading import Event, Thread
from typing import Any

from generated import make_model, short_texts
from harness import RESULTS, BenchmarkError, environment, limit_threads, read_json, say, write_json
from service import load, serving

TENTHS = 10
CLIENTS = 32
SHARD = 10_000


def resident(process: int) -> float:
    """RETURNS (float): MiB of memory that a process has, 0 once it has ended."""
    try:
        status = Path(f"/proc/{process}/status").read_text(encoding="utf8")
    except OSError:
        return 0.0
    line = next((line for line in status.splitlines() if line.startswith("VmRSS:")), "VmRSS: 0")
    return int(line.split()[1]) / 2**10


def family(process: int) -> list[int]:
    """RETURNS (List[int]): A process and those that it started, without Python's own helpers."""
    try:
        command = Path(f"/proc/{process}/cmdline").read_bytes()
        children = Path(f"/proc/{process}/task/{process}/children").read_text().split()
    except OSError:
        return []
    if b"resource_tracker" in command:
        return []
    return [process, *(each for child in children for each in family(int(child)))]


class Sampler:
    """The memory of a process and those that it started.

    process (int): The first one.
    """

    def __init__(self, process: int) -> None:
        self.process = process
        self.now: dict[int, float] = {}
        self.peaks: dict[int, float] = {}
        self.ended = Event()
        self.thread = Thread(target=self.watch, daemon=True)
        self.thread.start()

    def watch(self) -> None:
        while not self.ended.wait(1.0):
            self.now = {each: resident(each) for each in family(self.process)}
            for each, size in self.now.items():
                self.peaks[each] = max(self.peaks.get(each, 0.0), size)

    def stop(self) -> list[float]:
        """RETURNS (List[float]): The highest memory of each process, in MiB."""
        self.ended.set()
        self.thread.join()
        return [round(size, 1) for size in self.peaks.values()]


def annotate(component: str, texts: int, processes: int) -> dict[str, Any]:
    """RETURNS (Dict[str, Any]): The memory of each process, by tenths of the texts."""
    with tempfile.TemporaryDirectory() as made:
        folder = Path(made)
        model = make_model(component, folder)
        with (folder / "texts.jsonl").open("w", encoding="utf8") as file:
            file.writelines(json.dumps({"text": text}) + "\n" for text in short_texts(texts))
        output = folder / "annotations"
        command = [sys.executable, "-m", "spacy", "rnn", "annotate", str(model), file.name]
        command += [str(output), "--n-process", str(processes), "--shard-size", str(SHARD)]
        start = time.monotonic()
        process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        sampler, tenths = Sampler(process.pid), []
        try:
            while process.poll() is None:
                time.sleep(1.0)
                done = sum(1 for _ in output.glob("*.parquet")) * SHARD
                if len(tenths) < min(TENTHS, done * TENTHS // texts):
                    tenths.append([round(size, 1) for size in sampler.now.values()])
                    say(f"{done:,} of {texts:,} texts: {tenths[-1]} MiB")
        finally:
            process.terminate()
            peaks = sampler.stop()
        if process.wait():
            raise BenchmarkError(f"annotate ended with exit code {process.returncode}.")
    names = ["annotate, reads", *(f"annotate, worker {i}" for i in range(1, processes + 1))]
    names = names if processes > 1 else ["annotate"]
    return {
        "system": component,
        "texts": texts,
        "seconds": round(time.monotonic() - start),
        "processes": names,
        "tenths": tenths,
        "peak_mib": peaks,
    }


def serve(component: str, texts: int) -> dict[str, Any]:
    """RETURNS (Dict[str, Any]): The memory of the service, by tenths of the texts."""
    stream, tenths = short_texts(texts), []
    with tempfile.TemporaryDirectory() as made:
        model = make_model(component, Path(made))
        start = time.monotonic()
        with serving(str(model), 1) as (address, process):
            sampler = Sampler(process)
            for _ in range(TENTHS):
                asyncio.run(load(address, islice(stream, texts // TENTHS), CLIENTS))
                tenths.append([round(resident(process), 1)])
                say(f"{len(tenths)} of {TENTHS} parts: {tenths[-1]} MiB")
            peaks = sampler.stop()
    return {
        "system": component,
        "texts": texts,
        "seconds": round(time.monotonic() - start),
        "processes": ["service"],
        "tenths": tenths,
        "peak_mib": peaks,
    }


def main(args: Sequence[str] | None = None) -> int:
    parser = ArgumentParser(description=__doc__)
    add = parser.add_argument
    add("what", choices=["annotate", "service"])
    add("--texts", type=int, nargs="+", default=[1_000_000], help="one run for each number")
    add("--component", default="rnn_textcat", help="what the pipeline is, with defaults")
    add("--n-process", type=int, default=2, help="processes of annotate")
    add("--output", type=Path, default=RESULTS / "endurance.json", help="JSON file to add to")
    options = parser.parse_args(args)
    if not Path("/proc/self/status").exists():
        say("The memory of other processes is read from /proc: run this on Linux.")
        return 1
    for texts in options.texts:
        if options.what == "service":
            row = serve(options.component, texts)
        else:
            row = annotate(options.component, texts, options.n_process)
        result: Any = read_json(options.output) if options.output.exists() else {"rows": []}
        same = [row[name] for name in ("system", "texts", "processes")]
        rows = [
            kept
            for kept in result["rows"]
            if [kept[name] for name in ("system", "texts", "processes")] != same
        ]
        write_json(options.output, {**environment(), "threads": 1, "rows": [*rows, row]})
        say(f"{row['texts']:,} texts in {row['seconds']} s, at most {row['peak_mib']} MiB")
    return 0


if __name__ == "__main__":
    # Ending this process also ends the one that it has started.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    limit_threads(1)
    sys.exit(main())
