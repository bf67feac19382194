"""Small corpora and configs of every kind of training."""

import io
import json
import random
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import spacy
from spacy.language import Language
from spacy.tokens import Doc, DocBin, Span
from spacy.vocab import Vocab
from thinc.api import Config

from spacy_rnn import training
from spacy_rnn.training import saving

WORDS = {
    "DET": ["the", "a", "no", "every"],
    "ADJ": ["cold", "good", "rainy", "strange", "last"],
    "NOUN": ["soup", "day", "train", "answer", "house"],
    "VERB": ["likes", "leaves", "hates", "sees"],
    "PROPN": ["Anna", "Paris", "York", "Maria", "Bonn"],
}
SHAPES = ["PROPN VERB DET NOUN", "DET ADJ NOUN VERB PROPN", "DET NOUN VERB DET ADJ ADJ NOUN"]
TOK2VEC = {"@architectures": "spacy-rnn.Tok2Vec.v1", "width": 12, "depth": 1, "rows": [50] * 4}
LISTENER = {"@architectures": "spacy.Tok2VecListener.v1", "width": 12}


def make_docs(n_docs: int, seed: int) -> list[Doc]:
    """Sentences with all annotations."""
    generator = random.Random(seed)
    vocab = Vocab()
    docs = []
    for _ in range(n_docs):
        tags = generator.choice(SHAPES).split()
        words = [generator.choice(WORDS[tag]) for tag in tags]
        doc = Doc(vocab, words=words, tags=tags)
        doc.ents = [Span(doc, i, i + 1, "NAME") for i, tag in enumerate(tags) if tag == "PROPN"]
        doc.cats = {"GOOD": float("good" in words), "BAD": float("good" not in words)}
        docs.append(doc)
    return docs


@pytest.fixture(scope="session")
def corpus(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with train.spacy and dev.spacy, and train.jsonl for streaming."""
    folder = tmp_path_factory.mktemp("corpus")
    train = make_docs(40, 1)
    DocBin(docs=train).to_disk(folder / "train.spacy")
    DocBin(docs=make_docs(10, 2)).to_disk(folder / "dev.spacy")
    rows = [{"text": d.text, "label": max(d.cats, key=d.cats.__getitem__)} for d in train]
    (folder / "train.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    return folder


PIPELINES: dict[str, dict[str, Any]] = {
    "tagger": {"rnn_tagger": {"factory": "rnn_tagger", "model": {"tok2vec": TOK2VEC}}},
    "ner": {
        "rnn_ner": {
            "factory": "rnn_ner",
            "model": {"tok2vec": {**TOK2VEC, "learn_unknown": True}},
        }
    },
    "textcat": {
        "rnn_textcat": {
            "factory": "rnn_textcat",
            "model": {"tok2vec": TOK2VEC, "ngram_rows": 1000},
        }
    },
    # spaCy's ner draws from Python's random module in training.
    "joint": {
        "rnn_tok2vec": {"factory": "rnn_tok2vec", "model": TOK2VEC},
        "rnn_tagger": {"factory": "rnn_tagger", "model": {"tok2vec": LISTENER}},
        "rnn_ner": {"factory": "rnn_ner", "model": {"tok2vec": LISTENER}},
        "ner": {
            "factory": "ner",
            "update_with_oracle_cut_size": 3,
            "model": {
                "@architectures": "spacy.TransitionBasedParser.v2",
                "state_type": "ner",
                "extra_state_tokens": False,
                "hidden_width": 8,
                "maxout_pieces": 2,
                "use_upper": True,
                "nO": None,
                "tok2vec": LISTENER,
            },
        },
    },
    "streamed": {"rnn_textcat": {"factory": "rnn_textcat", "model": {"tok2vec": TOK2VEC}}},
}


@pytest.fixture(scope="session")
def make_config(corpus: Path) -> Callable[..., Config]:
    """A config of a kind of training, with settings of `[training]` that replace others."""

    def make(kind: str, **training: Any) -> Config:
        def read(split: str) -> dict[str, Any]:
            return {"@readers": "spacy.Corpus.v1", "path": str(corpus / f"{split}.spacy")}

        corpora = {"train": read("train"), "dev": read("dev")}
        settings: dict[str, Any] = {
            "seed": 0,
            "gpu_allocator": None,
            "dropout": 0.2,
            "patience": 0,
            "max_epochs": 0,
            "max_steps": 10,
            "eval_frequency": 4,
            "batcher": {
                "@batchers": "spacy.batch_by_words.v1",
                "size": {"@schedules": "compounding.v1", "start": 20, "stop": 80, "compound": 1.1},
                "tolerance": 0.2,
            },
            "optimizer": {
                "@optimizers": "Adam.v1",
                "learn_rate": {
                    "@schedules": "warmup_linear.v1",
                    "warmup_steps": 4,
                    "total_steps": 20,
                    "initial_rate": 0.01,
                },
            },
        }
        config = {
            "nlp": {"lang": "en", "pipeline": list(PIPELINES[kind])},
            "components": PIPELINES[kind],
            "corpora": corpora,
        }
        if kind == "streamed":
            corpora["train"] = {
                "@readers": "spacy-rnn.Dataset.v1",
                "path": str(corpus / "train.jsonl"),
                "task": "textcat",
                "labels": ["GOOD", "BAD"],
                "streaming": True,
                "shuffle_buffer": 8,
            }
            settings["max_epochs"] = -1
        return Config({**config, "training": {**settings, **training}}, is_interpolated=False)

    return make


@pytest.fixture
def run() -> Callable[..., str]:
    """Train with a checkpoint after every step, or as `every_step` says; the output on one line."""

    def train(config: Config, output: Path, *, every_step: bool = True, **options: Any) -> str:
        stdout = io.StringIO()
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(saving, "MAX_SHARE", float("inf"))
            minutes = 0 if every_step else 10
            training.train(config, output, minutes=minutes, stdout=stdout, stderr=stdout, **options)
        text = re.sub(r"\x1b\[[\d;]*m", "", stdout.getvalue())
        return " ".join(text.split())

    return train


@pytest.fixture
def at_step() -> Callable[[int, Callable[[], None]], dict[str, str]]:
    """Something to be done when an update begins; the setting `before_update` that does it."""

    def set_up(step: int, action: Callable[[], None]) -> dict[str, str]:
        def callback() -> Callable[[Language, dict[str, int]], None]:
            return lambda nlp, args: action() if args["step"] == step else None

        spacy.registry.callbacks("tests.at_step.v1", func=callback)
        return {"@callbacks": "tests.at_step.v1"}

    return set_up


@pytest.fixture
def kill() -> Callable[[], None]:
    """Stands for the end of the process."""

    def action() -> None:
        raise SystemExit

    return action


@pytest.fixture
def files() -> Callable[[Path], dict[str, bytes]]:
    """All files of the models in a directory."""

    def read(output: Path) -> dict[str, bytes]:
        folders = (output / "model-best", output / "model-last")
        found = [path for folder in folders for path in folder.rglob("*") if path.is_file()]
        return {str(path.relative_to(output)): path.read_bytes() for path in found}

    return read
