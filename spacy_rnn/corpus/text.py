"""Bytes to lines: compression and encoding."""

import bz2
import codecs
import gzip
import io
import lzma
import zipfile
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO, cast

from .errors import CorpusError, first_line, show
from .options import OPTIONS, Options

MAGIC = {
    b"\x1f\x8b": "gzip",
    b"BZh": "bz2",
    b"\xfd7zXZ\x00": "xz",
    b"PK\x03\x04": "zip",
    b"\x28\xb5\x2f\xfd": "zstd",
}
BOMS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
COMPRESSED = (".gz", ".gzip", ".bz2", ".xz", ".zip", ".zst", ".zstd")
# What text that is not Unicode is likely encoded in.
ENCODINGS = ["cp1252", "cp1250", "cp1251", "cp1253", "cp1254", "cp1255", "cp1256", "koi8_r"]
ENCODINGS += ["shift_jis", "euc_jp", "gb18030", "big5", "euc_kr"]
HEAD = 1 << 16  # bytes that tell what a file is
TAR = (257, b"ustar")  # where an archive of files says so


def open_bytes(path: Path, options: Options = OPTIONS) -> BinaryIO:
    """RETURNS (BinaryIO): The bytes of a file, decompressed as it is read.
    RAISES (CorpusError): If it cannot be opened, or holds several files."""
    with path.open("rb") as file:
        head = file.read(8)
    found = next((kind for magic, kind in MAGIC.items() if head.startswith(magic)), "none")
    match options.compression or found:
        case "gzip":
            return cast(BinaryIO, gzip.open(path))
        case "bz2":
            return cast(BinaryIO, bz2.open(path))
        case "xz":
            return cast(BinaryIO, lzma.open(path))
        case "zip":
            return _open_zip(path)
        case "zstd":
            return _open_zstd(path)
    return path.open("rb")


def read_head(path: Path, options: Options = OPTIONS) -> bytes:
    """RETURNS (bytes): The first bytes of a file, decompressed.
    RAISES (CorpusError): If it cannot be read."""
    try:
        with open_bytes(path, options) as file:
            head = file.read(HEAD)
    except (OSError, EOFError, zlib.error, lzma.LZMAError, zipfile.BadZipFile) as error:
        raise CorpusError(f"Can't read {path}: {first_line(error)}: correct the file.") from error
    if head[TAR[0] :].startswith(TAR[1]):
        raise CorpusError(f"{path} is an archive of files: unpack it, and name one or the folder.")
    return head


def read_lines(path: Path, options: Options = OPTIONS) -> Iterator[str]:
    """Read the lines of a text file.

    path (Path): The file.
    options (Options): Its compression and encoding, where they cannot be told.
    YIELDS (str): A line, with its line break.
    RAISES (CorpusError): If the file cannot be read, or is encoded otherwise.
    """
    encoding = find_encoding(read_head(path, options), options)
    number = 0
    try:
        with io.TextIOWrapper(open_bytes(path, options), encoding, newline="") as file:
            for line in file:
                number += 1
                yield line
    except UnicodeDecodeError as error:
        raise CorpusError(_other_encoding(path, options, encoding)) from error
    except (OSError, EOFError, zlib.error, lzma.LZMAError, zipfile.BadZipFile) as error:
        raise CorpusError(
            f"Can't read {path} after line {number}: {first_line(error)}: correct the file."
        ) from error


def find_encoding(head: bytes, options: Options) -> str:
    """RETURNS (str): The encoding that is given, or of the byte-order mark, or UTF-8."""
    marked = next((name for mark, name in BOMS if head.startswith(mark)), "utf-8")
    return options.encoding or marked


def _other_encoding(path: Path, options: Options, encoding: str) -> str:
    """RETURNS (str): The message for a file that is not encoded as it should be: where, and what
    it looks like."""
    number, line = 0, b""
    with open_bytes(path, options) as file:
        decoder = codecs.getincrementaldecoder(encoding)()
        for number, line in enumerate(file, 1):  # noqa: B007
            try:
                decoder.decode(line)
            except UnicodeDecodeError:
                break
        sample = line + file.read(HEAD)
    name = "UTF-8" if encoding.startswith("utf-8") else encoding
    guess = _guess(sample)
    seen = f", and {guess} makes it {show(line.decode(guess, 'replace').strip())}" if guess else ""
    return (
        f"Can't read {path}, line {number}: it is not encoded in {name}{seen}: set the option "
        f"encoding, such as encoding={guess or 'cp1252'}."
    )


def _guess(sample: bytes) -> str | None:
    from charset_normalizer import from_bytes

    best = from_bytes(sample, cp_isolation=ENCODINGS).best()
    if best is None:
        return None
    # Among encodings that give the same text, the one that is most used.
    return "cp1252" if "cp1252" in best.could_be_from_charset else best.encoding


def _open_zip(path: Path) -> BinaryIO:
    archive = zipfile.ZipFile(path)
    names = [info.filename for info in archive.infolist() if not info.is_dir()]
    if "[Content_Types].xml" in names:
        raise CorpusError(f"{path} is a document of an office program: save it as csv.")
    if len(names) != 1:
        raise CorpusError(
            f"{path} holds {len(names)} files, expected one: unpack it, and name the folder."
        )
    return cast(BinaryIO, archive.open(names[0]))


def _open_zstd(path: Path) -> BinaryIO:
    try:
        from compression import zstd  # of Python 3.14
    except ImportError:
        try:
            import zstandard as zstd
        except ImportError as error:
            raise CorpusError(
                f"{path} is compressed with zstd: run pip install zstandard, or decompress it."
            ) from error
    return cast(BinaryIO, zstd.open(path, "rb"))
