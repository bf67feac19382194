"""Saving and loading of components."""

from collections.abc import Iterable
from pathlib import Path

from .checksums import SUMS, DamagedFile, seal, unseal, verify_checksums, write_checksums


class FromDisk:
    """Mixin for components: what is saved has checksums, and an error in loading names the file
    that it lies in.
    """

    name: str

    def to_disk(self, path: str | Path, *, exclude: Iterable[str] = ()) -> None:
        """Save the component, with the checksums of its files.

        path (Union[str, Path]): The component's folder.
        exclude (Iterable[str]): Names of the parts to leave out.
        """
        super().to_disk(path, exclude=exclude)  # type: ignore[misc]
        write_checksums(Path(path))

    def from_disk(self, path: str | Path, *, exclude: Iterable[str] = ()) -> "FromDisk":
        """Load the component.

        path (Union[str, Path]): The component's folder.
        exclude (Iterable[str]): Names of the parts to leave out.
        RETURNS (FromDisk): The component.
        RAISES (ValueError): If a file is damaged or was not written by such a component.
        """
        try:
            verify_checksums(Path(path))
            return super().from_disk(path, exclude=exclude)  # type: ignore[misc]
        except OSError:
            raise
        except DamagedFile as err:
            raise ValueError(
                f"Can't load component '{self.name}' from {err.file}: got a file that {err.reason}"
                ", expected what nlp.to_disk wrote. Save or download the pipeline again, or delete "
                f"{SUMS} if you changed it yourself."
            ) from err
        except Exception as err:
            reason = str(err) or type(err).__name__
            raise ValueError(
                f"Can't load component '{self.name}' from {Path(path) / 'model'}: got a file that "
                f"is truncated, foreign or saved with another config ({reason}), expected what "
                "nlp.to_disk wrote for this config.cfg. Save or download the pipeline again."
            ) from err

    def to_bytes(self, *, exclude: Iterable[str] = ()) -> bytes:
        """Save the component to bytes, behind their checksum.

        exclude (Iterable[str]): Names of the parts to leave out.
        RETURNS (bytes): The component.
        """
        return seal(super().to_bytes(exclude=exclude))  # type: ignore[misc]

    def from_bytes(self, bytes_data: bytes, *, exclude: Iterable[str] = ()) -> "FromDisk":
        """Load the component from bytes.

        bytes_data (bytes): What `to_bytes` gave.
        exclude (Iterable[str]): Names of the parts to leave out.
        RETURNS (FromDisk): The component.
        RAISES (ValueError): If the bytes are damaged.
        """
        try:
            data = unseal(bytes_data)
        except ValueError as err:
            raise ValueError(
                f"Can't load component '{self.name}' from bytes: {err}. Save the pipeline again."
            ) from err
        return super().from_bytes(data, exclude=exclude)  # type: ignore[misc]
