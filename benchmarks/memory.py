"""Measure the peak memory of a batch, above what was in use before: one-line documents with one of
100,000 tokens among them, and documents of one length with 100,000 tokens in all. Every measurement
is a process of its own.
"""

import json
import signal
import subprocess
import sys
from argparse import ArgumentParser
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from harness import RESULTS, environment, limit_threads, say, write_json

STOCK = "spacy.TorchBiLSTMEncoder.v1"
OURS = ("spacy-rnn.BiLSTMEncoder.v1", "spacy-rnn.BiGRUEncoder.v1")
SHORT = 12
STATUS = Path("/proc/self/status")


@dataclass(frozen=True)
class Case:
    """What one process measures.

    system (str): Name of a pipeline or encoder in systems.py.
    work (str): "predict", or "update" for one training step.
    short (int): Tokens of all documents but one.
    long (int): Tokens of that one.
    docs (int): Documents in the batch.
    width (int): Width of the recurrent encoder.
    """

    system: str
    work: str
    short: int
    long: int
    docs: int
    width: int

    @property
    def lengths(self) -> list[int]:
        return [self.short] * (self.docs - 1) + [self.long]

    @property
    def batch(self) -> str:
        if self.short == self.long:
            return f"{self.docs:,} of {self.long:,} tokens"
        return f"{self.docs - 1:,} of {self.short:,} tokens and one of {self.long:,}"


def cases(long: int, peer_long: int, docs: int, width: int) -> Iterator[Case]:
    """RETURNS (Iterator[Case]): All cases. spaCy's recurrent encoder pads every document to the
    longest, so that its long document is shorter; ours are measured at both lengths. Taggers are
    also measured on documents of one length.
    """
    size = f"{width} x 1"
    taggers = ["spaCy CNN", f"rnn_tagger lstm {size}", f"rnn_tagger gru {size}"]
    textcats = ["spaCy ensemble", f"rnn_textcat lstm {size}", f"rnn_textcat gru {size}"]
    runs = [(name, SHORT, long, docs) for name in [*taggers, *textcats, *OURS]]
    peers = [STOCK, *OURS] if peer_long != long else [STOCK]
    runs += [(name, SHORT, peer_long, docs) for name in peers]
    for length in (n for n in (10, 1_000, 100_000) if n <= long):
        runs += [(name, length, length, long // length) for name in taggers]
    for name, *lengths in runs:
        for work in ("predict", "update"):
            yield Case(name, work, *lengths, width)


def run_case(case: Case, timeout: float) -> dict[str, Any]:
    """Measure in a new process.

    RETURNS (Dict[str, Any]): The case with "peak_mib", or with "error" where it has not ended.
    """
    command = [sys.executable, __file__, "--measure", json.dumps(asdict(case))]
    try:
        process = subprocess.run(command, capture_output=True, text=True, timeout=timeout)
    except subprocess.TimeoutExpired:
        return {**asdict(case), "error": f"not done after {timeout:.0f} s"}
    lines = process.stdout.splitlines()
    if process.returncode or not lines:
        reason = (process.stderr.strip().splitlines() or [f"exit code {process.returncode}"])[-1]
        return {**asdict(case), "error": reason}
    return {**asdict(case), **json.loads(lines[-1])}


# In the new process


def measure(case: Case) -> dict[str, Any]:
    """Run the case and find how far memory rises above what is in use before."""
    prepare = prepare_encoder if case.system in (STOCK, *OURS) else prepare_pipeline
    warm_up, run = prepare(case)
    warm_up()
    limit_memory()
    reset_peak()
    before = memory("VmRSS")
    try:
        run()
    except (MemoryError, RuntimeError) as error:
        if isinstance(error, RuntimeError) and "memory" not in str(error):
            raise
        return {"baseline_mib": before, "error": "out of memory"}
    return {"baseline_mib": before, "peak_mib": max(0.0, memory("VmHWM") - before)}


def prepare_pipeline(case: Case) -> tuple[Callable[[], Any], Callable[[], Any]]:
    from spacy.tokens import Doc
    from spacy.training import Example
    from systems import initialized, taggers, textcats
    from texts import LABELS, TAGS
    from thinc.api import Adam

    builds = {**taggers([(case.width, 1)]), **textcats([(case.width, 1)])}
    nlp = initialized(builds[case.system], ["A line of text."] * len(TAGS))
    optimizer = Adam(0.001)

    def doc(length: int) -> Doc:
        words = [f"word{i % 5000}" for i in range(length)]
        doc = Doc(nlp.vocab, words=words, tags=[TAGS[i % len(TAGS)] for i in range(length)])
        doc.cats = {label: float(label == LABELS[0]) for label in LABELS}
        return doc

    def task(lengths: Sequence[int]) -> Callable[[], Any]:
        references = [doc(length) for length in lengths]
        docs = [Doc(nlp.vocab, words=[token.text for token in doc]) for doc in references]
        if case.work == "predict":
            return lambda: list(nlp.pipe(docs, batch_size=len(docs)))
        examples = [Example(*pair) for pair in zip(docs, references, strict=True)]
        return lambda: nlp.update(examples, drop=0.1, sgd=optimizer)

    return task([SHORT] * 2), task(case.lengths)


def prepare_encoder(case: Case) -> tuple[Callable[[], Any], Callable[[], Any]]:
    from encoders import encoder_model, random_arrays

    model = encoder_model(case.system, case.width, 1)

    def update(arrays: Any) -> None:
        outputs, backprop = model.begin_update(arrays)
        backprop(outputs)

    work = model.predict if case.work == "predict" else update
    few, many = (random_arrays(lengths, case.width) for lengths in ([SHORT] * 2, case.lengths))
    return lambda: work(few), lambda: work(many)


def memory(field: str) -> float:
    """RETURNS (float): MiB that the process uses (VmRSS) or has used at most (VmHWM)."""
    if STATUS.exists():
        for line in STATUS.read_text(encoding="utf8").splitlines():
            if line.startswith(f"{field}:"):
                return int(line.split()[1]) / 2**10
    import resource

    # Where there is no /proc the peak so far stands for both; macOS counts bytes, others KiB.
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak / 2**20 if sys.platform == "darwin" else peak / 2**10


def reset_peak() -> None:
    """Let the peak start from what is in use now, where the system can."""
    if STATUS.exists():
        Path("/proc/self/clear_refs").write_text("5", encoding="utf8")


def limit_memory() -> None:
    """Let an allocation beyond most of the free memory fail, and not the machine."""
    if not STATUS.exists():
        return
    import resource

    info = Path("/proc/meminfo").read_text(encoding="utf8").split()
    free = int(info[info.index("MemAvailable:") + 1]) * 2**10
    used = int(memory("VmSize") * 2**20)
    resource.setrlimit(resource.RLIMIT_AS, (used + int(0.8 * free), resource.RLIM_INFINITY))


def parser() -> ArgumentParser:
    options = ArgumentParser(description=__doc__)
    add = options.add_argument
    add("--long", type=int, default=100_000, help="tokens of the long document")
    add("--peer-long", type=int, default=10_000, help="the same for spaCy's recurrent encoder")
    add("--docs", type=int, default=256, help="documents in the batch")
    add("--width", type=int, default=128, help="width of the recurrent encoders")
    add("--timeout", type=float, default=900.0, help="seconds that a measurement may take")
    add("--output", type=Path, help="JSON file (default: benchmarks/results/memory.json)")
    add("--quick", action="store_true", help="only show that it runs, and keep no results")
    add("--measure", help="a case as JSON: measure it in this process")
    return options


def main(args: Sequence[str] | None = None) -> int:
    options = parser().parse_args(args)
    if options.measure:
        limit_threads(1)
        print(json.dumps(measure(Case(**json.loads(options.measure)))))
        return 0
    output = options.output or (None if options.quick else RESULTS / "memory.json")
    todo = list(cases(options.long, options.peer_long, options.docs, options.width))
    if options.quick:
        quick = (STOCK, "rnn_tagger lstm 32 x 1")
        todo = [case for case in cases(100, 100, 8, 32) if case.system in quick]
    result: dict[str, Any] = {**environment(), "threads": 1, "quick": options.quick, "rows": []}
    for case in todo:
        row = {"batch": case.batch, **run_case(case, options.timeout)}
        outcome = row.get("error") or f"{row['peak_mib']:,.0f} MiB"
        say(f"{case.system:32} {case.work:8} {case.batch}: {outcome}")
        result["rows"].append(row)
        if output is not None:
            write_json(output, result)
    if output is None:
        print(json.dumps(result["rows"], indent=2))
    return 0


if __name__ == "__main__":
    # Ending this process also ends the one that it has started.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    sys.exit(main())
