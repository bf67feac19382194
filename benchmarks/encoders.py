"""The encoders that are compared, from a list of arrays to a list of arrays as in the `encode` slot
of spacy.Tok2Vec.v2, and the conditional random field behind them.
"""

import random
from collections.abc import Callable, Sequence
from typing import Any

import numpy
import spacy
import torch
from numpy.typing import NDArray
from spacy.util import registry
from thinc.api import Model
from torch import nn
from torch.nn.utils.rnn import (
    pack_sequence,
    unpack_sequence,
)

from spacy_rnn.modules.crf import CRF

Arrays = list[NDArray[numpy.float32]]
Encode = Callable[[Arrays], Any]

STOCK = "spacy.TorchBiLSTMEncoder.v1"
OURS = ("spacy-rnn.BiLSTMEncoder.v1", "spacy-rnn.BiGRUEncoder.v1")


def encoder_model(name: str, width: int, depth: int, **settings: Any) -> Model[Arrays, Arrays]:
    """RETURNS (Model): A registered encoder with random weights."""
    spacy.blank("en")
    if name == STOCK:
        settings["dropout"] = 0.0
    model: Model[Arrays, Arrays] = registry.architectures.get(name)(
        width=width, depth=depth, **settings
    )
    model.initialize(X=[numpy.zeros((2, width), dtype="float32")])
    return model


def packed(cell: str, width: int, depth: int) -> Encode:
    """torch's own module on packed sequences, as its documentation has it."""
    kind = {"lstm": nn.LSTM, "gru": nn.GRU}[cell]
    module = kind(width, width // 2, num_layers=depth, bidirectional=True).eval()

    @torch.inference_mode()
    def encode(arrays: Arrays) -> list[torch.Tensor]:
        sequences = [torch.from_numpy(array) for array in arrays]
        return unpack_sequence(module(pack_sequence(sequences, enforce_sorted=False))[0])

    return encode


def encoders(width: int, depth: int) -> dict[str, Encode]:
    """RETURNS (Dict[str, Encode]): Encoders by name, spaCy's own first."""
    return {
        STOCK: encoder_model(STOCK, width, depth).predict,
        "torch LSTM packed": packed("lstm", width, depth),
        "torch GRU packed": packed("gru", width, depth),
        **{name: encoder_model(name, width, depth).predict for name in OURS},
    }


def encoder_steps(width: int, depth: int) -> dict[str, Encode]:
    """RETURNS (Dict[str, Encode]): Forward and backward pass of registered encoders by name."""

    def step(model: Model[Arrays, Arrays]) -> Encode:
        def run(arrays: Arrays) -> Arrays:
            outputs, backprop = model.begin_update(arrays)
            return backprop(outputs)

        return run

    return {name: step(encoder_model(name, width, depth)) for name in (STOCK, *OURS)}


def flops_per_token(name: str, width: int, depth: int) -> int:
    """RETURNS (int): Of the matrix products: each gate reads the input and the other units of its
    direction, and a product is a multiplication and an addition.
    """
    gates, hidden = (3 if "GRU" in name else 4), width // 2
    return depth * 2 * gates * hidden * (width + hidden) * 2


def random_arrays(lengths: Sequence[int], width: int) -> Arrays:
    generator = numpy.random.default_rng(0)
    return [generator.standard_normal((n, width), dtype="float32") for n in lengths]


def document_lengths(tokens: int) -> list[int]:
    """RETURNS (List[int]): Lengths of documents, 230 tokens on average, of `tokens` together."""
    generator = random.Random(0)
    return [generator.randint(115, 345) for _ in range(max(1, tokens // 230))]


def crf_methods(tags: int) -> dict[str, Encode]:
    """RETURNS (Dict[str, Encode]): What is asked of a CRF in prediction and in training."""
    field = CRF(tags)
    nn.init.normal_(field.transitions)

    def ask(method: str) -> Encode:
        def run(arrays: Arrays) -> Any:
            scores = torch.from_numpy(numpy.concatenate(arrays))
            return getattr(field, method)(scores, torch.tensor([len(array) for array in arrays]))

        return torch.inference_mode()(run)

    def learn(arrays: Arrays) -> None:
        scores = torch.from_numpy(numpy.concatenate(arrays)).requires_grad_()
        gold = nn.functional.one_hot(scores.detach().argmax(dim=1), tags).bool()
        field(scores, torch.tensor([len(array) for array in arrays]), gold=gold).sum().backward()

    return {
        f"CRF Viterbi, {tags} tags": ask("viterbi"),
        f"CRF marginals, {tags} tags": ask("marginals"),
        f"CRF loss and gradient, {tags} tags": learn,
    }
