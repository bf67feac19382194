"""Checksums beside what is saved, so that damage does not load."""

from hashlib import sha256
from pathlib import Path

from .errors import UserError

# As sha256sum writes and checks it.
SUMS = "SHA256SUMS"
SIZE = sha256().digest_size


def write_checksums(folder: Path) -> None:
    """Write the checksums of all files of a folder into it."""
    files = sorted(file for file in folder.rglob("*") if file.is_file() and file.name != SUMS)
    lines = [f"{checksum(file)}  {file.relative_to(folder).as_posix()}\n" for file in files]
    (folder / SUMS).write_text("".join(lines), encoding="utf8", newline="\n")


def verify_checksums(folder: Path) -> None:
    """Compare a folder with its checksums, if it has any.

    RAISES (DamagedFile): If a file is missing or is not the one that was saved.
    """
    sums = folder / SUMS
    if not sums.exists():
        return
    try:
        lines = [line.split("  ", 1) for line in sums.read_text(encoding="utf8").splitlines()]
        expected = {folder / name: digest for digest, name in lines}
    except ValueError as err:
        raise DamagedFile(sums, "is not a list of checksums") from err
    for file, digest in expected.items():
        if not file.is_file():
            raise DamagedFile(file, f"is missing, but listed in {SUMS}")
        if checksum(file) != digest:
            raise DamagedFile(file, f"is not the one that was saved, by its checksum in {SUMS}")


def checksum(file: Path) -> str:
    return sha256(file.read_bytes()).hexdigest()


def seal(data: bytes) -> bytes:
    """RETURNS (bytes): Data behind their checksum."""
    return sha256(data).digest() + data


def unseal(sealed: bytes) -> bytes:
    """RETURNS (bytes): The data.
    RAISES (ValueError): If they are not those that were sealed.
    """
    data = sealed[SIZE:]
    if sha256(data).digest() != sealed[:SIZE]:
        raise ValueError(
            f"got {len(sealed)} bytes that are damaged or were not saved by such a component, "
            "expected what to_bytes gave"
        )
    return data


class DamagedFile(UserError):
    """A file that is not the one that was saved.

    file (Path): The file.
    reason (str): What is wrong with it.
    """

    def __init__(self, file: Path, reason: str) -> None:
        super().__init__(f"{file} {reason}")
        self.file, self.reason = file, reason
