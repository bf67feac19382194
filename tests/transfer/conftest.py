"""Fixtures: small encoders of the forms that the hub has, with random weights."""

import re
import string
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from spacy.cli._util import app
from typer.testing import CliRunner

import spacy_rnn.cli  # noqa: F401  (adds the commands to spaCy's app)

WORDS = ["the", "soup", "was", "cold", "good", "they", "liked", "it", "not", "late", "##s", "##d"]
TEXTS = ["They liked the soup.", "El niño comió la sopa.", "Слава не пришла!", "冷たいスープ"]


@pytest.fixture
def spacy_cli() -> Callable[..., tuple[int, str]]:
    """Run `spacy` with arguments and get the exit code and the output on one line."""

    def run(*args: object) -> tuple[int, str]:
        result = CliRunner().invoke(app, [str(arg) for arg in args])
        assert result.exception is None or isinstance(result.exception, SystemExit)
        return result.exit_code, re.sub(r"\x1b\[[\d;]*m|\s+", " ", result.output)

    return run


@pytest.fixture
def save_encoder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Path]:
    """RETURNS: A function that saves an encoder: "bert", with WordPiece in lower case, or
    "roberta", with bytes, as multilingual ones have.
    """
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    transformers = pytest.importorskip("transformers")
    import torch

    def save(kind: str = "bert", head: str = "Model", **settings: Any) -> Path:
        folder = tmp_path / f"{kind}{head}"
        if kind == "bert":
            pieces = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", *string.punctuation, *WORDS]
            folder.mkdir()
            (folder / "vocab.txt").write_text("\n".join(pieces), "utf8")
            tokenizer = transformers.BertTokenizerFast.from_pretrained(str(folder))
            config: Any = transformers.BertConfig
        else:
            from tokenizers import ByteLevelBPETokenizer

            trained = ByteLevelBPETokenizer()
            special = ["<s>", "<pad>", "</s>", "<unk>", "<mask>"]
            trained.train_from_iterator(TEXTS * 5, vocab_size=400, special_tokens=special)
            folder.mkdir()
            trained.save_model(str(folder))
            tokenizer = transformers.RobertaTokenizerFast.from_pretrained(str(folder))
            config = transformers.RobertaConfig
        sizes = {"hidden_size": 24, "num_hidden_layers": 2, "num_attention_heads": 2}
        settings = {"vocab_size": len(tokenizer) + 3, "intermediate_size": 32, **sizes, **settings}
        torch.manual_seed(0)
        prefix = kind.capitalize() if kind == "bert" else "Roberta"
        model = getattr(transformers, prefix + head)(config(pad_token_id=0, **settings))
        tokenizer.save_pretrained(folder)
        model.save_pretrained(folder)
        return folder

    return save
