"""Saving and loading of components."""

import copy
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from ..checksums import SUMS, DamagedFile, seal, unseal, verify_checksums, write_checksums
from ..errors import UserError
from .settings import require_settings

# What there is on disk: settings, the vocabulary, unless the pipeline has it, and weights.
PARTS = ("cfg", "vocab", "model")


class FromDisk:
    """Mixin for components: what is saved has checksums, and an error in loading names the file
    that it lies in.
    """

    name: str
    model: Any
    cfg: dict[str, Any]

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
        path, last = Path(path), copy.deepcopy(self.cfg)
        try:
            verify_checksums(path)
            for part in PARTS:
                self._load(path, part, exclude)
            self._require_cfg(path / "cfg")
        except DamagedFile as err:
            self.cfg = last
            raise UserError(
                f"Can't load component '{self.name}' from {err.file}: got a file that {err.reason}"
                ", expected what nlp.to_disk wrote. Save or download the pipeline again, or delete "
                f"{SUMS} if you changed it yourself."
            ) from err
        return self

    def _load(self, path: Path, part: str, exclude: Iterable[str]) -> None:
        """Load one part of the component.

        RAISES (DamagedFile): If its file is damaged.
        """
        if part in exclude:
            return
        if not (path / part).exists():
            raise DamagedFile(path / part, "is missing")
        others = [other for other in PARTS if other != part]
        try:
            super().from_disk(path, exclude=[*exclude, *others])  # type: ignore[misc]
        except OSError:
            raise
        except Exception as err:
            reason = str(err) or type(err).__name__
            raise DamagedFile(
                path / part, f"is truncated, foreign or saved with another config.cfg ({reason})"
            ) from err

    def _require_cfg(self, file: Path) -> None:
        """RAISES (DamagedFile): If settings are not what they can be, or do not fit the model."""
        try:
            require_settings(self.cfg, self.names_in_cfg)
        except ValueError as err:
            raise DamagedFile(file, f"has a wrong setting ({err})") from err
        got, needed = self.model.maybe_get_dim("nO"), self.n_outputs
        if needed is not None and got is not None and got != needed:
            raise DamagedFile(
                file,
                f"does not fit the model beside it ({len(self.cfg['labels'])} labels need a model "
                f"with {needed} outputs, got {got})",
            )

    @property
    def n_outputs(self) -> int | None:
        """RETURNS (Optional[int]): How many outputs the model has for the labels, if they decide
        about it.
        """
        return len(self.cfg["labels"]) if "labels" in self.cfg else None

    @property
    def names_in_cfg(self) -> tuple[str, ...]:
        """RETURNS (Tuple[str]): What thresholds and weights in `cfg` may be of."""
        return tuple(self.cfg.get("labels", ()))

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
            super().from_bytes(data, exclude=exclude)  # type: ignore[misc]
            self._require_cfg(Path("cfg"))
        except (ValueError, DamagedFile) as err:
            reason = err.reason if isinstance(err, DamagedFile) else err
            raise UserError(
                f"Can't load component '{self.name}' from bytes: {reason}. Save the pipeline again."
            ) from err
        return self
