"""Recurrent layers over ragged batches."""

from collections.abc import Callable, Sequence
from functools import reduce
from typing import Any, cast

import numpy
import torch
from thinc.api import Model, chain
from thinc.types import Floats2d, Ragged

from ..engines.choice import Engine, onnx_stack, require_engine
from ..engines.graph import Precision
from ..errors import UserError
from ..modules.recurrent import Cell, RecurrentStack
from .shim import TorchShim, no_backprop, torch_shim


def recurrent(
    input_width: int,
    width: int,
    depth: int = 1,
    *,
    cell: Cell = "lstm",
    bidirectional: bool = True,
    dropout: float | None = None,
    residual: bool = False,
    reset_after: bool = True,
    engine: Engine = "auto",
    precision: Precision = "float32",
) -> Model[Ragged, Ragged]:
    """Encode each sequence of a ragged batch with stacked recurrent layers.

    input_width (int): Width of the input vectors.
    width (int): Width of the output vectors, both directions together.
    depth (int): Number of layers.
    cell (str): "lstm", "gru" or "mingru".
    bidirectional (bool): Read each sequence in both directions.
    dropout (Optional[float]): Rate at which the outputs of each layer are dropped in training. By
        default the rate that spaCy sets, as `[training] dropout` or `nlp.update(drop=…)`; a number
        holds whatever spaCy sets.
    residual (bool): Let each layer give the sum of what it reads and finds.
    reset_after (bool): Whether the reset gate of a GRU acts after the product with the state.
    engine (str): What predicts on CPU: "onnx", ONNX Runtime; "torch"; or "auto", the former where
        it can be used. Training is torch's.
    precision (str): What ONNX Runtime computes in: "float32", or for an LSTM "int8".
    RETURNS (Model[Ragged, Ragged]): The layer, with the stack in a shim.
    RAISES (ValueError): See `RecurrentStack` and `require_engine`; or if `dropout` is not a rate.
    """
    if dropout is not None and not 0.0 <= dropout < 1.0:
        raise UserError(
            f"Invalid dropout: got {dropout}, expected a rate from 0 up to but not including 1."
        )
    stack = RecurrentStack(
        input_width,
        width,
        depth,
        cell,
        bidirectional,
        residual=residual,
        reset_after=reset_after,
    )
    require_engine(engine, cell, precision)
    # spaCy overwrites "dropout_rate" wherever it is a number.
    attrs = {"dropout_rate": 0.0} if dropout is None else {"fixed_dropout_rate": dropout}
    return Model(
        f"{'bi' if bidirectional else ''}{cell}",
        forward,
        init=init,
        attrs={**attrs, "bidirectional": bidirectional},
        dims={"nI": input_width, "nO": width},
        shims=[TorchShim(stack, {"engine": engine, "precision": precision})],
    )


def hybrid(
    input_width: int,
    width: int,
    depth: int,
    *,
    cells: Sequence[Cell],
    reset_after: bool = True,
    **settings: Any,
) -> Model[Ragged, Ragged]:
    """Stack recurrent layers with a cell for each, the first of which reads the input. Other
    arguments, the result and errors are those of `recurrent`.

    cells (Sequence[str]): The cells, as many as `depth` says.
    RAISES (ValueError): If they are not as many.
    """
    if depth < 1 or len(cells) != depth:
        raise UserError(
            f"Invalid depth: got {depth} with {len(cells)} cells ({', '.join(cells)}), expected a "
            f"cell for each layer. Set depth = {max(len(cells), 1)}, or one cell for all layers."
        )
    widths = [input_width, *([width] * (depth - 1))]
    # Only a GRU has the gate; where there is none, any layer tells.
    others = reset_after or "gru" in cells
    layers = [
        recurrent(
            n, width, cell=cell, reset_after=reset_after if cell == "gru" else others, **settings
        )
        for n, cell in zip(widths, cells, strict=True)
    ]
    return reduce(chain, layers)


def forward(
    model: Model[Ragged, Ragged], X: Ragged, is_train: bool
) -> tuple[Ragged, Callable[[Ragged], Ragged]]:
    require_width(model, cast(Floats2d, X.dataXd))
    shim, attrs = torch_shim(model), model.attrs
    if not is_train and shim.device.type == "cpu":
        encode = onnx_stack(cast(RecurrentStack, shim.module), shim.version, **shim.cfg)
        data, lengths = cast(Any, X.dataXd), cast(Any, X.lengths)
        # ONNX Runtime makes a number of NaN, which torch hands on.
        if encode is not None and len(data) and numpy.isfinite(data.sum()):
            return Ragged(cast(Any, encode(data, lengths)), X.lengths), no_backprop
    Y, get_dX = shim(
        X.dataXd,
        is_train,
        lengths=torch.as_tensor(model.ops.to_numpy(X.lengths), dtype=torch.int64),
        dropout=attrs.get("fixed_dropout_rate", attrs.get("dropout_rate")) if is_train else 0.0,
    )

    def backprop(dY: Ragged) -> Ragged:
        return Ragged(get_dX(dY.dataXd), dY.lengths)

    return Ragged(Y, X.lengths), backprop


def init(model: Model[Ragged, Ragged], X: Ragged | None = None, Y: Ragged | None = None) -> None:
    if X is not None:
        require_width(model, cast(Floats2d, X.dataXd))
    torch_shim(model).initialize()


def require_width(model: Model, X: Floats2d) -> None:
    """RAISES (ValueError): If there are vectors, not as wide as the layer expects."""
    if len(X) and X.shape[1] != model.get_dim("nI"):
        raise UserError(
            f"The embedding does not fit the encoder '{model.name}': got vectors of width "
            f"{X.shape[1]}, expected {model.get_dim('nI')}. Give both the same width in the "
            "config, or use spacy-rnn.Tok2Vec.v1, which has only one."
        )
