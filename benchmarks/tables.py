"""The tables of accuracy.py: what is trained on what."""

import hashlib
import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from harness import ROOT, BenchmarkError, read_json

OURS = ROOT / "configs"
PROGRAMS = Path(__file__).resolve().parent
RIVALS = PROGRAMS / "configs"
SPLITS = ("train", "dev", "test")

# The config that is made for the texts of a set, configs/textcat_*.cfg.
REGIMES = {
    "banking77": "intents",
    "clinc150": "intents",
    "sst2": "sentences",
    "ag_news": "long",
    "imdb": "long",
}


@dataclass(frozen=True)
class Row:
    """A pipeline to train.

    name (str): The name in the table.
    config (Path): The config file; or a program that takes the files of train, dev and test, and
        writes the scores.
    overrides (Dict[str, Any]): Settings that differ from the file, by dotted name.
    training (Optional[Path]): A config file whose [training] block, apart from the scores, takes
        the place of this config's: to compare architectures that are trained alike.
    speed (Optional[str]): The same pipeline's name in the results of speed.py.
    calibrate (bool): Whether to calibrate the trained pipeline on dev, and fit its thresholds.
    """

    name: str
    config: Path
    overrides: dict[str, Any] = field(default_factory=dict)
    training: Path | None = None
    speed: str | None = None
    calibrate: bool = False

    @property
    def is_program(self) -> bool:
        return self.config.suffix == ".py"

    @property
    def slug(self) -> str:
        return re.sub(r"\W+", "-", self.name.lower()).strip("-")


@dataclass(frozen=True)
class Table:
    """Rows that are trained on the same data.

    corpus (Path): Directory with a file each for train, dev and test, named [NAME-]SPLIT.spacy;
        where "oos_auroc" is a score, also with texts that have no label, outside/SPLIT.spacy.
    commands (Tuple[str, ...]): The commands of project.yml that make the corpus.
    scores (Tuple[str, ...]): The scores to report, the most important first.
    gold_preproc (bool): Whether tokens and sentences are given.
    rows (List[Row]): The rows.
    """

    corpus: Path
    commands: tuple[str, ...]
    scores: tuple[str, ...]
    gold_preproc: bool
    rows: list[Row]

    def data(self, split: str) -> Path:
        """RETURNS (Path): The file of a split.
        RAISES (BenchmarkError): If there is not exactly one.
        """
        found = [*self.corpus.glob(f"{split}.spacy"), *self.corpus.glob(f"*-{split}.spacy")]
        if len(found) != 1:
            steps = " and ".join(f"'python -m spacy project run {each}'" for each in self.commands)
            raise BenchmarkError(
                f"Can't train on {self.corpus}: found {len(found)} files for the {split} split, "
                f"expected one, {split}.spacy or NAME-{split}.spacy. Make the corpus with {steps}, "
                f"or give its directory with --corpus."
            )
        return found[0]

    def outside(self, split: str) -> Path:
        """RETURNS (Path): The file of a split's texts that have no label."""
        return self.corpus / "outside" / f"{split}.spacy"


@dataclass(frozen=True)
class Run:
    """One row of a table with one seed, and where its files go."""

    table: Table
    row: Row
    seed: int
    result: Path
    folder: Path

    @property
    def label(self) -> str:
        return f"{self.row.name}, seed {self.seed}"

    def config(self) -> str:
        """RETURNS (str): The row's config with its overrides, as it is trained, or its program."""
        from spacy.util import load_config

        if self.row.is_program:
            return self.row.config.read_text(encoding="utf8")
        config = load_config(self.row.config, overrides=self.row.overrides, interpolate=False)
        if self.row.training is not None:
            training = load_config(self.row.training, interpolate=False)["training"]
            kept = {key: config["training"][key] for key in ("score_weights", "logger")}
            config["training"] = {**training, **kept}
        text: str = config.to_str()
        return text

    def fingerprint(self) -> str:
        """RETURNS (str): Changes with whatever a user may change: config, seed and data."""
        calibrated = ", calibrated" if self.row.calibrate else ""
        digest = hashlib.sha256(f"{self.config()}\n{self.seed}{calibrated}".encode())
        for split in SPLITS:
            digest.update(self.table.data(split).read_bytes())
        return digest.hexdigest()

    def is_finished(self) -> bool:
        if not self.result.exists():
            return False
        return bool(read_json(self.result).get("fingerprint") == self.fingerprint())


def tables() -> dict[str, Table]:
    """RETURNS (Dict[str, Table]): The tables by name."""
    return {**text_tables(), **entity_tables(), "ud": tag_table()}


def cell(component: str) -> str:
    return f"components.{component}.model.tok2vec.cell"


def text_tables() -> dict[str, Table]:
    gru, ensemble = {cell("rnn_textcat"): "gru"}, RIVALS / "textcat_ensemble.cfg"
    stock, ours = RIVALS / "textcat_torch_bilstm.cfg", OURS / "textcat.cfg"
    sample = [
        Row("spaCy bag of words", RIVALS / "textcat_bow.cfg"),
        Row("spaCy CNN", RIVALS / "textcat_cnn.cfg"),
        Row("spaCy ensemble", ensemble),
        Row("spaCy ensemble, trained like rnn_textcat", ensemble, training=ours),
        Row("spaCy TorchBiLSTM", stock),
        Row("spaCy TorchBiLSTM, trained like rnn_textcat", stock, training=ours),
        Row("rnn_textcat lstm", ours),
        Row("rnn_textcat gru", ours, gru),
    ]
    tables = {
        "sample": Table(
            corpus=ROOT / "corpus" / "sample" / "textcat",
            commands=("prepare",),
            scores=("cats_macro_f", "cats_micro_f"),
            gold_preproc=False,
            rows=sample,
        )
    }
    for name, regime in REGIMES.items():
        config = OURS / f"textcat_{regime}.cfg"
        rows = [
            Row("TF-IDF, LinearSVC", PROGRAMS / "linear.py"),
            Row("spaCy bag of words", RIVALS / "textcat_bow.cfg"),
            Row("spaCy CNN", RIVALS / "textcat_cnn.cfg"),
            Row("spaCy ensemble", ensemble),
            Row("rnn_textcat lstm", config),
            Row("rnn_textcat gru", config, gru),
        ]
        if name == "imdb":
            whole = {"components.rnn_textcat.model.window": 0}
            rows += [
                Row("rnn_textcat lstm, no windows", config, whole),
                Row("rnn_textcat gru, no windows", config, {**gru, **whole}),
            ]
        scores = ("cats_micro_f", "cats_macro_f")
        tables[name] = Table(
            corpus=ROOT / "corpus" / "hub" / name,
            commands=(f"hub-{name}",),
            scores=(*scores, "oos_auroc") if name == "clinc150" else scores,
            gold_preproc=False,
            rows=rows,
        )
    multilabel = OURS / "textcat_multilabel.cfg"
    tables["clinc150_rare"] = Table(
        corpus=ROOT / "corpus" / "hub" / "clinc150_rare",
        commands=("hub-clinc150",),
        scores=("cats_macro_ap", "cats_macro_f"),
        gold_preproc=False,
        rows=[
            Row("TF-IDF, LinearSVC", PROGRAMS / "linear.py"),
            Row("spaCy bag of words", RIVALS / "textcat_multilabel_bow.cfg"),
            Row("spaCy ensemble", RIVALS / "textcat_multilabel_ensemble.cfg"),
            Row("rnn_textcat_multilabel lstm", multilabel),
            Row("rnn_textcat_multilabel gru", multilabel, {cell("rnn_textcat_multilabel"): "gru"}),
        ],
    )
    return tables


def entity_tables() -> dict[str, Table]:
    config = OURS / "ner.cfg"
    rows = [
        Row("spaCy ner, CNN", RIVALS / "ner_cnn.cfg"),
        Row("spaCy ner, TorchBiLSTM", RIVALS / "ner_torch_bilstm.cfg"),
        Row("rnn_ner lstm", config, calibrate=True),
        Row("rnn_ner gru", config, {cell("rnn_ner"): "gru"}, calibrate=True),
    ]
    corpora = {
        "uner": ROOT / "corpus" / "ner" / "uner",
        "wnut17": ROOT / "corpus" / "ner" / "wnut17",
        "sample-ner": ROOT / "corpus" / "sample" / "ner",
    }
    return {
        name: Table(
            corpus=corpus,
            commands=("prepare",) if name == "sample-ner" else ("ner-assets", "ner-convert"),
            scores=("ents_f", "ents_p", "ents_r"),
            gold_preproc=True,
            rows=rows,
        )
        for name, corpus in corpora.items()
    }


def tag_table() -> Table:
    config, lstm, gru = OURS / "tagger.cfg", *({cell("rnn_tagger"): c} for c in ("lstm", "gru"))
    cnn, stock = RIVALS / "tagger_cnn.cfg", RIVALS / "tagger_torch_bilstm.cfg"
    cnn_speed, stock_speed = "spaCy CNN", "spaCy TorchBiLSTM 256 x 2"
    return Table(
        corpus=ROOT / "corpus" / "ud" / "UD_English-EWT",
        commands=("ud-assets", "ud-convert"),
        scores=("tag_acc",),
        gold_preproc=True,
        rows=[
            Row("spaCy CNN", cnn, speed=cnn_speed),
            Row("spaCy CNN, trained like rnn_tagger", cnn, training=config, speed=cnn_speed),
            Row("spaCy TorchBiLSTM", stock, speed=stock_speed),
            Row("spaCy TorchBiLSTM, trained like rnn_tagger", stock, {}, config, stock_speed),
            Row("rnn_tagger lstm", config, lstm, speed="rnn_tagger lstm 256 x 2"),
            Row("rnn_tagger gru", config, gru, speed="rnn_tagger gru 256 x 2"),
        ],
    )
