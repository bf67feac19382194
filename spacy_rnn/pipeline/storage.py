"""Loading of components from disk."""

from collections.abc import Iterable
from pathlib import Path


class FromDisk:
    """Mixin for components: an error in loading names the file that it lies in."""

    name: str

    def from_disk(self, path: str | Path, *, exclude: Iterable[str] = ()) -> "FromDisk":
        """Load the component.

        path (Union[str, Path]): The component's folder.
        exclude (Iterable[str]): Names of the parts to leave out.
        RETURNS (FromDisk): The component.
        RAISES (ValueError): If a file is damaged or was not written by such a component.
        """
        try:
            return super().from_disk(path, exclude=exclude)  # type: ignore[misc]
        except OSError:
            raise
        except Exception as err:
            reason = str(err) or type(err).__name__
            raise ValueError(
                f"Can't load component '{self.name}' from {Path(path) / 'model'}: got a file that "
                f"is truncated, foreign or saved with another config ({reason}), expected what "
                "nlp.to_disk wrote for this config.cfg. Save or download the pipeline again."
            ) from err
