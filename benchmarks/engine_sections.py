"""The section of speed.py about what predicts on CPU: torch, or ONNX Runtime with the same weights.
It takes the setting and returns rows.
"""

import json
import subprocess
import sys
import tempfile
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from itertools import product
from pathlib import Path
from typing import Any

from encoder_sections import BATCH, TOKENS_PER_SECOND, sentence_lengths, task
from encoders import OURS, document_lengths, encoder_model, random_arrays
from harness import Metrics, Row, Setting, Task, interleave, milliseconds, percentiles, rate
from sections import few, made, single
from spacy.language import Language
from systems import CELLS, Build, rnn_tok2vec, with_component
from thinc.api import Model

ENGINES = ("torch", "onnx")
THREADS = 8
# A pipeline's start in a new process, after the imports that any pipeline takes.
START = """
import json
import sys
from time import perf_counter
import spacy, torch, spacy_rnn.architectures

torch.set_num_threads(1)
start = perf_counter()
nlp = spacy.load(sys.argv[1])
loaded = perf_counter()
nlp("The weather is fine.")
first = perf_counter()
nlp("The weather was fine.")
seconds = [loaded - start, first - loaded, perf_counter() - first]
print(json.dumps([each * 1e3 for each in seconds]))
"""


def engines(setting: Setting) -> list[Row]:
    """By engine and cell: tokens per second of the encoder alone, in batches, and milliseconds of a
    single text; milliseconds of `nlp(text)`; texts per second of threads that call one pipeline at
    once; and a pipeline's start.
    """
    sizes = setting.sizes if setting.quick else [(128, 1), (256, 1), (256, 2)]
    rows = [row for size in sizes for row in alone(setting, *size)]
    pipelines = made(taggers(*sizes[0]), setting)
    baseline = next(iter(pipelines))
    latencies = {name: single(nlp, setting) for name, nlp in pipelines.items()}
    rows += interleave("nlp(text)", latencies, setting.rounds, baseline)
    return rows + at_once(setting, pipelines) + starts(setting, pipelines)


def alone(setting: Setting, width: int, depth: int) -> list[Row]:
    """RETURNS (List[Row]): The encoder alone."""
    models = {
        f"{cell} {engine}": encoder_model(name, width, depth, engine=engine)
        for (cell, name), engine in product(zip(CELLS, OURS, strict=True), ENGINES)
    }
    models["lstm onnx, int8"] = encoder_model(OURS[0], width, depth, precision="int8")
    kinds = {
        "sentences": sentence_lengths(setting)[: 40 if setting.quick else 1000],
        "documents": document_lengths(1_000 if setting.quick else 30_000),
    }
    rows = []
    for kind, lengths in kinds.items():
        tasks = {
            name: task(TOKENS_PER_SECOND, model.predict, lengths, width, BATCH)
            for name, model in models.items()
        }
        rows += interleave(f"{kind}, {width} x {depth}", tasks, few(setting), next(iter(models)))
    tasks = {name: one_text(model, width, setting) for name, model in models.items()}
    case = f"one text of 10 tokens, {width} x {depth}"
    return rows + interleave(case, tasks, setting.rounds, next(iter(models)))


def one_text(model: Model[Any, Any], width: int, setting: Setting) -> Task:
    arrays, times = random_arrays([10], width), 20 if setting.quick else 200
    run = partial(model.predict, arrays)
    return lambda _: percentiles([milliseconds(run) for _ in range(times)])


def taggers(width: int, depth: int) -> dict[str, Build]:
    """RETURNS (Dict[str, Build]): Taggers by cell and engine."""
    found = {}
    for cell, engine in product(CELLS, ENGINES):
        tok2vec = rnn_tok2vec(cell, width, depth, learn_unknown=True, engine=engine)
        model = {"@architectures": "spacy-rnn.Tagger.v1", "tok2vec": tok2vec}
        found[f"rnn_tagger {cell} {engine}"] = with_component("rnn_tagger", model)
    return found


def at_once(setting: Setting, pipelines: Mapping[str, Language]) -> list[Row]:
    """RETURNS (List[Row]): Threads that call one `nlp`, as those of a web service do."""
    texts = setting.texts[: 40 if setting.quick else 1000]
    # Ten at a time, so that the thread that hands them out is not one more that wants Python.
    parts = [texts[i : i + 10] for i in range(0, len(texts), 10)]

    def calls(nlp: Language, threads: int) -> Task:
        def read(part: list[str]) -> None:
            for text in part:
                nlp(text)

        def run(_: int) -> Metrics:
            with ThreadPoolExecutor(threads) as pool:
                return rate("texts", len(texts), lambda: list(pool.map(read, parts)))

        return run

    rows = []
    for name, nlp in pipelines.items():
        tasks = {str(n): calls(nlp, n) for n in (1, THREADS)}
        rows += interleave(f"{name}, threads at once", tasks, few(setting), "1")
    return rows


def starts(setting: Setting, pipelines: Mapping[str, Language]) -> list[Row]:
    """RETURNS (List[Row]): A pipeline's start, each time in a new process."""
    with tempfile.TemporaryDirectory() as folder:
        tasks = {}
        for name, nlp in pipelines.items():
            path = Path(folder) / name.replace(" ", "_")
            nlp.to_disk(path)
            tasks[name] = partial(start, path)
        return interleave("new process", tasks, few(setting), next(iter(tasks)))


def start(path: Path, _: int) -> Metrics:
    command = [sys.executable, "-c", START, str(path)]
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True)
    load, first, second = json.loads(done.stdout)
    return {"ms spacy.load": load, "ms load and first text": load + first, "ms second text": second}


SECTIONS: Mapping[str, Callable[[Setting], list[Row]]] = {"engines": engines}
