"""Vectors of the vocab, registered as `spacy-rnn.*` in pyproject.toml."""

from collections.abc import Callable, Collection, Iterable, Sequence
from itertools import chain, count
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy
import srsly
import torch
from spacy.attrs import ORTH
from spacy.language import Language
from spacy.strings import StringStore
from spacy.vectors import BaseVectors
from spacy.vocab import Vocab
from thinc.api import ConfigValidationError, Ops
from thinc.backends import get_array_ops
from thinc.util import to_numpy

from .checksums import SUMS, seal, unseal, verify_checksums, write_checksums
from .errors import UserError
from .files import replacing

if TYPE_CHECKING:
    from tokenizers import Tokenizer

NAME = "spacy-rnn.SubwordVectors.v1"
FOLDER = "subwords"  # of the vocab
TABLE = "vectors.safetensors"
TOKENIZER = "tokenizer.json"
# Words whose pieces are remembered: 50 MB at most, and more than the texts of a day have.
MAX_WORDS = 2**18
VERSIONS = count()


class SubwordVectors(BaseVectors):
    """Vectors of word pieces, of which the vector of a word is the mean. No word is missing but
    those without any known piece, whose vector is zero.

    Any component that uses `spacy.StaticVectors`, and any encoder with `include_static_vectors`,
    takes these vectors as it takes others.

    strings (Optional[StringStore]): The strings of the vocab.
    tokenizer (Optional[Tokenizer]): Divides words into pieces. What it does to their case and their
        accents happens to what it reads, and not to what other features are made of.
    data (Optional[NDArray]): The vectors of the pieces, in half or single precision. A piece has
        none where they are zero, as "unknown" is to have. Shape (pieces, width).
    name (Optional[str]): A name for the table.
    version (int): Another number for another tokenizer or table, in this process.
    RAISES (ValueError): If the tokenizer has more pieces than the table has vectors.
    """

    mode = "subwords"
    attr = ORTH
    # What spaCy asks ordinary tables for: which row a word has.
    key2row: dict[int, int] = {}  # noqa: RUF012

    def __init__(
        self,
        *,
        strings: StringStore | None = None,
        tokenizer: "Tokenizer | None" = None,
        data: Any = None,
        name: str | None = None,
    ) -> None:
        self.strings = StringStore() if strings is None else strings
        # A vocab that is unpickled gets its strings back only after it gave others to its vectors.
        self._pickled = self.strings
        self.name = name
        self._assign(tokenizer, numpy.zeros((0, 0), dtype="float32") if data is None else data)

    def _assign(self, tokenizer: "Tokenizer | None", data: Any) -> None:
        n_pieces = 0 if tokenizer is None else tokenizer.get_vocab_size()
        if data.ndim != 2 or n_pieces > len(data):
            raise UserError(
                f"The tokenizer and the table don't fit: got {n_pieces} pieces and vectors of the "
                f"shape {data.shape}, expected a vector for each piece."
            )
        self.tokenizer, self.data = tokenizer, data
        self.version = next(VERSIONS)
        self._has_vector = to_numpy(data).any(axis=1).tolist()
        self._pieces: dict[int | str, list[int]] = {}

    def pieces(self, word: int | str) -> list[int]:
        """RETURNS (List[int]): The rows of a word's pieces, without those that have no vector."""
        if (found := self._pieces.get(word)) is None:
            try:
                text = self.strings.as_string(word)
            except KeyError:
                text = self._pickled.as_string(word)
            # One by one: a batch starts threads, which do not survive a fork, and is no faster.
            ids = (
                self.tokenizer.encode(text, add_special_tokens=False).ids if self.tokenizer else []
            )
            found = [piece for piece in ids if self._has_vector[piece]]
            if len(self._pieces) >= MAX_WORDS:
                self._pieces = {}
            self._pieces[word] = found
        return found

    def get_batch(self, keys: Iterable[int | str]) -> Any:
        """Find the vectors of words.

        keys (Iterable[Union[int, str]]): The words, or their hashes.
        RETURNS (NDArray[float32]): Shape (words, width).
        """
        words: Sequence[int | str] = to_numpy(keys).tolist() if hasattr(keys, "dtype") else [*keys]
        index = {word: row for row, word in enumerate(dict.fromkeys(words))}
        known = self._pieces
        pieces = [known[word] if word in known else self.pieces(word) for word in index]
        ops = get_array_ops(self.data)
        rows = ops.xp.asarray([*chain.from_iterable(pieces)], dtype="int64")
        if not len(rows):
            return ops.alloc2f(len(words), self.vectors_length)
        lengths = ops.asarray1i([len(each) for each in pieces])
        means = ops.reduce_mean(in_single_precision(self.data[rows]), lengths)
        return means if len(index) == len(words) else means[[index[word] for word in words]]

    def __getitem__(self, key: int | str) -> Any:
        return self.get_batch([key])[0]

    def __contains__(self, key: int | str) -> bool:
        return bool(self.pieces(key))

    def __len__(self) -> int:
        return len(self.data)

    def keys(self) -> Collection[str]:
        """RETURNS (Collection[str]): The pieces."""
        return self.tokenizer.get_vocab().keys() if self.tokenizer else ()

    @property
    def n_keys(self) -> int:
        return len(self.keys())

    @property
    def shape(self) -> tuple[int, int]:
        return self.data.shape

    @property
    def size(self) -> int:
        return self.data.size

    @property
    def vectors_length(self) -> int:
        return self.data.shape[1]

    @property
    def is_full(self) -> bool:
        return False  # so that `Vocab.set_vector` comes to what `add` says

    def add(self, key: int | str, *, vector: Any = None, row: int | None = None) -> int:
        """RAISES (ValueError): Always: the vectors of words follow from those of their pieces."""
        raise UserError(
            f"Can't set the vector of {self.strings.as_string(key)!r}: it is the mean of those of "
            "the word's pieces. Use a table with a vector for each word, from 'spacy rnn subwords' "
            "with --words or from 'spacy init vectors'."
        )

    def to_ops(self, ops: Ops) -> None:
        self.data = ops.asarray(self.data)

    def _parts(self) -> tuple[str, bytes]:
        from safetensors.numpy import save

        assert self.tokenizer is not None
        data = numpy.ascontiguousarray(to_numpy(self.data))
        return self.tokenizer.to_str(), save({"vectors": data})

    def _from_parts(self, tokenizer: str, table: bytes) -> None:
        from safetensors.numpy import load

        self._assign(read_tokenizer(tokenizer), load(table)["vectors"])

    def to_disk(self, path: str | Path, *, exclude: Iterable[str] = ()) -> None:
        """Save the table and the tokenizer, with their checksums, whole or not at all.

        path (Union[str, Path]): The folder of the vocab.
        exclude (Iterable[str]): Names of parts of the vocab, none of which is here.
        """
        if self.tokenizer is None:
            return
        tokenizer, table = self._parts()
        with replacing(Path(path) / FOLDER) as (folder,):
            folder.mkdir()
            (folder / TOKENIZER).write_text(tokenizer, encoding="utf8")
            (folder / TABLE).write_bytes(table)
            write_checksums(folder)

    def from_disk(self, path: str | Path, *, exclude: Iterable[str] = ()) -> "SubwordVectors":
        """Load what `to_disk` saved, if there is something.

        path (Union[str, Path]): The folder of the vocab.
        exclude (Iterable[str]): Names of parts of the vocab, none of which is here.
        RETURNS (SubwordVectors): The vectors.
        RAISES (ValueError): If a file is damaged, or the folder has vectors of another kind.
        """
        folder = Path(path) / FOLDER
        if not folder.exists():
            require_no_others(Path(path))
            return self
        try:
            verify_checksums(folder)
            text = (folder / TOKENIZER).read_text(encoding="utf8")
            self._from_parts(text, (folder / TABLE).read_bytes())
        except ImportError:
            raise
        except Exception as err:  # tokenizers and safetensors raise what they like
            raise UserError(
                f"Can't load the subwords from {folder}: {err}. Expected what 'spacy rnn subwords' "
                f"or nlp.to_disk wrote: make or save it again, or delete {SUMS} if you changed a "
                "file yourself."
            ) from err
        return self

    def to_bytes(self, **_: Any) -> bytes:
        """RETURNS (bytes): The table and the tokenizer, behind their checksum."""
        return b"" if self.tokenizer is None else seal(srsly.msgpack_dumps(self._parts()))

    def from_bytes(self, data: bytes, **_: Any) -> "SubwordVectors":
        """Load what `to_bytes` gave.

        RAISES (ValueError): If the bytes are damaged.
        """
        if data:
            self._from_parts(*srsly.msgpack_loads(unseal(data)))
        return self

    def __reduce__(self) -> tuple[Any, ...]:
        return unpickle, (self.to_bytes(), self.strings, self.name)


def in_single_precision(vectors: Any) -> Any:
    """RETURNS (NDArray[float32]): Vectors, cast by torch on a CPU, four times as fast as numpy."""
    if isinstance(vectors, numpy.ndarray):
        return torch.from_numpy(vectors).float().numpy()
    return vectors.astype("float32")


def unpickle(data: bytes, strings: StringStore, name: str | None) -> SubwordVectors:
    return SubwordVectors(strings=strings, name=name).from_bytes(data)


def read_tokenizer(text: str) -> "Tokenizer":
    """RETURNS (Tokenizer): The tokenizer that JSON describes.
    RAISES (ImportError): If the library is not installed.
    """
    try:
        from tokenizers import Tokenizer
    except ImportError as err:
        raise ImportError(
            "Subwords need the package tokenizers, which is not installed: pip install tokenizers."
        ) from err
    return Tokenizer.from_str(text)


def require_no_others(vocab: Path) -> None:
    """RAISES (ValueError): If the folder of a vocab has an ordinary table of vectors."""
    table = vocab / "vectors"
    if table.is_file() and numpy.load(table, mmap_mode="r").size:
        raise UserError(
            f"Can't load subwords from {vocab}: got an ordinary table of vectors, expected the "
            f"folder {FOLDER}. Leave [nlp.vectors] out of the config for this table, or name a "
            "folder that 'spacy rnn subwords' made in [initialize] vectors."
        )


def subword_vectors() -> Callable[[Vocab], SubwordVectors]:
    """Use vectors of word pieces: `spacy-rnn.SubwordVectors.v1`, for `[nlp.vectors]`. They are
    loaded from the pipeline, or from what `[initialize] vectors` names.

    RETURNS (Callable[[Vocab], SubwordVectors]): Makes the vectors of a vocab, without any yet.
    """
    return lambda vocab: SubwordVectors(strings=vocab.strings)


def require_subword_vectors() -> Callable[[Language], Language]:
    """Refuse to load subwords into a vocab that is made for other vectors and would be left without
    any: `spacy-rnn.require_subword_vectors.v1`, for `[nlp.after_creation]`.

    RETURNS (Callable[[Language], Language]): The callback. It raises a ConfigValidationError.
    """

    def require(nlp: Language) -> Language:
        got = type(nlp.vocab.vectors).__name__
        if not isinstance(nlp.vocab.vectors, SubwordVectors):
            reason = f'got {got}, expected @vectors = "{NAME}" in the config that loads subwords'
            raise ConfigValidationError(errors=[{"loc": ["nlp", "vectors"], "msg": reason}])
        return nlp

    return require
