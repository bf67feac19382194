"""The reference of the documentation is made of what is registered."""

from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
import yaml
from typer.main import get_command

from spacy_rnn.cli import app

DOCS = Path(__file__).parents[2] / "docs"


@pytest.fixture(scope="module")
def reference() -> ModuleType:
    spec = spec_from_file_location("reference", DOCS / "reference.py")
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def options(command: Any, name: str) -> dict[str, set[str]]:
    if hasattr(command, "commands"):
        parts = [options(each, f"{name} {key}") for key, each in command.commands.items()]
        return {title: names for part in parts for title, names in part.items()}
    params = [param for param in command.params if param.name != "help"]
    return {name: {names for param in params for names in (*param.opts, *param.secondary_opts)}}


def test_every_command_is_there_with_its_options(reference: ModuleType) -> None:
    page = reference.on_page_markdown((DOCS / "reference" / "commands.md").read_text("utf8"))
    sections = dict(part.split("`\n", 1) for part in page.split("\n## `")[1:])
    expected = options(get_command(app), "spacy rnn")
    assert sections.keys() == expected.keys()
    for name, names in expected.items():
        assert [n for n in names if f"`{n}`" not in sections[name]] == [], name


def test_blocks_with_marks_are_blocks_of_code(reference: ModuleType) -> None:
    page = "```bash network\nmake demo\n```\n\n```text excerpt\nx\n```\n"
    assert reference.on_page_markdown(page) == "```bash\nmake demo\n```\n\n```text\nx\n```\n"


def test_every_page_is_in_the_navigation() -> None:
    class Loader(yaml.SafeLoader):
        """Knows the tags of mkdocs."""

    Loader.add_multi_constructor("tag:yaml.org,2002:python/", lambda *_: None)
    text = (DOCS.parent / "mkdocs.yml").read_text("utf8")
    navigation = str(yaml.load(text, Loader)["nav"])
    for page in DOCS.glob("**/*.md"):
        path = page.relative_to(DOCS)
        assert str(path) in navigation or f"'{path.parent}'" in navigation, path
