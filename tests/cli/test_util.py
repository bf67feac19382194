"""What the commands share."""

import pytest

from spacy_rnn.cli._util import staged


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
