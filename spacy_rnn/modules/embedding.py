"""Embedding of tokens by their features."""

from collections.abc import Sequence
from typing import cast

import torch
from torch import Tensor, nn
from torch.nn.parameter import is_lazy

from ..errors import UserError
from .char_embed import CharEmbed
from .hash_embed import HashEmbed
from .linear import has_exact_rows, linear

MAXOUT_PIECES = 3
# Half for each direction of the characters' LSTM.
CHARACTER_WIDTH = 128


class TokenEmbedding(nn.Module):
    """Embed tokens by lexical attributes, character n-grams, characters and static vectors: one
    vector for each of these, and of all of them one by a maxout layer (Goodfellow et al. 2013) and
    layer normalisation (Ba et al. 2016), as spaCy's `MultiHashEmbed` has it.

    It computes each unique token once. Gradients of its occurrences are summed.

    width (int): Width of the output, and of the vector of each attribute, the n-grams and the
        static vector of a token.
    rows (Sequence[int]): Number of rows in the hash table of each attribute.
    learn_unknown (bool): Whether attributes that training never saw share a vector. See
        `HashEmbed`.
    ngram_rows (int): Number of rows in the hash table of character n-grams, 0 for none.
    characters (bool): Whether a bidirectional LSTM reads the characters. See `CharEmbed`.
    vectors (bool): Whether static vectors are projected to `width`.
    RAISES (ValueError): If that leaves nothing to embed, or `width` is below 1.
    """

    def __init__(
        self,
        width: int,
        rows: Sequence[int] = (),
        learn_unknown: bool = False,
        ngram_rows: int = 0,
        characters: bool = False,
        vectors: bool = False,
    ) -> None:
        super().__init__()
        if width < 1:
            raise UserError(f"Invalid width: got {width}, expected 1 or more.")
        self.width = width
        self.attributes = HashEmbed(rows, width, learn_unknown) if rows else None
        self.ngrams = nn.EmbeddingBag(ngram_rows, width, mode="mean") if ngram_rows else None
        self.characters = CharEmbed(CHARACTER_WIDTH) if characters else None
        self.vectors: nn.Linear | None = nn.LazyLinear(width, bias=False) if vectors else None
        widths = [width] * (len(rows) + bool(ngram_rows))
        widths += [CHARACTER_WIDTH] * characters + [width] * vectors
        if not widths:
            raise UserError(
                "Nothing to embed: got no attrs, n-grams, characters or static vectors, expected "
                "at least one of them."
            )
        self.register_buffer("widths", torch.tensor(widths), persistent=False)
        self.mix = nn.Linear(sum(widths), width * MAXOUT_PIECES)
        self.norm = nn.LayerNorm(width)
        self.reset_parameters()

    def reset_parameters(self, vector_width: int | None = None) -> None:
        """Draw new weights: uniform ones in tables, Glorot-uniform ones elsewhere (Glorot & Bengio
        2010).

        vector_width (Optional[int]): Width of the static vectors, where it is known.
        """
        if self.attributes is not None:
            self.attributes.reset_parameters()
        if self.ngrams is not None:
            nn.init.uniform_(self.ngrams.weight, -0.1, 0.1)
        if self.characters is not None:
            self.characters.reset_parameters()
        if self.vectors is not None and vector_width is not None:
            device = self.vectors.weight.device
            self.vectors = nn.Linear(vector_width, self.width, bias=False, device=device)
            nn.init.xavier_uniform_(self.vectors.weight)
        nn.init.xavier_uniform_(self.mix.weight)
        nn.init.zeros_(self.mix.bias)
        self.norm.reset_parameters()

    def forward(
        self,
        inverse: Tensor,
        hashes: Tensor | None = None,
        ngrams: Tensor | None = None,
        ngram_starts: Tensor | None = None,
        symbols: Tensor | None = None,
        symbol_lengths: Tensor | None = None,
        vectors: Tensor | None = None,
        dropout: float = 0.0,
        pass_rare: bool = False,
    ) -> Tensor:
        """Embed the tokens of a batch. Each feature is given for unique tokens.

        inverse (Tensor): Which unique token each token is. Shape (tokens,).
        hashes (Optional[Tensor]): Four of each attribute. Shape (unique tokens, attributes, 4).
        ngrams (Optional[Tensor]): Rows of n-grams, one token after the other. Shape (n-grams,).
        ngram_starts (Optional[Tensor]): Where each token's n-grams start. Shape (unique tokens,).
        symbols (Optional[Tensor]): Bytes of one token after the other. Shape (bytes,).
        symbol_lengths (Optional[Tensor]): How many each token has. Shape (unique tokens,), on the
            CPU.
        vectors (Optional[Tensor]): Static vectors. Shape (unique tokens, vector width).
        dropout (float): Rate at which features of a token are dropped, each as a whole, so that
            the others learn to stand in for it (Gal & Ghahramani 2016). An only feature is kept.
        pass_rare (bool): Whether rare attributes are to pass for unknown. See `HashEmbed`.
        RETURNS (Tensor): Shape (tokens, width).
        RAISES (ValueError): If static vectors are of another width than before.
        """
        parts = []
        if self.attributes is not None:
            parts.append(self.attributes(hashes, pass_rare))
        if self.ngrams is not None:
            parts.append(self.ngrams(ngrams, ngram_starts))
        if self.characters is not None:
            parts.append(self.characters(symbols, symbol_lengths))
        if self.vectors is not None:
            parts.append(self._project(cast(Tensor, vectors)))
        X = torch.cat(parts, dim=1)
        widths = cast(Tensor, self.widths)
        if dropout and len(widths) > 1:
            kept = nn.functional.dropout(X.new_ones(len(X), len(widths)), dropout)
            X = X * kept.repeat_interleave(widths, dim=1, output_size=X.shape[1])
        pieces = linear(X, self.mix.weight, self.mix.bias).view(-1, self.width, MAXOUT_PIECES)
        unique: Tensor = self.norm(pieces.amax(dim=2))
        return unique.index_select(0, inverse)

    def has_exact_rows(self) -> bool:
        """RETURNS (bool): Whether the vector of a token is the same to the last bit whatever tokens
        are computed with it, as long as their number is one of `whole_rows`. Characters are
        read in batches, whose order decides.
        """
        layers = [self.mix] if self.vectors is None else [self.mix, self.vectors]
        return self.characters is None and all(
            not is_lazy(layer.weight) and has_exact_rows(*layer.weight.shape) for layer in layers
        )

    def count(self, hashes: Tensor | None = None, **others: Tensor) -> None:
        """Count the attributes of tokens that weights have been trained on.

        hashes (Optional[Tensor]): See `forward`, whose other features are left alone.
        """
        if self.attributes is not None:
            self.attributes.count(cast(Tensor, hashes))

    def _project(self, vectors: Tensor) -> Tensor:
        project = cast(nn.Linear, self.vectors)
        if is_lazy(project.weight):
            return cast(Tensor, project(vectors))
        if project.weight.shape[1] != vectors.shape[1]:
            raise UserError(
                f"The table of word vectors is not the one of training: got vectors of width "
                f"{vectors.shape[1]}, expected {project.weight.shape[1]}. Give the vocab the table "
                "that the model was trained with, or train the model again with this one."
            )
        return linear(vectors, project.weight)
