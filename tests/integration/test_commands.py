"""spaCy's commands work with our components as with its own: configs are made, filled and checked,
pipelines trained, evaluated, assembled and pretrained, and what cannot be trained is refused in a
sentence.
"""

import subprocess
import sys
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import numpy
import pytest
import spacy
import srsly
from spacy.language import Language
from spacy.tokens import Doc, DocBin
from spacy.training.initialize import init_nlp
from spacy.util import load_config
from spacy.vocab import Vocab
from thinc.api import Config, Model

Command = Callable[..., tuple[int, str]]
Facts = list[dict[str, Any]]

CONFIGS = sorted((Path(__file__).parents[2] / "configs").glob("*.cfg"))
COMPONENTS = ("rnn_tagger", "rnn_textcat", "rnn_textcat_multilabel")
FEW_STEPS = ("--training.max_steps", "4", "--training.eval_frequency", "2")


def paths(corpus: Path, train: Path | None = None) -> tuple[str, ...]:
    return ("--paths.train", str(train or corpus), "--paths.dev", str(corpus))


def settings(*path: str, **values: Any) -> Callable[[Config], None]:
    """A change to a section of a config, which is made where there is none."""

    def change(config: Config) -> None:
        section = config
        for name in path:
            section = section.setdefault(name, {})
        section.update(values)

    return change


@pytest.fixture
def make_config(spacy_cli: Command, tmp_path: Path) -> Callable[..., Path]:
    """`spacy init config`, then changes."""

    def make(
        *pipeline: str, changes: Iterable[Callable[[Config], None]] = (), pretrain: bool = False
    ) -> Path:
        path = tmp_path / "config.cfg"
        options = ["--pretraining"] if pretrain else []
        code, output = spacy_cli("init", "config", path, "-p", ",".join(pipeline), *options)
        assert code == 0, output
        config = load_config(path)
        for change in changes:
            change(config)
        config.to_disk(path)
        return path

    return make


@pytest.mark.parametrize("name", COMPONENTS)
def test_init_config(
    name: str, make_config: Callable[..., Path], spacy_cli: Command, corpus: Path
) -> None:
    path = make_config(name)
    component = load_config(path)["components"][name]
    model = component["model"]
    assert component["factory"] == name
    assert model["@architectures"] == (
        "spacy-rnn.Tagger.v1" if name == "rnn_tagger" else "spacy-rnn.TextCat.v1"
    )
    assert model["tok2vec"]["@architectures"] == "spacy-rnn.Tok2Vec.v1"
    assert model["tok2vec"]["width"] > 0
    assert model["tok2vec"]["cell"] == "lstm"
    code, output = spacy_cli("debug", "config", path, *paths(corpus))
    assert code == 0, output


def test_fill_config(spacy_cli: Command, corpus: Path, tmp_path: Path) -> None:
    base, filled = tmp_path / "base.cfg", tmp_path / "filled.cfg"
    base.write_text(
        """
        [nlp]
        lang = "en"
        pipeline = ["rnn_tagger"]

        [components]

        [components.rnn_tagger]
        factory = "rnn_tagger"

        [components.rnn_tagger.model]
        @architectures = "spacy.Tagger.v2"

        [components.rnn_tagger.model.tok2vec]
        @architectures = "spacy.Tok2Vec.v2"
        embed = {"@architectures": "spacy-rnn.Tok2Vec.v1", "width": 64}

        [components.rnn_tagger.model.tok2vec.encode]
        @architectures = "spacy-rnn.BiGRUEncoder.v1"
        width = 64
        """.replace("\n        ", "\n"),
        encoding="utf8",
    )
    code, output = spacy_cli("init", "fill-config", base, filled)
    assert code == 0, output
    tok2vec = load_config(filled)["components"]["rnn_tagger"]["model"]["tok2vec"]
    assert tok2vec["encode"] == {
        "@architectures": "spacy-rnn.BiGRUEncoder.v1",
        "width": 64,
        "depth": 1,
        "dropout": None,
        "residual": False,
        "reset_after": True,
        "engine": "auto",
    }
    assert tok2vec["embed"]["width"] == 64
    assert len(tok2vec["embed"]["attrs"]) == len(tok2vec["embed"]["rows"]) > 0


@pytest.mark.parametrize("config", CONFIGS, ids=lambda path: path.name)
def test_config_of_repository(
    config: Path, spacy_cli: Command, corpus: Path, tmp_path: Path
) -> None:
    filled = tmp_path / "filled.cfg"
    code, output = spacy_cli("init", "fill-config", config, filled)
    assert code == 0, output
    code, output = spacy_cli("debug", "config", filled, *paths(corpus))
    assert code == 0, output
    code, output = spacy_cli("train", config, *paths(corpus), *FEW_STEPS)
    assert code == 0, output


@pytest.mark.parametrize("name", COMPONENTS)
def test_debug(
    name: str, make_config: Callable[..., Path], spacy_cli: Command, corpus: Path
) -> None:
    path = make_config(name)
    steps = ("-P0", "-P1", "-P2", "-P3")
    code, output = spacy_cli("debug", "model", path, name, "-DIM", *steps, *paths(corpus))
    assert code == 0, output
    assert "'token_embedding'" in output
    assert "'bilstm'" in output
    assert "model looks good" in output
    code, output = spacy_cli("debug", "data", path, *paths(corpus))
    assert "Pipeline can be initialized with data" in output
    assert "Low number of examples" in output  # and so the exit code tells nothing


def test_debug_data_of_plain_factory(
    make_config: Callable[..., Path], spacy_cli: Command, corpus: Path
) -> None:
    tok2vec = {"@architectures": "spacy-rnn.Tok2Vec.v1"}
    model = settings("components", "tagger", "model", tok2vec=tok2vec)
    _, output = spacy_cli("debug", "data", make_config("tagger", changes=[model]), *paths(corpus))
    assert "Pipeline can be initialized with data" in output
    assert "7 label(s) in train data" in output


def test_train_and_evaluate(make_config: Callable[..., Path], corpus: Path, tmp_path: Path) -> None:
    """In processes of their own, as users run them."""

    def run(*args: object) -> None:
        command = [sys.executable, "-m", "spacy", *map(str, args)]
        done = subprocess.run(command, capture_output=True, text=True, timeout=120)
        assert done.returncode == 0, done.stdout + done.stderr

    config = make_config("rnn_tagger", "rnn_textcat")
    output, metrics = tmp_path / "training", tmp_path / "metrics.json"
    steps = ("--training.max_steps", 30, "--training.eval_frequency", 10)
    run("train", config, "--output", output, *paths(corpus), *steps)
    run("evaluate", output / "model-best", corpus, "--output", metrics)
    scores = srsly.read_json(metrics)
    assert scores["tag_acc"] == 1.0
    assert scores["cats_score"] == 1.0


def test_assemble(
    make_config: Callable[..., Path],
    spacy_cli: Command,
    facts: Callable[[Language], Facts],
    corpus: Path,
    tmp_path: Path,
) -> None:
    labels = [
        settings("initialize", "components", "rnn_tagger", labels=["NNP", "VBZ"]),
        settings("initialize", "components", "rnn_textcat", labels=["BAD", "GOOD"]),
    ]
    path = make_config("rnn_tagger", "rnn_textcat", changes=labels)
    code, output = spacy_cli("assemble", path, tmp_path / "first")
    assert code == 0, output
    first = spacy.load(tmp_path / "first")
    assert first("Paris shines").cats.keys() == {"BAD", "GOOD"}

    pipeline = {"lang": "en", "pipeline": first.pipe_names}
    components = {name: {"source": str(tmp_path / "first")} for name in first.pipe_names}
    Config({"nlp": pipeline, "components": components}).to_disk(tmp_path / "source.cfg")
    code, output = spacy_cli("assemble", tmp_path / "source.cfg", tmp_path / "second")
    assert code == 0, output
    assert facts(spacy.load(tmp_path / "second")) == facts(first)


PRETRAINED: dict[str, tuple[str, dict[str, Any], str]] = {
    "rnn_tok2vec": ("rnn_tok2vec", {"@architectures": "spacy-rnn.Tok2Vec.v1"}, ""),
    "Tok2Vec.v1": ("rnn_tagger", {"@architectures": "spacy-rnn.Tok2Vec.v1"}, "tok2vec"),
    "BiGRUEncoder.v1": (
        "rnn_tagger",
        {
            "@architectures": "spacy.Tok2Vec.v2",
            "embed": {
                "@architectures": "spacy.MultiHashEmbed.v2",
                "width": 64,
                "attrs": ["NORM"],
                "rows": [500],
                "include_static_vectors": False,
            },
            "encode": {"@architectures": "spacy-rnn.BiGRUEncoder.v1", "width": 64},
        },
        "tok2vec",
    ),
}


@pytest.mark.parametrize(("name", "tok2vec", "layer"), PRETRAINED.values(), ids=PRETRAINED)
def test_pretrain(
    name: str,
    tok2vec: dict[str, Any],
    layer: str,
    make_config: Callable[..., Path],
    spacy_cli: Command,
    weights: Callable[[Model], dict[str, Any]],
    corpus: Path,
    tmp_path: Path,
) -> None:
    raw = tmp_path / "raw.jsonl"
    srsly.write_jsonl(raw, [{"text": "Paris shines again."}, {"text": "She hates rainy days."}])
    part = settings("components", name, model=tok2vec)
    if layer:
        part = settings("components", name, "model", tok2vec=tok2vec)
    pretraining = settings("pretraining", component=name, layer=layer, max_epochs=10)
    listener = {"@architectures": "spacy.Tok2VecListener.v1", "width": 128}
    pipeline = ["rnn_tagger"] if layer else ["rnn_tok2vec", "rnn_tagger"]
    shared = [] if layer else [settings("components", "rnn_tagger", "model", tok2vec=listener)]
    path = make_config(*pipeline, changes=[part, pretraining, *shared], pretrain=True)
    texts = ("--paths.raw_text", str(raw))
    code, output = spacy_cli("pretrain", path, tmp_path / "weights", *texts)
    assert code == 0, output

    first, last = (tmp_path / "weights" / f"{stem}.bin" for stem in ("model0", "model-last"))
    assert first.read_bytes() != last.read_bytes()
    overrides = {"paths.train": str(corpus), "paths.dev": str(corpus), "paths.raw_text": str(raw)}

    def loaded(**more: str) -> Model:
        nlp = init_nlp(load_config(path, overrides={**overrides, **more}))
        model = nlp.get_pipe(name).model
        return model.get_ref(layer) if layer else model

    fresh = weights(loaded())
    model = loaded(**{"initialize.init_tok2vec": str(last)})
    assert model.to_bytes() == last.read_bytes()
    same = [key for key, value in weights(model).items() if numpy.array_equal(value, fresh[key])]
    assert same == []

    option = ("--initialize.init_tok2vec", str(last))
    code, output = spacy_cli("train", path, *texts, *paths(corpus), *option, *FEW_STEPS)
    assert code == 0, output


NO_DATA = "No training data for component '{}': got no examples, expected at least one"
NO_TAGS = "[E143] Labels for component 'rnn_tagger' not initialized"
NO_CATEGORIES = "[E867] The 'textcat' component requires at least two labels"


@pytest.mark.parametrize(
    ("name", "n_docs", "reason"),
    [
        ("rnn_tagger", 0, NO_DATA.format("rnn_tagger")),
        ("rnn_tagger", 2, NO_TAGS),
        ("rnn_textcat", 0, NO_DATA.format("rnn_textcat")),
        ("rnn_textcat", 2, NO_CATEGORIES),
    ],
)
def test_corpus_without_labels(
    name: str,
    n_docs: int,
    reason: str,
    make_config: Callable[..., Path],
    spacy_cli: Command,
    corpus: Path,
    tmp_path: Path,
) -> None:
    vocab = Vocab()
    docs = [Doc(vocab, words=["Paris", "shines"]) for _ in range(n_docs)]
    bare = tmp_path / "bare.spacy"
    DocBin(docs=docs).to_disk(bare)
    code, output = spacy_cli("train", make_config(name), *paths(corpus, train=bare))
    assert code == 1
    assert reason in output


def test_unknown_tag(make_config: Callable[..., Path], spacy_cli: Command, corpus: Path) -> None:
    labels = settings("initialize", "components", "rnn_tagger", labels=["PRP", "VBZ"])
    path = make_config("rnn_tagger", changes=[labels])
    code, output = spacy_cli("train", path, *paths(corpus), *FEW_STEPS)
    assert code == 1
    assert "Unknown tag for component 'rnn_tagger': got" in output
    assert "'NNP'" in output
    assert "expected one of its 2 labels" in output
