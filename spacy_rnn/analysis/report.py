"""Why a pipeline errs: everything about its predictions on annotated texts, in one place."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from platform import python_version
from typing import Any

from spacy.language import Language
from spacy.tokens import Doc
from spacy.training import Example

from .component import Background, ComponentReport, component_report
from .decisions import Decisions, Kind
from .duplicates import Duplicate, near_duplicates
from .footprint import Footprint, footprint, predict
from .judges import judge, kind_of
from .page import frame, page
from .problems import AnalysisError
from .training_log import TrainingLog, find_log

PACKAGES = ("spacy-rnn", "spacy", "thinc", "torch", "numpy")
# What errors and pairs of texts may take of a page, in characters.
PAGE_BUDGET = 900_000


@dataclass(frozen=True)
class Pair:
    """Two texts that are nearly the same.

    doc (int): Which of the test set's texts.
    test (str): The text of the test set.
    train (str): The text of the training data.
    similarity (float): From 0 to 1.
    """

    doc: int
    test: str
    train: str
    similarity: float


@dataclass(frozen=True)
class Report:
    """Everything about a pipeline's predictions on annotated texts. In a notebook it is shown as
    its page.

    title (str): The pipeline.
    data (str): Where the texts are from.
    n_docs (int): Number of texts.
    n_words (int): Number of tokens.
    components (List[ComponentReport]): How each component does.
    log (Optional[TrainingLog]): How the training went.
    log_note (str): Why there is no log, or what is uncertain about it.
    n_train (Optional[int]): Number of training texts, if they are known.
    duplicates (List[Pair]): Texts that are nearly in the training data, the most similar first.
    footprint (Footprint): Size and speed.
    config (str): The pipeline's config.
    versions (Dict[str, str]): Of what the report was made with.
    notes (List[str]): What a reader has to know.
    """

    title: str
    data: str
    n_docs: int
    n_words: int
    components: list[ComponentReport]
    log: TrainingLog | None
    log_note: str
    n_train: int | None
    duplicates: list[Pair]
    footprint: Footprint
    config: str
    versions: dict[str, str]
    notes: list[str] = field(default_factory=list)

    def to_json(self) -> dict[str, Any]:
        """RETURNS (Dict[str, Any]): All of it, as what JSON has."""
        found = asdict(self)
        for mine, component in zip(found["components"], self.components, strict=True):
            reliability = component.reliability
            mine["reliability"] = None if reliability is None else reliability.to_json()
        return found

    def to_html(self) -> str:
        """RETURNS (str): A page that needs no network, below 2 MB. Of more errors than fit, it has
        some of each kind, and says so.
        """
        data = self.to_json()
        budget = PAGE_BUDGET // (len(self.components) + 1)
        for mine in data["components"]:
            mine["n_errors"] = len(mine["errors"])
            mine["errors"] = _fitting(mine["errors"], budget)
        data["n_duplicates"] = len(data["duplicates"])
        data["duplicates"] = _fitting(data["duplicates"], budget)
        return page("report", f"{self.title}: report", data)

    def _repr_html_(self) -> str:
        return frame(self.to_html())


def _fitting(rows: list[dict[str, Any]], budget: int) -> list[dict[str, Any]]:
    """RETURNS (List[Dict[str, Any]]): As many rows as fit, in their order: the first of each pair
    of labels, then the second ones, and so on.
    """
    seen: Counter[Any] = Counter()
    ranks = []
    for i, row in enumerate(rows):
        cell = row.get("gold"), row.get("predicted")
        ranks.append((seen[cell], i))
        seen[cell] += 1
    chosen, size = [], 0
    for _, i in sorted(ranks):
        # Beside the texts, a row has names and numbers; letters may be longer in UTF-8.
        size += 120 + sum(len(v.encode()) for v in rows[i].values() if isinstance(v, str))
        if size > budget:
            break
        chosen.append(i)
    return [rows[i] for i in sorted(chosen)]


def report(
    nlp: Language,
    examples: Iterable[Example],
    *,
    train: Iterable[Doc] | None = None,
    log: Path | None = None,
    title: str | None = None,
    data: str = "",
) -> Report:
    """Report on a pipeline.

    nlp (Language): The pipeline.
    examples (Iterable[Example]): Annotated texts, not predicted yet, such as `spacy.Corpus.v1`
        yields.
    train (Optional[Iterable[Doc]]): The annotated texts that it was trained on, to find unknown
        words, rare labels and texts that are nearly among them.
    log (Optional[Path]): The log of its training. By default the file that the pipeline's config
        names, or `log.jsonl` beside the pipeline.
    title (Optional[str]): What to call the pipeline. Its name by default.
    data (str): Where the texts are from, to be shown.
    RETURNS (Report): The report.
    RAISES (AnalysisError): If there are no texts or no annotation, or the log is missing.
    """
    examples = list(examples)
    if not examples:
        raise AnalysisError(
            f"Nothing to report on: got no texts{f' in {data}' if data else ''}, expected "
            "annotated ones. Give a file or folder of .spacy data that is not empty."
        )
    found_log, log_note = find_log(nlp, log)
    kinds = {name: kind_of(pipe) for name, pipe in nlp.pipeline}
    if not any(kinds.values()):
        raise AnalysisError(
            f"Nothing to report on: got the components {', '.join(kinds) or '(none)'}, expected a "
            "text categorizer, a tagger or an entity recognizer among them."
        )
    seconds = predict(nlp, examples)
    judged = judge(nlp, examples)
    if not judged:
        wanted = ", ".join(name for name, kind in kinds.items() if kind)
        raise AnalysisError(
            f"Nothing to compare predictions with{f' in {data}' if data else ''}: got "
            f"{len(examples):,} texts without annotation for {wanted}. Give annotated data, for "
            "instance the test part that 'spacy rnn convert' wrote."
        )
    texts = [example.predicted.text for example in examples]
    n_words = sum(len(example.predicted) for example in examples)
    train_docs = None if train is None else list(train)
    duplicates = (
        [] if train_docs is None else near_duplicates(texts, [doc.text for doc in train_docs])
    )
    background = None if train_docs is None else Background.of(train_docs, duplicates)
    return Report(
        title=title or f"{nlp.meta['lang']}_{nlp.meta['name']}",
        data=data,
        n_docs=len(examples),
        n_words=n_words,
        components=[component_report(each, examples, background) for each in judged],
        log=found_log,
        log_note=log_note,
        n_train=None if train_docs is None else len(train_docs),
        duplicates=_pairs(duplicates, texts, train_docs or []),
        footprint=footprint(nlp, texts, n_words, seconds),
        config=nlp.config.to_str(),
        versions=versions(),
        notes=_notes(nlp, kinds, judged),
    )


def _pairs(duplicates: list[Duplicate], texts: list[str], train: Sequence[Doc]) -> list[Pair]:
    ordered = sorted(duplicates, key=lambda each: (-each.similarity, each.test))
    return [Pair(d.test, texts[d.test], train[d.train].text, d.similarity) for d in ordered]


def _notes(
    nlp: Language, kinds: Mapping[str, Kind | None], judged: Sequence[Decisions]
) -> list[str]:
    told = {decisions.component for decisions in judged}
    open_ = [name for name, kind in kinds.items() if kind and name not in told]
    other = [name for name, pipe in nlp.pipeline if kinds[name] is None and hasattr(pipe, "scorer")]
    notes = []
    if open_:
        notes.append(f"No annotation for {', '.join(open_)} in the data: nothing on it here.")
    if other:
        notes.append(f"Not covered by this report: {', '.join(other)}.")
    return notes


def versions() -> dict[str, str]:
    """RETURNS (Dict[str, str]): Versions of Python and of the packages that matter."""
    found = {"python": python_version()}
    for name in PACKAGES:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            continue
    return found
