"""README.md and docs/: every block is run, every output compared, every link followed.

Blocks of a page run in their order, in one folder, with the sample and the configs of the project
in it. A block of `text` is what the block before it prints, or with `excerpt` a part of that. One
that is marked `network` needs one, or data of the reader's, and is checked only: its commands of
spaCy exist and know their options.
"""

import os
import re
import shlex
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple

import pytest
from spacy.cli._util import app
from spacy.util import registry
from typer.main import get_command

import spacy_rnn.cli  # noqa: F401  (adds the commands to spaCy's app)

ROOT = Path(__file__).parents[1]
PAGES = [ROOT / "README.md", *sorted(ROOT.glob("docs/**/*.md"))]
BLOCK = re.compile(r"^```(?P<info>[^\n`]*)\n(?P<code>.*?)^```$", re.MULTILINE | re.DOTALL)
LINK = re.compile(r"\]\((?P<target>[^)\s]+)\)")
REPOSITORY = re.compile(
    r"https://(?:github\.com/spacy-rnn/spacy-rnn/(?:blob|tree)|"
    r"raw\.githubusercontent\.com/spacy-rnn/spacy-rnn)/main/(?P<path>[^)#\s]+)"
)
COLOR = re.compile(r"\x1b\[[0-9;]*m")
LANGUAGES = {"bash", "python", "ini", "text", "json", "csv", "bibtex", "dockerfile"}


class Block(NamedTuple):
    language: str
    marks: tuple[str, ...]
    code: str


def blocks(page: Path) -> list[Block]:
    found = []
    for match in BLOCK.finditer(page.read_text("utf8")):
        language, *marks = match["info"].split() or ["text"]
        found.append(Block(language, tuple(marks), match["code"]))
    return found


def page_id(page: Path) -> str:
    return str(page.relative_to(ROOT))


def commands(code: str) -> list[list[str]]:
    """RETURNS (List[List[str]]): The arguments of each command of spaCy in a shell block."""
    lines = re.sub(r"\\\n", " ", code).splitlines()
    calls = [shlex.split(line, comments=True) for line in lines if "-m spacy " in line]
    return [call[call.index("spacy") + 1 :] for call in calls]


def unknown_options(arguments: list[str]) -> list[str]:
    command = get_command(app)
    words = [*arguments]
    while hasattr(command, "commands"):
        command = command.commands[words.pop(0)]
    known = {option for param in command.params for option in (*param.opts, *param.secondary_opts)}
    options = [word.partition("=")[0] for word in words if re.match(r"--?[a-zA-Z]", word)]
    return [o for o in options if o not in known and not re.match(r"--\w+\.", o)]


@pytest.mark.parametrize("page", PAGES, ids=page_id)
def test_links_lead_somewhere_and_commands_exist(page: Path) -> None:
    text = page.read_text("utf8")
    for link in LINK.finditer(BLOCK.sub("", text)):
        target = link["target"]
        if inside := REPOSITORY.fullmatch(target.partition("#")[0]):
            assert (ROOT / inside["path"]).exists(), target
        elif not target.startswith(("http", "#", "mailto:")):
            assert page.name != "README.md", f"{target}: PyPI shows it without the repository"
            assert (page.parent / target.partition("#")[0]).exists(), target
    for block in blocks(page):
        assert block.language in LANGUAGES, f"a block of {block.language!r}"
        for arguments in commands(block.code) if block.language == "bash" else ():
            assert unknown_options(arguments) == [], arguments
        if block.language == "ini":
            for kind, name in re.findall(r'^@(\w+) = "(.+)"$', block.code, re.MULTILINE):
                assert registry.has(kind, name), name


@pytest.mark.slow
@pytest.mark.parametrize("page", PAGES, ids=page_id)
def test_blocks_run_and_print_what_is_shown(page: Path, tmp_path: Path) -> None:
    for name in ("assets", "configs", "project.yml"):
        (tmp_path / name).symlink_to(ROOT / name)
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    environment = {**os.environ, "PATH": path, "OMP_NUM_THREADS": "1"}
    before, printed = "", None
    for block in blocks(page):
        if block.language == "text" and printed is not None:
            if "excerpt" in block.marks:
                assert " ".join(block.code.split()) in " ".join(printed.split())
            else:
                assert_shown(printed, block.code)
        printed = None
        if "network" in block.marks or block.language not in ("bash", "python"):
            continue
        if block.language == "bash":
            call = ["bash", "-euo", "pipefail", "-c", block.code]
        else:  # what earlier blocks of the page define is there
            call = [sys.executable, "-c", f"{before}\nprint('\\0')\n{block.code}"]
            before += block.code
        done = subprocess.run(
            call, cwd=tmp_path, env=environment, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, f"{block.code}\n{done.stdout}\n{done.stderr}"
        printed = COLOR.sub("", done.stdout.rpartition("\0\n")[2])


def assert_shown(printed: str, shown: str) -> None:
    """What is printed is what is shown; numbers may differ a little from machine to machine."""
    number = re.compile(r"\d+\.\d+")
    assert number.sub("0", printed).split() == number.sub("0", shown).split()
    found, expected = ([*map(float, number.findall(text))] for text in (printed, shown))
    assert found == pytest.approx(expected, abs=0.05)


def test_the_readme_is_for_its_users() -> None:
    text = (ROOT / "README.md").read_text("utf8")
    assert len(text.splitlines()) <= 180
    assert "make test" in text
