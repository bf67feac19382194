import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from spacy import util
from spacy.language import Language
from spacy.training import Corpus, Example
from wasabi import msg

from ..corpus import CorpusError


class CommandError(ValueError):
    """A command cannot do what it is asked. The message says what was found, what is expected and
    what to do about it."""


@contextmanager
def exit_on_error() -> Iterator[None]:
    """Turn an error that is the user's to resolve into a message and exit code 1."""
    try:
        yield
    except (CommandError, CorpusError) as error:
        msg.fail(str(error), exits=1)


@contextmanager
def staged(*paths: Path) -> Iterator[list[Path]]:
    """Write files beside their final names and rename them only after the block ends without an
    error, so that earlier files stay as they are until then.

    paths (Path): The final names. Missing parent directories are created.
    YIELDS (list[Path]): The temporary names, none of which exists.
    """
    parts = [path.with_name(f"{path.name}.part") for path in paths]
    for path, part in zip(paths, parts, strict=True):
        path.parent.mkdir(parents=True, exist_ok=True)
        _remove(part)
    try:
        yield parts
        for path, part in zip(paths, parts, strict=True):
            old = path.with_name(f"{part.name}.old")
            _remove(old)
            if path.is_dir():  # a folder cannot be renamed to one that holds files
                path.replace(old)
            part.replace(path)
            _remove(old)
    finally:
        for part in parts:
            _remove(part)


def load_pipeline(model: str | Path) -> Language:
    """Load a pipeline.

    model (Union[str, Path]): Its name or path.
    RETURNS (Language): The pipeline.
    RAISES (CommandError): If there is none.
    """
    try:
        return util.load_model(model)
    except OSError as error:
        raise CommandError(f"Can't load the pipeline {model}: {error}") from error


def load_examples(nlp: Language, path: Path, gold_preproc: bool) -> list[Example]:
    """Load annotated data, and predict it.

    nlp (Language): The pipeline.
    path (Path): A file or folder of .spacy data.
    gold_preproc (bool): Use gold-standard tokens and sentences.
    RETURNS (list[Example]): The data. What components before others compute for these is in the
        predicted documents.
    RAISES (CommandError): If there is no such data.
    """
    if not path.exists():
        raise CommandError(f"Can't find {path}: expected a file or folder of .spacy data.")
    examples = list(Corpus(path, gold_preproc=gold_preproc)(nlp))
    for _ in nlp.pipe(example.predicted for example in examples):
        pass
    return examples


def _remove(path: Path) -> None:
    if path.is_dir():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)
