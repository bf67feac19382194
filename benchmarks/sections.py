"""The sections of speed.py about whole pipelines. Each takes the setting and returns rows."""

import json
import subprocess
import sys
import tempfile
from collections.abc import Callable, Mapping, Sequence
from functools import cache, partial
from itertools import chain, cycle, islice
from pathlib import Path

import spacy
from harness import (
    Metrics,
    Row,
    Setting,
    Task,
    interleave,
    milliseconds,
    nanoseconds,
    percentiles,
    rate,
    usable_cores,
)
from spacy.language import Language
from spacy.training import Example
from spacy.training.batchers import minibatch_by_words
from systems import (
    SPACY_NER,
    SPACY_TAGGER,
    SPACY_TEXTCAT,
    Build,
    initialized,
    recognizers,
    taggers,
    textcats,
    thinc_pipelines,
    trained,
)
from texts import count_words, examples

from spacy_rnn.callbacks import models_with_onednn

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


@cache
def cases(setting: Setting) -> list[tuple[str, dict[str, Language], str]]:
    """RETURNS (List[Tuple[str, Dict[str, Language], str]]): The pipelines of each task by name,
    and the name of the one to compare with. Their weights are random, but for entities.
    """
    recognizer_sizes = [(width, 1) for width, _ in setting.sizes]
    return [
        ("tagger", made(taggers(setting.sizes), setting), SPACY_TAGGER),
        ("ner", made(recognizers(recognizer_sizes), setting, trained), SPACY_NER),
        ("textcat", made(textcats(setting.sizes), setting), SPACY_TEXTCAT),
    ]


def made(
    builds: Mapping[str, Build],
    setting: Setting,
    make: Callable[[Build, Sequence[str]], Language] = initialized,
) -> dict[str, Language]:
    return {name: make(build, setting.texts[:100]) for name, build in builds.items()}


def read(nlp: Language, texts: Sequence[str], batch: int = BATCH, n_process: int = 1) -> None:
    for _ in nlp.pipe(texts, batch_size=batch, n_process=n_process):
        pass


def update(nlp: Language, texts: Sequence[str]) -> Task:
    """RETURNS (Task): Words per second of `nlp.update`, examples being new in every round."""
    words, optimizer = count_words(texts), nlp.create_optimizer()

    def learn(batches: Sequence[list[Example]]) -> None:
        for batch in batches:
            nlp.update(batch, drop=0.1, sgd=optimizer)

    def run(_: int) -> Metrics:
        batches = list(minibatch_by_words(examples(texts, nlp), WORDS_PER_UPDATE))
        return rate("words", words, lambda: learn(batches))

    return run


def pipeline(setting: Setting) -> list[Row]:
    """Words per second of `nlp.pipe` from text, in texts that were never read before and in texts
    that were. Words that are known from earlier texts are cheaper: in spaCy's tokenizer and vocab,
    and in whatever else remembers them.
    """
    rows = []
    for case, pipelines, baseline in cases(setting):
        rows += new_and_known(case, pipelines, baseline, setting)
    return rows


def subwords(setting: Setting) -> list[Row]:
    """The same of our taggers and entity recognizers, with pretrained subwords and without."""
    rows = []
    for builds, make in ((taggers, initialized), (recognizers, trained)):
        with_subwords = builds(setting.sizes, setting.vectors)
        for name, build in builds(setting.sizes).items():
            if name.startswith("rnn"):
                pair = {"without": build, "with subwords": with_subwords[name]}
                rows += new_and_known(name, made(pair, setting, make), "without", setting)
    return rows


def new_and_known(
    case: str, pipelines: Mapping[str, Language], baseline: str, setting: Setting
) -> list[Row]:
    """Words per second of `nlp.pipe`, in texts of their own in every round, and in all of them."""
    parts = setting.rounds + 1
    slices = [setting.texts[i::parts] for i in range(parts)]
    words = [count_words(texts) for texts in slices]

    def unseen(nlp: Language) -> Task:
        return lambda number: rate("words", words[number], lambda: read(nlp, slices[number]))

    def seen(nlp: Language) -> Task:
        return lambda _: rate("words", sum(words), lambda: read(nlp, setting.texts))

    rows = []
    for kind, task in (("new texts", unseen), ("known texts", seen)):
        tasks = {name: task(nlp) for name, nlp in pipelines.items()}
        rows += interleave(f"{case}, {kind}", tasks, setting.rounds, baseline)
    return rows


def cores(setting: Setting) -> list[Row]:
    """Words per second of `nlp.pipe` with a process on each core, against a single one. Texts are
    ten joined: single sentences take longer to send to a process and back than to read.
    """
    texts = [" ".join(setting.texts[i : i + 10]) for i in range(0, len(setting.texts), 10)]
    words, processes = count_words(texts), (1, usable_cores())
    pipelines = made(taggers(setting.sizes[:1]), setting)

    def task(nlp: Language, n: int) -> Task:
        return lambda _: rate("words", words, lambda: read(nlp, texts, 16, n))

    tasks = {
        f"{name}, n_process = {n}": task(nlp, n)
        for name, nlp in pipelines.items()
        for n in processes
    }
    return interleave("tagger", tasks, few(setting), f"{SPACY_TAGGER}, n_process = 1")


def few(setting: Setting) -> int:
    """RETURNS (int): Rounds for sections that take long, and show no small differences."""
    return min(setting.rounds, 3)


def growth(setting: Setting) -> list[Row]:
    """Nanoseconds per word of `nlp.pipe`: by length of document with equally many words in all, by
    texts in a batch, and by width.
    """
    width, total = (32, 1_000) if setting.quick else (128, 100_000)
    words = list(islice(cycle(chain.from_iterable(map(str.split, setting.texts))), total))
    pipelines = made(taggers([(width, 1)]), setting)

    def measure(case: str, systems: dict[str, Language], texts: list[str], batch: int) -> list[Row]:
        n_words = count_words(texts)
        tasks = {name: pipe(nlp, texts, batch, n_words) for name, nlp in systems.items()}
        return interleave(case, tasks, few(setting), next(iter(systems)))

    def pipe(nlp: Language, texts: list[str], batch: int, n_words: int) -> Task:
        return lambda _: nanoseconds("word", n_words, lambda: read(nlp, texts, batch))

    rows = []
    for size in [n for n in (10, 100, 1_000, 10_000, 100_000) if n <= total]:
        texts = [" ".join(words[i : i + size]) for i in range(0, total, size)]
        rows += measure(f"documents of {size:,} words", pipelines, texts, len(texts))
    texts = setting.texts[: 32 if setting.quick else 1024]
    for batch in [n for n in (1, 8, 32, 128, 1024) if n <= len(texts)]:
        rows += measure(f"batches of {batch:,} texts", pipelines, texts, batch)
    for size in (32, 64) if setting.quick else (64, 128, 256, 512):
        sized = {n: b for n, b in taggers([(size, 1)]).items() if n != SPACY_TAGGER}
        systems = {name.rsplit(" ", 3)[0]: nlp for name, nlp in made(sized, setting).items()}
        rows += measure(f"width {size}", systems, texts[:BATCH], BATCH)
    return rows


def training(setting: Setting) -> list[Row]:
    """Words per second of `nlp.update`."""
    texts = setting.texts[: 30 if setting.quick else 500]
    # Other sections get pipelines that were not trained.
    pipelines = made(taggers(setting.sizes), setting)
    tasks = {name: update(nlp, texts) for name, nlp in pipelines.items()}
    return interleave("tagger", tasks, setting.rounds, SPACY_TAGGER)


def backend(setting: Setting) -> list[Row]:
    """spaCy's own pipelines with Thinc's default backend and with OneDNNOps: words per second of
    `nlp.pipe` and of `nlp.update`, and milliseconds of a short text.
    """
    texts = setting.texts[:700]
    words = count_words(texts)
    kinds: dict[str, Callable[[Language], Task]] = {
        "nlp.pipe": lambda nlp: lambda _: rate("words", words, lambda: read(nlp, texts)),
        "nlp.update": lambda nlp: update(nlp, texts[:100]),
        "nlp": lambda nlp: single(nlp, setting),
    }
    rows = []
    for name, build in thinc_pipelines().items():
        pipelines = {ops: trained(build, texts[:100], 10) for ops in ("NumpyOps", "OneDNNOps")}
        models_with_onednn()(pipelines["OneDNNOps"])
        for kind, task in kinds.items():
            tasks = {ops: task(nlp) for ops, nlp in pipelines.items()}
            rows += interleave(f"{name}, {kind}", tasks, setting.rounds, "NumpyOps")
    return rows


def single(nlp: Language, setting: Setting) -> Task:
    """RETURNS (Task): Milliseconds of `nlp(text)` for single texts of at most 100 characters."""
    texts = [text for text in setting.texts if len(text) <= 100][: 20 if setting.quick else 200]
    return lambda _: percentiles([milliseconds(partial(nlp, text)) for text in texts])


def latency(setting: Setting) -> list[Row]:
    """Milliseconds of `nlp(text)` for single short texts."""
    rows = []
    for case, pipelines, baseline in cases(setting):
        tasks = {name: single(nlp, setting) for name, nlp in pipelines.items()}
        rows += interleave(case, tasks, setting.rounds, baseline)
    return rows


def load(setting: Setting) -> list[Row]:
    """Milliseconds of `spacy.load`, and of the imports that having this package installed adds to
    a new process.
    """
    rows = []
    tasks: dict[str, Task]
    with tempfile.TemporaryDirectory() as folder:
        for case, pipelines, baseline in cases(setting):
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


SECTIONS: Mapping[str, Callable[[Setting], list[Row]]] = {
    "pipeline": pipeline,
    "cores": cores,
    "growth": growth,
    "training": training,
    "backend": backend,
    "latency": latency,
    "load": load,
    "subwords": subwords,
}
