"""Embedding of documents by what their tokens are."""

from collections.abc import Sequence

from spacy.attrs import IDS
from spacy.tokens import Doc
from thinc.api import Model, chain, concatenate
from thinc.types import Ragged

from ..modules.characters import Characters
from .characters import character_embedding
from .distinct import with_distinct
from .hashing import hash_embedding
from .memory import with_memory
from .mixture import mixture
from .ngrams import ngram_embedding
from .static_vectors import lookup_vectors, static_vectors

# Half for each direction of an LSTM or GRU.
CHARACTER_WIDTH = 128


def token_embedding(
    width: int,
    attrs: Sequence[str] = (),
    rows: Sequence[int] = (),
    *,
    learn_unknown: bool = False,
    ngram_rows: int = 0,
    characters: Characters | None = None,
    include_static_vectors: bool = False,
    memory: int = 64,
) -> Model[list[Doc], Ragged]:
    """Embed the tokens of a batch of documents, each distinct token once.

    width (int): Width of the output vectors.
    attrs (Sequence[str]): Lexical attributes to embed, such as "NORM" or "SUFFIX".
    rows (Sequence[int]): Number of rows in each attribute's table.
    learn_unknown (bool): Whether attributes that training never saw share a vector, which rare
        ones teach.
    ngram_rows (int): Number of rows in the table of character n-grams, 0 for none.
    characters (Optional[str]): What reads the characters: "lstm", "gru", "cnn" or nothing.
    include_static_vectors (bool): Whether to also use the vectors table of the vocab.
    memory (int): How many MiB of embedded tokens to remember in prediction, 0 for none.
    RETURNS (Model[List[Doc], Ragged]): The layer.
    RAISES (ValueError): If `attrs` and `rows` differ in length, an attribute or `characters` is
        unknown, a number of rows is too low, nothing is to be embedded, or `memory` is below 0; on
        first use, if static vectors are asked for where the vocab has none.
    """
    if ngram_rows < 0:
        raise ValueError(
            f"Invalid ngram_rows: got {ngram_rows}, expected 1 or more, or 0 for none."
        )
    ids = attribute_ids(attrs, rows)
    layers: list[Model] = []
    widths = [width] * len(ids)
    if ids:
        layers.append(hash_embedding(width, ids, rows, learn_unknown))
    if ngram_rows:
        layers.append(ngram_embedding(width, ngram_rows))
        widths.append(width)
    if characters is not None:
        layers.append(character_embedding(CHARACTER_WIDTH, characters))
        widths.append(CHARACTER_WIDTH)
    if include_static_vectors:
        layers.append(static_vectors(width))
        widths.append(width)
    if not layers:
        raise ValueError(
            "Nothing to embed: got no attrs, n-grams, characters or static vectors, expected at "
            "least one of them."
        )
    embed = with_memory(chain(concatenate(*layers), mixture(widths, width)), memory)
    if include_static_vectors:
        embed = chain(lookup_vectors(), embed)
    return with_distinct(embed, ids)


def attribute_ids(attrs: Sequence[str], rows: Sequence[int]) -> list[int]:
    """RETURNS (List[int]): The IDs of lexical attributes.
    RAISES (ValueError): If one is unknown, or has no table with at least one row.
    """
    if len(attrs) != len(rows):
        raise ValueError(
            f"Every attribute needs a table: got {len(attrs)} attrs ({', '.join(attrs)}) and "
            f"{len(rows)} rows ({', '.join(map(str, rows))}), expected as many of each."
        )
    if min(rows, default=1) < 1:
        raise ValueError(f"Invalid rows: got {min(rows)}, expected 1 or more for each attribute.")
    unknown = [attr for attr in attrs if attr not in IDS]
    if unknown:
        raise ValueError(
            f"Unknown attrs: got {', '.join(unknown)}, expected spaCy's names of token attributes, "
            "such as NORM, LOWER, PREFIX, SUFFIX or SHAPE."
        )
    return [IDS[attr] for attr in attrs]
