"""A Ray cluster: the connection to it, and what is required of it."""

import logging
import os
import socket
from importlib.metadata import version
from pathlib import Path
from typing import Any

from .errors import UserError

PACKAGES = ("spacy-rnn", "spacy", "thinc", "torch")


class ClusterError(UserError):
    """A cluster cannot be used."""


def connect(address: str | None) -> Any:
    """Connect to a cluster.

    address (Optional[str]): Its address, by default that of RAY_ADDRESS, or of the one that runs on
        this machine.
    RETURNS (module): Ray.
    RAISES (ClusterError): If Ray is not installed, or there is no such cluster.
    """
    try:
        import ray
    except ImportError as error:
        raise ClusterError(
            "Ray is not installed: run pip install 'spacy-rnn[ray]' on all nodes."
        ) from error
    address = address or os.environ.get("RAY_ADDRESS") or "auto"
    try:
        require_listener(address)
        ray.init(address, log_to_driver=False, logging_level=logging.ERROR)
    except (OSError, RuntimeError, ValueError) as error:  # none, or another version
        reason = str(error).strip().splitlines()[0].rstrip(".")
        raise ClusterError(
            f"Can't use the Ray cluster at {address}: {reason}. "
            "Expected a cluster, started with 'ray start --head', with the same versions of "
            "Python and Ray as here."
        ) from error
    return ray


def require_listener(address: str) -> None:
    """Ray itself asks for minutes before it gives up.

    RAISES (OSError, ValueError): If nothing listens at an address with a port.
    """
    if address != "auto":
        host, _, port = address.removeprefix("ray://").rpartition(":")
        socket.create_connection((host, int(port)), timeout=10).close()


def require_same_versions(theirs: dict[str, str], ours: dict[str, str]) -> None:
    """Compare the versions of packages on a node of a cluster with those where the command runs.

    RAISES (ClusterError): If they differ.
    """
    if changed := [name for name in ours if theirs[name] != ours[name]]:
        what = ", ".join(f"{name} {theirs[name]}, expected {ours[name]}" for name in changed)
        raise ClusterError(
            f"The Ray cluster has other packages: got {what}. Install the same on all nodes."
        )


def versions() -> dict[str, str]:
    """RETURNS (dict[str, str]): The versions of packages that decide on the output."""
    return {name: version(name) for name in PACKAGES}


def absolute(model: str) -> str:
    """RETURNS (str): The name of a pipeline, or its path from anywhere on the machine."""
    return str(Path(model).resolve()) if Path(model).exists() else model
