"""Encoders of the Hugging Face hub: their tokenizers, tables and states."""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy
import torch
import tqdm
from numpy.typing import NDArray
from spacy import util
from torch.nn.utils.rnn import pad_sequence

from ..corpus.errors import first_line
from ..vectors import read_tokenizer
from .errors import TransferError

Floats = NDArray[numpy.float32]
BATCH = 512
# Of a word: what is longer is no word.
MAX_PIECES = 64


def require_transformers() -> Any:
    """RETURNS (module): The package transformers.
    RAISES (TransferError): If it is not installed.
    """
    try:
        import transformers
    except ImportError as error:
        raise TransferError(
            "Models of Hugging Face need the package transformers, which is not installed: run "
            "pip install 'spacy-rnn[transfer]'."
        ) from error
    # What is wrong is raised, or looked for where it matters.
    transformers.logging.set_verbosity_error()
    transformers.logging.disable_progress_bar()
    return transformers


def load_model(
    kind: str, name: str, *, words: bool = False, head: dict[str, Any] | None = None
) -> tuple[Any, Any]:
    """Load a model with its tokenizer.

    kind (str): A class of transformers that loads models for a purpose, such as "AutoModel".
    name (str): The name of the model on the hub, or its folder.
    words (bool): Whether it will be given words, which follow a space, and not texts.
    head (Optional[Dict[str, Any]]): Settings of a new layer on top, whose weights are not there.
    RETURNS (Tuple[PreTrainedTokenizer, PreTrainedModel]): The tokenizer and the model, in
        evaluation mode, on a GPU where there is one.
    RAISES (TransferError): If there is no such model, its weights are incomplete, or its tokenizer
        is not of the library tokenizers or does not fit its table.
    """
    transformers = require_transformers()
    where = "folder" if Path(name).exists() else "name on the Hugging Face hub"
    expected = (
        f"Expected a {where} of a model, with config.json, tokenizer.json and model.safetensors."
    )
    try:
        settings = {"add_prefix_space": True} if words else {}
        tokenizer = transformers.AutoTokenizer.from_pretrained(name, **settings)
        load = getattr(transformers, kind).from_pretrained
        model, info = load(name, output_loading_info=True, **(head or {}))
    except Exception as error:  # hub, tokenizers, safetensors and models raise what they like
        reason = first_line(error)
        raise TransferError(f"Can't load the model {name}: {reason}. {expected}") from error
    new = ("pooler", *(("classifier", "score", "pre_classifier") if head else ()))
    if missing := sorted(k for k in info["missing_keys"] if not any(part in k for part in new)):
        raise TransferError(
            f"Can't use the model {name}: got no weights for {len(missing)} tables, such as "
            f"{missing[0]}. {expected}"
        )
    if not tokenizer.is_fast:
        raise TransferError(
            f"Can't use the tokenizer of {name}: got one in Python ({type(tokenizer).__name__}), "
            "expected one of the library tokenizers, in a tokenizer.json."
        )
    rows = model.get_input_embeddings().weight.shape[0]
    if (pieces := len(tokenizer)) > rows or pieces <= len(tokenizer.all_special_ids):
        raise TransferError(
            f"The tokenizer of {name} does not fit its table: got {pieces} pieces, of which "
            f"{len(tokenizer.all_special_ids)} are special, and {rows} vectors, expected one for "
            "each piece. Look whether files of two models were mixed."
        )
    device = "cuda" if torch.cuda.is_available() else "cpu"
    return tokenizer, model.to(device).eval()


@dataclass
class Encoder:
    """An encoder of the hub.

    name (str): Its name, or folder.
    tokenizer (PreTrainedTokenizerFast): Its tokenizer.
    model (PreTrainedModel): What it is.
    """

    name: str
    tokenizer: Any
    model: Any

    @classmethod
    def load(cls, name: str) -> "Encoder":
        """Load an encoder. Arguments and errors are those of `load_model`."""
        return cls(name, *load_model("AutoModel", name))

    def word_tokenizer(self) -> Any:
        """RETURNS (Tokenizer): The tokenizer, as it divides words that follow a space."""
        settings = json.loads(self.tokenizer.backend_tokenizer.to_str())
        settings.update(truncation=None, padding=None)
        for step in _steps(settings["pre_tokenizer"]):
            if step["type"] == "ByteLevel":
                step["add_prefix_space"] = True
        return read_tokenizer(json.dumps(settings))

    def input_embeddings(self) -> Floats:
        """RETURNS (NDArray[float32]): The vectors of pieces that the first layer reads. Shape
        (pieces, width).
        """
        table = self.model.get_input_embeddings().weight.detach()[: len(self.tokenizer)]
        return table.float().cpu().numpy()

    def is_known(self) -> NDArray[numpy.bool_]:
        """RETURNS (NDArray[bool]): Which pieces are parts of words. Shape (pieces,)."""
        known = numpy.ones(len(self.tokenizer), dtype=bool)
        known[self.tokenizer.all_special_ids] = False
        return known

    def states(self, words: Sequence[Sequence[int]], *, silent: bool = True) -> Floats:
        """Run the encoder on words, each alone between the special pieces of a text.

        words (Sequence[Sequence[int]]): The pieces of each word, one or more.
        silent (bool): Whether to show no progress.
        RETURNS (NDArray[float32]): The mean of the last states of each word's pieces. Shape
            (words, width).
        """
        special = self.word_tokenizer().encode("").ids
        before, after = special[: len(special) // 2], special[len(special) // 2 :]
        order = sorted(range(len(words)), key=lambda i: len(words[i]))
        found = numpy.zeros((len(words), self.model.config.hidden_size), dtype="float32")
        with tqdm.tqdm(
            total=len(words), unit="word", unit_scale=True, disable=silent or None
        ) as progress:
            for index in util.minibatch(order, BATCH):
                texts = [torch.tensor([*before, *words[i][:MAX_PIECES], *after]) for i in index]
                found[index] = self._mean_states(texts, len(before), len(after))
                progress.update(len(index))
        return found

    def _mean_states(self, texts: list[torch.Tensor], before: int, after: int) -> Floats:
        """RETURNS (NDArray[float32]): The mean state of each text, without some at its ends."""
        ids = pad_sequence(texts, batch_first=True).to(self.model.device)
        lengths = torch.tensor([[len(text)] for text in texts])
        place = torch.arange(ids.shape[1])
        attended = (place < lengths).to(ids)
        inside = ((place >= before) & (place < lengths - after)).to(ids)[..., None]
        with torch.inference_mode():
            states = self.model(input_ids=ids, attention_mask=attended).last_hidden_state
            means = (states * inside).sum(1) / inside.sum(1)
        return means.float().cpu().numpy()


def _steps(settings: Any) -> Iterator[dict[str, Any]]:
    """YIELDS (Dict[str, Any]): The steps of a pre-tokenizer, which may be a sequence of others."""
    if settings is not None:
        yield settings
        for step in settings.get("pretokenizers", ()):
            yield from _steps(step)
