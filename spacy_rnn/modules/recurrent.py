"""Stacked bidirectional recurrent layers over ragged batches, exact for every sequence."""

from typing import Literal, cast

import torch
from torch import Tensor, nn
from torch.nn.utils.rnn import PackedSequence

from ..errors import UserError
from .batches import reversal, sub_batches
from .gru import GRUResetAfter, GRUResetBefore
from .initializers import draw_weights
from .lstm import fused_lstm
from .mingru import MinGRU

Cell = Literal["lstm", "gru", "mingru"]
Path = Literal["fused", "unrolled", "packed"]
CELLS: dict[str, type[nn.LSTM | nn.GRU | MinGRU]] = {
    "lstm": nn.LSTM,
    "gru": nn.GRU,
    "mingru": MinGRU,
}

# Sequences in a sub-batch: multiples of the least, up to the most. Padded ones stay in the cache;
# packed ones make the largest products.
PADDED_SEQUENCES = (8, 32)
PACKED_SEQUENCES = (256, 256)


class RecurrentStack(nn.Module):
    """`depth` recurrent layers, each of which reads the output of the one before.

    Every sequence is encoded as if it were alone: the backward direction starts on its last
    token, never on padding. The weights are those of `depth` modules `torch.nn.LSTM(…,
    num_layers=1)`, `torch.nn.GRU` or `MinGRU`, and so are the equations (Hochreiter & Schmidhuber
    1997; Cho et al. 2014, with the reset gate after the product, as in cuDNN, or before it, as
    published; Feng et al. 2024).

    Sequences are sorted by length and cut into sub-batches. A sub-batch takes one of three paths,
    with equal results up to rounding:

    - fused: LSTM on CPU. Two unidirectional passes over padded input, the second over sequences
      that an index gather has reversed within their own length. torch runs these through oneDNN's
      fused kernel, which packed input rules out. Sub-batches have up to 32 sequences, all but the
      first 8 of which have at least 0.7 of the length of the longest. See `fused_lstm`.
    - unrolled: GRU on CPU where gradients are wanted. Never padded, up to 256 sequences. See
      `GRUResetAfter`.
    - packed: everything else. Never padded, up to 256 sequences. torch's kernel for packed input;
      on GPU cuDNN's.

    A GRU with the reset gate before the product is always unrolled (`GRUResetBefore`), and minGRU
    takes the batch as it stands: a scan has nothing to sort or to pad.

    All compute in the type of the input. In bfloat16 a sequence's result would depend on its batch:
    sums in another order round to other numbers, and a recurrence carries them on.

    input_width (int): Width of the input vectors.
    width (int): Width of the output vectors, both directions together.
    depth (int): Number of layers, at least 1.
    cell (str): "lstm", "gru" or "mingru".
    bidirectional (bool): Read each sequence in both directions. Needs an even `width`.
    residual (bool): Let each layer whose input is as wide as its output give the sum of both (He
        et al. 2016), so that deep stacks train as fast as a single layer.
    token_budget (int): The most tokens in a sub-batch, padding included, which bounds memory
        whatever the batch. Only a single longer sequence goes beyond it.
    reset_after (bool): Whether the reset gate of a GRU acts after the product with the state.
    RAISES (ValueError): If a size is not positive, `width` is odd, `cell` is unknown or
        has no reset gate to set.
    """

    def __init__(
        self,
        input_width: int,
        width: int,
        depth: int = 1,
        cell: Cell = "lstm",
        bidirectional: bool = True,
        residual: bool = False,
        token_budget: int = 16384,
        reset_after: bool = True,
    ) -> None:
        super().__init__()
        if cell not in CELLS:
            raise UserError(
                f"Unknown recurrent cell: got {cell!r}, expected one of {sorted(CELLS)}."
            )
        if cell != "gru" and not reset_after:
            raise UserError(
                f"Invalid reset_after: got false for the cell {cell!r}, expected 'gru', the one "
                'cell with a reset gate. Set cell = "gru", or leave reset_after out.'
            )
        if depth < 1:
            raise UserError(
                f"Invalid depth: got {depth}, expected 1 or more recurrent layers. To use the "
                "embedding alone, leave the encoder out."
            )
        if min(input_width, width) < 1:
            raise UserError(f"Invalid width: got {min(input_width, width)}, expected 1 or more.")
        if bidirectional and width % 2:
            raise UserError(
                f"Invalid width: got {width}, expected an even number, because each direction "
                f"gives one half. Use {width - 1} or {width + 1}, or set bidirectional = false."
            )
        if token_budget < 1:
            raise UserError(
                f"Invalid token_budget: got {token_budget}, expected 1 or more tokens in a "
                "sub-batch. Leave it out for 16384."
            )
        self.input_width = input_width
        self.width = width
        self.residual = residual
        self.token_budget = token_budget
        self.cell = cell
        self.reset_after = reset_after
        self.bidirectional = bidirectional
        self.hidden_size = width // 2 if bidirectional else width
        self.layers = nn.ModuleList(
            CELLS[cell](
                input_width if i == 0 else width, self.hidden_size, bidirectional=bidirectional
            )
            for i in range(depth)
        )
        self.reset_parameters()

    def reset_parameters(self) -> None:
        """Draw new weights: see `draw_weights` and `MinGRU.reset_parameters`."""
        for layer in self.layers:
            if isinstance(layer, nn.RNNBase):
                draw_weights(layer)
            else:
                cast(MinGRU, layer).reset_parameters()
        self.flatten_parameters()

    def flatten_parameters(self) -> None:
        """Lay each layer's weights out as the one chunk that cuDNN wants. No effect on CPU."""
        for layer in self.layers:
            if isinstance(layer, nn.RNNBase):
                layer.flatten_parameters()

    def weights(self) -> list[list[list[Tensor]]]:
        """RETURNS (List[List[List[Tensor]]]): The weights of an LSTM or GRU by layer and direction:
        those of the input and of the state, and their biases.
        """
        layers = [cast(list[Tensor], layer._flat_weights) for layer in self.layers]
        return [[weights[i : i + 4] for i in range(0, len(weights), 4)] for weights in layers]

    def forward(self, X: Tensor, lengths: Tensor, dropout: float = 0.0) -> Tensor:
        """Encode a batch of sequences.

        X (Tensor): The vectors of all sequences, one after the other. Shape (tokens, input_width).
        lengths (Tensor): Tokens of each sequence, in order; zeros are allowed. Shape (sequences,),
            on the CPU.
        dropout (float): Rate at which the outputs of each layer are dropped.
        RETURNS (Tensor): The encoded tokens, in the order of `X`. Shape (tokens, width).
        """
        if not len(X):
            return X.new_zeros((0, self.width))
        if self.cell == "mingru":
            return self._scanned(X, lengths, dropout)
        path = self.path(X.device)
        sequences = PADDED_SEQUENCES if path == "fused" else PACKED_SEQUENCES
        outputs, positions = [], []
        for sizes, index in sub_batches(lengths, *sequences, self.token_budget):
            valid = torch.arange(len(index))[:, None] < sizes
            # Time-major and longest first, the tokens alone stand in the order of packing.
            packed = index[valid].to(X.device)
            if path == "fused":
                Y = self._fused(_select(X, index), sizes, dropout)
                Y = _permute(Y, valid.flatten().nonzero()[:, 0])
            else:
                batch_sizes = valid[: sizes[0]].sum(dim=1)
                run = self._unrolled if path == "unrolled" else self._packed
                Y = run(_select(X, packed), batch_sizes, dropout)
            outputs.append(Y)
            positions.append(packed)
        return _select(torch.cat(outputs), torch.cat(positions).argsort())

    def path(self, device: torch.device) -> Path:
        """RETURNS (str): Which path an LSTM or GRU takes on a device."""
        if not self.reset_after:
            return "unrolled"
        if device.type == "cpu" and self.cell == "lstm":
            return "fused"
        # torch's own kernel takes time to differentiate that grows with the square of the steps.
        return "unrolled" if device.type == "cpu" and torch.is_grad_enabled() else "packed"

    def _scanned(self, Y: Tensor, lengths: Tensor, dropout: float) -> Tensor:
        for layer in self.layers:
            Y = self._passed_on(Y, layer(Y, lengths), dropout)
        return Y

    def _unrolled(self, Y: Tensor, batch_sizes: Tensor, dropout: float) -> Tensor:
        """Y (Tensor): The tokens in the order of packing. Shape (tokens, width)."""
        run = (GRUResetAfter if self.reset_after else GRUResetBefore).apply
        sizes = batch_sizes.tolist()
        for directions in self.weights():
            outputs = [run(Y, sizes, i > 0, *weights) for i, weights in enumerate(directions)]
            Y = self._passed_on(Y, torch.cat(outputs, dim=1), dropout)
        return Y

    def _packed(self, Y: Tensor, batch_sizes: Tensor, dropout: float) -> Tensor:
        """Y (Tensor): The tokens in the order of packing. Shape (tokens, width)."""
        for layer in self.layers:
            found = layer(PackedSequence(Y, batch_sizes))[0].data
            Y = self._passed_on(Y, found, dropout)
        return Y

    def _fused(self, Y: Tensor, lengths: Tensor, dropout: float) -> Tensor:
        """Y (Tensor): Padded. Shape (time, sequences, width)."""
        reverse = reversal(lengths, len(Y))
        for forward, *backward in self.weights():
            outputs = [_permute(fused_lstm(_permute(Y, reverse), w), reverse) for w in backward]
            Y = self._passed_on(Y, torch.cat((fused_lstm(Y, forward), *outputs), dim=2), dropout)
        return Y

    def _passed_on(self, X: Tensor, Y: Tensor, dropout: float) -> Tensor:
        """RETURNS (Tensor): What a layer that has read X and found Y gives to the next one."""
        Y = nn.functional.dropout(Y, dropout)
        return X + Y if self.residual and X.shape == Y.shape else Y


def _select(rows: Tensor, index: Tensor) -> Tensor:
    """Index rows by an array of any shape, faster than by brackets."""
    return rows.index_select(0, index.flatten()).view(*index.shape, rows.shape[1])


def _permute(Y: Tensor, index: Tensor) -> Tensor:
    """Index the flattened (time * sequences) positions."""
    return _select(Y.flatten(0, 1), index)
