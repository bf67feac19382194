"""What the commands share."""

import importlib
import sys
from pathlib import Path

import pytest
import spacy

from spacy_rnn.cli._util import CommandError, exit_on_error, require_output, staged


@pytest.mark.parametrize(
    ("code", "told"),
    [
        ("from json import load, nothing", "; python -c 'import mine' shows the traceback"),
        ("def make():\n    import no_such_package\nmake()", "No module named 'no_such_package'"),
    ],
)
def test_an_import_that_fails_in_the_users_code_is_told_with_its_place(
    tmp_path, monkeypatch, capsys, code, told
):
    (tmp_path / "mine.py").write_text(code)
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.delitem(sys.modules, "mine", raising=False)

    def load() -> None:
        with exit_on_error():
            importlib.import_module("mine")

    with pytest.raises(SystemExit, match="1"):
        load()
    printed = " ".join(capsys.readouterr().out.split())
    assert told in printed
    line = 1 + code.count("\n    ")
    assert f"in mine: {tmp_path / 'mine.py'}, line {line}" in printed.replace("/ ", "/")


def test_an_import_that_we_or_spacy_ask_for_says_what_to_install(capsys):
    def load() -> None:
        with exit_on_error():
            spacy.blank("ja")

    try:
        import sudachipy  # noqa: F401
    except ImportError:
        with pytest.raises(SystemExit, match="1"):
            load()
        assert "(in " not in capsys.readouterr().out


def test_staged_replaces_files_and_folders_at_the_end(tmp_path):
    file, folder = tmp_path / "a.txt", tmp_path / "corpus"
    file.write_text("old")
    folder.mkdir()
    (folder / "old.txt").touch()
    with staged(file, folder) as (part_file, part_folder):
        part_file.write_text("new")
        part_folder.mkdir()
        (part_folder / "new.txt").touch()
        assert file.read_text() == "old"
        assert [path.name for path in folder.iterdir()] == ["old.txt"]
    assert file.read_text() == "new"
    assert [path.name for path in folder.iterdir()] == ["new.txt"]
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.txt", "corpus"]


def test_staged_keeps_what_was_there_where_the_block_fails(tmp_path):
    folder = tmp_path / "corpus"
    folder.mkdir()
    (folder / "old.txt").touch()

    def fail() -> None:
        with staged(folder) as (part,):
            part.mkdir()
            raise RuntimeError

    with pytest.raises(RuntimeError):
        fail()
    assert [path.name for path in tmp_path.rglob("*")] == ["corpus", "old.txt"]


def test_staged_replaces_what_a_link_points_to(tmp_path):
    for name in ("v1", "latest.part"):  # a leftover, too
        (tmp_path / name).mkdir()
    (tmp_path / "v1" / "old.txt").touch()
    (tmp_path / "latest").symlink_to("v1", target_is_directory=True)
    (tmp_path / "v1.part").symlink_to("latest.part", target_is_directory=True)
    for text in ("first", "second"):
        with staged(tmp_path / "latest") as (part,):
            part.mkdir()
            (part / "new.txt").write_text(text)
    assert (tmp_path / "latest").readlink() == Path("v1")
    assert [path.name for path in (tmp_path / "v1").iterdir()] == ["new.txt"]
    assert (tmp_path / "latest" / "new.txt").read_text() == "second"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["latest", "latest.part", "v1"]


def test_staged_puts_a_folder_back_where_the_new_one_cannot_be_renamed(tmp_path, monkeypatch):
    folder = tmp_path / "model"
    folder.mkdir()
    (folder / "old.txt").touch()
    replace = Path.replace

    def refuse(self, target):
        if self.name == "model.part":
            raise PermissionError(13, "Permission denied", str(self))
        return replace(self, target)

    monkeypatch.setattr(Path, "replace", refuse)
    with (
        pytest.raises(CommandError, match=r"Permission denied .*unchanged"),
        staged(folder) as (part,),
    ):
        part.mkdir()
    assert [path.name for path in tmp_path.rglob("*")] == ["model", "old.txt"]


def test_only_pipelines_are_replaced(tmp_path):
    nlp = spacy.blank("en")
    nlp.add_pipe("sentencizer", name="sents")
    require_output(tmp_path / "new", force=False)
    nlp.to_disk(tmp_path / "model")
    require_output(tmp_path / "model", force=True)
    with pytest.raises(CommandError, match="model: it is already there.* --force"):
        require_output(tmp_path / "model", force=False)
    (tmp_path / "model" / "notes.txt").touch()
    with pytest.raises(CommandError, match=r"model: it holds notes.txt, expected a pipeline"):
        require_output(tmp_path / "model", force=True)
    with pytest.raises(CommandError, match="it has no meta.json"):
        require_output(tmp_path, force=True)
    with pytest.raises(CommandError, match="it is a file"):
        require_output(tmp_path / "model" / "notes.txt", force=True)
    (tmp_path / "empty").mkdir()
    require_output(tmp_path / "empty", force=True)
