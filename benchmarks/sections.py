"""The sections of speed.py. Each takes the setting and returns rows."""

import json
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property, partial
from pathlib import Path
from statistics import quantiles
from time import perf_counter
from typing import Any

import spacy
import torch
from harness import Metrics, Row, Task, interleave
from spacy.language import Language
from spacy.training import Example
from spacy.training.batchers import minibatch_by_words
from systems import (
    OURS,
    SPACY_NER,
    SPACY_TAGGER,
    SPACY_TEXTCAT,
    STOCK,
    Build,
    Encode,
    count_words,
    crf_methods,
    document_lengths,
    encoder_model,
    encoder_steps,
    encoders,
    examples,
    flops_per_token,
    initialized,
    random_arrays,
    recognizers,
    taggers,
    textcats,
    trained,
)
from thinc.api import Adam

BATCH = 256
WORDS_PER_UPDATE = 1000
# Every Language loads the components of all installed packages, where it is first made.
IMPORTS = """
import json
from importlib.metadata import EntryPoint
from time import perf_counter

ours, load = 0.0, EntryPoint.load
def timed(point):
    global ours
    start = perf_counter()
    loaded = load(point)
    ours += (perf_counter() - start) * point.value.startswith("spacy_rnn.")
    return loaded
EntryPoint.load = timed

start = perf_counter()
import spacy
imported = perf_counter()
spacy.blank("en")
made = perf_counter()
steps = {"import spacy": imported - start, "spacy.blank": made - imported}
steps["of which spacy-rnn"] = ours
print(json.dumps({step: seconds * 1e3 for step, seconds in steps.items()}))
"""


@dataclass
class Setting:
    """What all sections share.

    texts (List[str]): Sentences or documents.
    rounds (int): Rounds that count.
    quick (bool): Only show that the programs run: the figures mean nothing.
    """

    texts: list[str]
    rounds: int
    quick: bool = False

    @property
    def sizes(self) -> list[tuple[int, int]]:
        return [(32, 1)] if self.quick else [(128, 1), (256, 2)]

    @cached_property
    def tagger_pipelines(self) -> dict[str, Language]:
        return self.initialized(taggers(self.sizes))

    @cached_property
    def textcat_pipelines(self) -> dict[str, Language]:
        return self.initialized(textcats(self.sizes))

    @cached_property
    def ner_pipelines(self) -> dict[str, Language]:
        sizes = [(32, 1)] if self.quick else [(128, 1), (256, 1)]
        builds = recognizers(sizes)
        return {name: trained(build, self.texts[:100]) for name, build in builds.items()}

    def initialized(self, builds: Mapping[str, Build]) -> dict[str, Language]:
        return {name: initialized(build, self.texts[:100]) for name, build in builds.items()}

    def cases(self) -> Iterator[tuple[str, dict[str, Language], str]]:
        yield "tagger", self.tagger_pipelines, SPACY_TAGGER
        yield "ner", self.ner_pipelines, SPACY_NER
        yield "textcat", self.textcat_pipelines, SPACY_TEXTCAT


def rate(unit: str, amount: float, run: Callable[[], Any]) -> Metrics:
    start = perf_counter()
    run()
    return {f"{unit}/s": amount / (perf_counter() - start)}


def pipeline(setting: Setting) -> list[Row]:
    """Words per second of `nlp.pipe` from text, in texts that were never read before and in texts
    that were. Words that are known from earlier texts are cheaper: in spaCy's tokenizer and vocab,
    and in whatever else remembers them.
    """
    parts = setting.rounds + 1
    slices = [setting.texts[i::parts] for i in range(parts)]
    words = [count_words(texts) for texts in slices]

    def unseen(nlp: Language) -> Task:
        return lambda number: rate("words", words[number], lambda: read(nlp, slices[number]))

    def seen(nlp: Language) -> Task:
        return lambda number: rate("words", sum(words), lambda: read(nlp, setting.texts))

    rows = []
    for case, pipelines, baseline in setting.cases():
        for kind, task in (("new texts", unseen), ("known texts", seen)):
            tasks = {name: task(nlp) for name, nlp in pipelines.items()}
            rows += interleave(f"{case}, {kind}", tasks, setting.rounds, baseline)
    return rows


def read(nlp: Language, texts: Sequence[str]) -> None:
    for _ in nlp.pipe(texts, batch_size=BATCH):
        pass


def encoder(setting: Setting) -> list[Row]:
    """Tokens per second of the encoder alone, and the share of this machine's matrix rate that its
    products reach.
    """
    nlp = spacy.blank("en")
    lengths = [len(nlp.make_doc(text)) for text in setting.texts]
    kinds = {
        "sentences": lengths,
        "documents": document_lengths(1_000 if setting.quick else 60_000),
    }
    rows = interleave("products", products(), setting.rounds, "torch matmul")
    peak = max(row["median"] for row in rows) * 1e9
    for width, depth in setting.sizes:
        systems = encoders(width, depth)
        for kind, sizes in kinds.items():
            case = f"{kind}, {width} x {depth}"
            tasks = {name: encoding(encode, sizes, width) for name, encode in systems.items()}
            for row in interleave(case, tasks, setting.rounds, STOCK):
                flops = flops_per_token(row["system"], width, depth)
                row["share_of_matrix_rate"] = row["median"] * flops / peak
                rows.append(row)
    return rows


def crf(setting: Setting) -> list[Row]:
    """Nanoseconds per token of a conditional random field, against the encoder before it."""
    nlp = spacy.blank("en")
    width = 32 if setting.quick else 128
    lengths = [len(nlp.make_doc(text)) for text in setting.texts]
    encoder = {f"{name} {width} x 1": encoder_model(name, width, 1).predict for name in OURS}
    baseline, *_ = encoder
    tasks = {name: nanoseconds(encode, lengths, width) for name, encode in encoder.items()}
    for tags in (9, 50):
        for name, run in crf_methods(tags).items():
            tasks[name] = nanoseconds(run, lengths, tags)
    return interleave("sentences", tasks, setting.rounds, baseline)


def nanoseconds(encode: Encode, lengths: Sequence[int], width: int, batch: int = BATCH) -> Task:
    run = encoding(encode, lengths, width, batch)
    return lambda number: {"ns/token": 1e9 / run(number)["tokens/s"]}


def encoding(encode: Encode, lengths: Sequence[int], width: int, batch: int = BATCH) -> Task:
    """RETURNS (Task): Encode arrays of the given lengths, batch by batch."""
    arrays = random_arrays(lengths, width)
    batches = [arrays[i : i + batch] for i in range(0, len(arrays), batch)]
    return lambda _: rate("tokens", sum(lengths), lambda: [encode(each) for each in batches])


def products(size: int = 1024, repeats: int = 10) -> dict[str, Task]:
    """RETURNS (Dict[str, Task]): Measure the rate of square fp32 products."""
    X, W = torch.rand(size, size), torch.rand(size, size)
    run: dict[str, Callable[[], Any]] = {"torch matmul": lambda: torch.matmul(X, W)}
    # Private to torch, and absent from some builds.
    if hasattr(torch.ops.mkldnn, "_linear_pointwise"):
        linear = torch.ops.mkldnn._linear_pointwise
        run["torch oneDNN linear"] = lambda: linear(X, W, None, "none", [], "")
    amount = repeats * 2 * size**3 / 1e9

    def task(once: Callable[[], Any]) -> Task:
        return lambda _: rate("GFLOP", amount, lambda: [once() for _ in range(repeats)])

    return {name: task(once) for name, once in run.items()}


def training(setting: Setting) -> list[Row]:
    """Words per second of `nlp.update`, examples being new in every round."""
    texts = setting.texts[: 30 if setting.quick else 500]
    words = count_words(texts)

    def task(nlp: Language) -> Task:
        optimizer = Adam(0.001)

        def update(batches: Sequence[list[Example]]) -> None:
            for batch in batches:
                nlp.update(batch, drop=0.1, sgd=optimizer)

        def run(_: int) -> Metrics:
            batches = list(minibatch_by_words(examples(texts, nlp), WORDS_PER_UPDATE))
            return rate("words", words, lambda: update(batches))

        return run

    # Other sections get pipelines that were not trained.
    pipelines = setting.initialized(taggers(setting.sizes))
    tasks = {name: task(nlp) for name, nlp in pipelines.items()}
    return interleave("tagger", tasks, setting.rounds, SPACY_TAGGER)


def latency(setting: Setting) -> list[Row]:
    """Milliseconds of `nlp(text)` for single texts of at most 100 characters."""
    texts = [text for text in setting.texts if len(text) <= 100][: 20 if setting.quick else 200]

    def task(nlp: Language) -> Task:
        return lambda _: percentiles([milliseconds(partial(nlp, text)) for text in texts])

    rows = []
    for case, pipelines, baseline in setting.cases():
        tasks = {name: task(nlp) for name, nlp in pipelines.items()}
        rows += interleave(case, tasks, setting.rounds, baseline)
    return rows


def milliseconds(run: Callable[[], Any]) -> float:
    start = perf_counter()
    run()
    return (perf_counter() - start) * 1e3


def percentiles(times: Sequence[float]) -> Metrics:
    hundredths = quantiles(times, n=100, method="inclusive")
    return {"ms p50": hundredths[49], "ms p99": hundredths[98]}


def load(setting: Setting) -> list[Row]:
    """Milliseconds of `spacy.load`, and of the imports that having this package installed adds to
    a new process.
    """
    rows = []
    tasks: dict[str, Task]
    with tempfile.TemporaryDirectory() as folder:
        for case, pipelines, baseline in setting.cases():
            tasks = {}
            for name, nlp in pipelines.items():
                path = Path(folder) / case / name.replace(" ", "_")
                path.parent.mkdir(exist_ok=True)
                nlp.to_disk(path)
                tasks[name] = loading(path)
            rows += interleave(f"spacy.load, {case}", tasks, setting.rounds, baseline)
    tasks = {name: times.__getitem__ for name, times in import_times(setting.rounds).items()}
    return rows + interleave("new process", tasks, setting.rounds, "import spacy")


def loading(path: Path) -> Task:
    return lambda _: {"ms": milliseconds(lambda: spacy.load(path))}


def import_times(rounds: int) -> dict[str, list[Metrics]]:
    """RETURNS (Dict[str, List[Metrics]]): Milliseconds of each step of `IMPORTS`, by process."""
    command = [sys.executable, "-c", IMPORTS]
    runs = [
        json.loads(subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True).stdout)
        for _ in range(rounds + 1)
    ]
    return {name: [{"ms": run[name]} for run in runs] for name in runs[0]}


def length(setting: Setting) -> list[Row]:
    """Nanoseconds per token of the encoder: by length of document with equally many tokens in all,
    in prediction and in training, by documents in a batch, and by width.
    """
    rows = []
    width, tokens = (32, 1_000) if setting.quick else (128, 100_000)
    for each in [n for n in (10, 100, 1_000, 10_000, 100_000) if n <= tokens]:
        lengths = [each] * (tokens // each)
        case = f"documents of {each:,} tokens"
        rows += per_token(case, encoders(width, 1), lengths, width, tokens, setting)
    tokens = min(tokens, 10_000)
    for each in [n for n in (10, 100, 1_000, 10_000) if n <= tokens]:
        lengths = [each] * (tokens // each)
        case = f"training, documents of {each:,} tokens"
        rows += per_token(case, encoder_steps(width, 1), lengths, width, tokens, setting)
    lengths = [15] * (32 if setting.quick else 1024)
    for batch in [n for n in (1, 8, 32, 128, 1024) if n <= len(lengths)]:
        case = f"batches of {batch:,} sentences"
        rows += per_token(case, encoders(width, 1), lengths, width, batch, setting)
    for each in (32, 64) if setting.quick else (64, 128, 256, 512):
        case = f"width {each}, sentences"
        rows += per_token(case, encoders(each, 1), lengths, each, BATCH, setting)
    return rows


def per_token(
    case: str,
    systems: Mapping[str, Encode],
    lengths: Sequence[int],
    width: int,
    batch: int,
    setting: Setting,
) -> list[Row]:
    tasks = {name: nanoseconds(encode, lengths, width, batch) for name, encode in systems.items()}
    return interleave(case, tasks, setting.rounds, STOCK)


SECTIONS: Mapping[str, Callable[[Setting], list[Row]]] = {
    "pipeline": pipeline,
    "encoder": encoder,
    "crf": crf,
    "training": training,
    "latency": latency,
    "load": load,
    "length": length,
}
