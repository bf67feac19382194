import re
from collections.abc import Callable

import pytest
from spacy.cli._util import app
from typer.testing import CliRunner

import spacy_rnn.cli  # noqa: F401  (adds the commands to spaCy's app)


@pytest.fixture
def spacy_cli() -> Callable[..., tuple[int, str]]:
    """Run `spacy` with arguments and get the exit code and the output on one line."""

    def run(*args: object) -> tuple[int, str]:
        result = CliRunner().invoke(app, [str(arg) for arg in args])
        assert result.exception is None or isinstance(result.exception, SystemExit)
        return result.exit_code, re.sub(
            r"\x1b\[[\d;]*m|\s+", lambda m: " " * m[0].isspace(), result.output
        )

    return run
