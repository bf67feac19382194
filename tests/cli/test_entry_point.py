"""spaCy's command line with our commands, whatever typer is installed."""

import subprocess
import sys
from collections.abc import Callable

import pytest

OLD_TYPER = """
import sys
import typer.main

real = typer.main.get_command

def old(app):
    apps = [app, *(group.typer_instance for group in app.registered_groups)]
    if any(app.info.name == "rnn" for app in apps):
        raise RuntimeError("Type not yet supported: str | None")
    return real(app)

typer.main.get_command = old
"""
MISSING = """
import sys
import weasel.cli.assets

del weasel.cli.assets.convert_asset_url
"""
START = """
from spacy.cli import setup_cli

sys.argv = ["spacy", *sys.argv[1:]]
setup_cli()
"""

Start = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture(params=[OLD_TYPER, MISSING], ids=["old typer", "other weasel"])
def start(request: pytest.FixtureRequest) -> Start:
    """Start spaCy's command line beside a library that our commands cannot use."""

    def run(*args: str) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-c", request.param + START, *args]
        return subprocess.run(command, capture_output=True, text=True, check=False, timeout=120)

    return run


def test_commands_step_aside_and_leave_spacy_alone(start: Start) -> None:
    done = start("info")
    assert done.returncode == 0, done.stderr
    assert "spaCy version" in done.stdout
    done = start("rnn", "convert", "x", "--to", "jsonl")
    assert done.returncode == 1
    message = " ".join(done.stdout.split())
    assert "The commands of spacy-rnn cannot be used" in message
    assert "pip install -U 'typer>=0.12.4'" in message
    assert message.count("✘") == 1
    assert "Traceback" not in done.stderr


def test_commands_are_there() -> None:
    from spacy_rnn import cli

    names = {
        command.callback.__module__.rpartition(".")[2] for command in cli.app.registered_commands
    }
    assert {"assets", "calibrate", "convert", "download", "explain"} <= names
    assert [
        group.name or group.typer_instance.info.name for group in cli.spacy_app.registered_groups
    ].count("rnn") == 1
