"""Stacked bidirectional LSTM and GRU over ragged batches, exact for every sequence."""

from collections.abc import Iterator
from typing import Literal, cast

import torch
from torch import Tensor, nn
from torch.nn.utils.rnn import PackedSequence

from .gru import unrolled_gru

Cell = Literal["lstm", "gru"]
CELLS: dict[str, type[nn.LSTM | nn.GRU]] = {"lstm": nn.LSTM, "gru": nn.GRU}

# The most sequences and padded tokens in a sub-batch. Small ones of similar length stay in the
# cache and carry little padding; packed ones carry none, so that they can be larger.
FUSED_SEQUENCES = 32
PACKED_SEQUENCES = 256
PADDED_TOKENS = 16384


class RecurrentStack(nn.Module):
    """`depth` recurrent layers, each of which reads the output of the one before.

    Every sequence is encoded as if it were alone: the backward direction starts on its last
    token, never on padding. The weights are those of `depth` modules `torch.nn.LSTM(…,
    num_layers=1)` or `torch.nn.GRU`, and so are the equations (Hochreiter & Schmidhuber 1997;
    Cho et al. 2014 with the reset gate after the product, as in cuDNN).

    Sequences are sorted by length and cut into sub-batches of at most `PADDED_TOKENS` tokens,
    padding included (more only where a single sequence is longer), which bounds memory whatever
    the batch. A sub-batch then takes one of three paths, with equal results:

    - fused: LSTM on CPU, up to `FUSED_SEQUENCES` sequences. Two unidirectional passes over padded
      input, the second over sequences that an index gather has reversed within their own length.
      torch runs these through oneDNN's fused kernel, which packed input rules out.
    - unrolled: GRU on CPU where gradients are wanted, up to `PACKED_SEQUENCES` sequences, never
      padded. See `unrolled_gru`.
    - packed: everything else, up to `PACKED_SEQUENCES` sequences, never padded. torch's kernel for
      packed input; on GPU cuDNN's.

    input_width (int): Width of the input vectors.
    width (int): Width of the output vectors, both directions together.
    depth (int): Number of layers, at least 1.
    cell (str): "lstm" or "gru".
    bidirectional (bool): Read each sequence in both directions. Needs an even `width`.
    RAISES (ValueError): If a size is not positive, `width` is odd or `cell` is unknown.
    """

    def __init__(
        self,
        input_width: int,
        width: int,
        depth: int = 1,
        cell: Cell = "lstm",
        bidirectional: bool = True,
    ) -> None:
        super().__init__()
        if cell not in CELLS:
            raise ValueError(
                f"Unknown recurrent cell: got {cell!r}, expected one of {sorted(CELLS)}."
            )
        if depth < 1:
            raise ValueError(
                f"Invalid depth: got {depth}, expected 1 or more recurrent layers. To use the "
                "embedding alone, leave the encoder out."
            )
        if min(input_width, width) < 1:
            raise ValueError(f"Invalid width: got {min(input_width, width)}, expected 1 or more.")
        if bidirectional and width % 2:
            raise ValueError(
                f"Invalid width: got {width}, expected an even number, because each direction "
                f"gives one half. Use {width - 1} or {width + 1}, or set bidirectional = false."
            )
        self.width = width
        self.cell = cell
        self.bidirectional = bidirectional
        hidden = width // 2 if bidirectional else width
        self.layers = nn.ModuleList(
            CELLS[cell](input_width if i == 0 else width, hidden, bidirectional=bidirectional)
            for i in range(depth)
        )
        self.reset_parameters()

    @torch.no_grad()
    def reset_parameters(self) -> None:
        """Draw new weights: Glorot-uniform input weights (Glorot & Bengio 2010), orthogonal
        recurrent weights a gate (Saxe et al. 2014), zero biases but for the LSTM's forget gate,
        which starts at one (Jozefowicz et al. 2015).
        """
        for name, weight in self.named_parameters():
            hidden = weight.shape[0] // (4 if self.cell == "lstm" else 3)
            if "bias" in name:
                nn.init.zeros_(weight)
                if self.cell == "lstm" and "bias_ih" in name:
                    weight[hidden : 2 * hidden] = 1.0
            else:
                fill = nn.init.xavier_uniform_ if "weight_ih" in name else nn.init.orthogonal_
                for gate in weight.split(hidden):
                    fill(gate)
        self.flatten_parameters()

    def flatten_parameters(self) -> None:
        """Lay each layer's weights out as the one chunk that cuDNN wants. No effect on CPU."""
        for layer in self.layers:
            cast(nn.RNNBase, layer).flatten_parameters()

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
        on_cpu = X.device.type == "cpu"
        fused = self.cell == "lstm" and on_cpu
        unrolled = self.cell == "gru" and on_cpu and torch.is_grad_enabled()
        outputs, positions = [], []
        for sizes, index in sub_batches(lengths, FUSED_SEQUENCES if fused else PACKED_SEQUENCES):
            valid = torch.arange(len(index))[:, None] < sizes
            # Time-major and longest first, the tokens alone stand in the order of packing.
            packed = index[valid].to(X.device)
            if fused:
                Y = self._fused(X[index], sizes, dropout)[valid]
            elif unrolled:
                Y = self._unrolled(X[packed], sizes, valid, dropout)
            else:
                Y = self._packed(X[packed], valid.sum(dim=1), dropout)
            outputs.append(Y)
            positions.append(packed)
        return torch.cat(outputs)[torch.cat(positions).argsort()]

    def _fused(self, Y: Tensor, lengths: Tensor, dropout: float) -> Tensor:
        """Y (Tensor): Padded. Shape (time, sequences, width)."""
        reverse = reversal(lengths)
        for layer in self.layers:
            weights = cast(list[Tensor], layer._flat_weights)
            outputs = _lstm(Y, weights[:4])
            if self.bidirectional:
                backward = _lstm(_permute(Y, reverse), weights[4:])
                outputs = torch.cat((outputs, _permute(backward, reverse)), dim=2)
            Y = nn.functional.dropout(outputs, dropout)
        return Y

    def _unrolled(self, Y: Tensor, lengths: Tensor, valid: Tensor, dropout: float) -> Tensor:
        """Y (Tensor): The tokens in the order of packing. Shape (tokens, width)."""
        reverse = reversal(lengths)[valid.flatten()]
        mirror = (valid.flatten().cumsum(0) - 1)[reverse]
        sizes = valid.sum(dim=1).tolist()
        for layer in self.layers:
            weights = cast(list[Tensor], layer._flat_weights)
            directions = [Y, Y[mirror]] if self.bidirectional else [Y]
            by_kind = [torch.stack(weights[i::4]) for i in range(4)]
            states = unrolled_gru(torch.stack(directions), sizes, *by_kind).unbind(0)
            outputs = torch.cat((states[0], *(s[mirror] for s in states[1:])), dim=1)
            Y = nn.functional.dropout(outputs, dropout)
        return Y

    def _packed(self, Y: Tensor, batch_sizes: Tensor, dropout: float) -> Tensor:
        """Y (Tensor): The tokens in the order of packing. Shape (tokens, width)."""
        for layer in self.layers:
            outputs = layer(PackedSequence(Y, batch_sizes))[0].data
            Y = nn.functional.dropout(outputs, dropout)
        return Y


def sub_batches(lengths: Tensor, max_sequences: int) -> Iterator[tuple[Tensor, Tensor]]:
    """Cut a batch into sub-batches of similar length, longest first. Empty sequences are left out.

    lengths (Tensor): Tokens of each sequence. Shape (sequences,).
    max_sequences (int): The most sequences in a sub-batch.
    YIELDS (Tuple[Tensor, Tensor]): The lengths in the sub-batch, falling, shape (sequences,); and
        where in the flat batch each token of the padded, time-major sub-batch stands, padding
        repeating the last token of its sequence, shape (time, sequences).
    """
    starts = lengths.cumsum(0) - lengths
    order = lengths.argsort(descending=True, stable=True)
    order = order[: int((lengths > 0).sum())]
    while len(order):
        longest = int(lengths[order[0]])
        size = max(1, min(max_sequences, PADDED_TOKENS // longest))
        batch, order = order[:size], order[size:]
        sizes = lengths[batch]
        steps = torch.arange(longest)[:, None]
        yield sizes, starts[batch] + steps.minimum(sizes - 1)


def reversal(lengths: Tensor) -> Tensor:
    """Find the permutation that reverses each sequence of a padded batch within its own length.

    lengths (Tensor): Tokens of each sequence, the first being the longest. Shape (sequences,).
    RETURNS (Tensor): Indices into the flattened (time * sequences) positions. Padding stays where
        it is, so that the permutation is its own inverse. Shape (time * sequences,).
    """
    steps = torch.arange(int(lengths[0]))[:, None]
    source = torch.where(steps < lengths, lengths - 1 - steps, steps)
    return (source * len(lengths) + torch.arange(len(lengths))).flatten()


def _permute(X: Tensor, index: Tensor) -> Tensor:
    return X.flatten(0, 1)[index].view(X.shape)


def _lstm(X: Tensor, weights: list[Tensor]) -> Tensor:
    """Run one direction of one layer over padded, time-major input."""
    state = X.new_zeros((1, X.shape[1], weights[1].shape[1]))
    train = torch.is_grad_enabled()
    return torch.lstm(X, (state, state), weights, True, 1, 0.0, train, False, False)[0]
