import re
import warnings
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from pathlib import Path
from signal import SIGINT
from traceback import walk_tb
from types import FrameType
from typing import Any

import srsly
import typer
from spacy import util
from spacy.cli._util import setup_gpu
from spacy.language import Language
from spacy.training import Corpus, Example
from spacy.training.corpus import FILE_TYPE, walk_corpus
from thinc.api import Config, ConfigValidationError
from wasabi import msg

from ..dotted import unknown_setting
from ..errors import UserError, reason
from ..files import replacing

# What `nlp.to_disk` writes beside the components.
PIPELINE_FILES = {"config.cfg", "meta.json", "tokenizer", "vocab"}
CODED = re.compile(r"\[E\d+\] ")  # how spaCy's errors begin


class CommandError(UserError):
    """A command cannot do what it is asked."""


@contextmanager
def exit_on_error() -> Iterator[None]:
    """Turn an error that is the user's to resolve into one line and exit code 1: what we or spaCy
    refuse, a package that is missing, and what the system refuses (a full disk, a target that is
    read-only). Any other error is a mistake of ours and keeps its traceback."""
    try:
        yield
    except OSError as error:
        what = f"Can't use {error.filename}: " if error.filename else ""
        what = "Can't read or write: " if error.errno and not what else what
        msg.fail(f"{what}{reason(error)}", exits=1)
    except UserError as error:
        msg.fail(str(error), exits=1)
    except ConfigValidationError as error:
        msg.fail(f"The config can't be used: {reason(error)}", exits=1)
    except ImportError as error:  # of a package, or of a language that needs one
        msg.fail(f"{reason(error)}{_importer(error)}", exits=1)
    except ValueError as error:
        if not CODED.match(str(error)):
            raise
        msg.fail(reason(error), exits=1)


def _importer(error: ImportError) -> str:
    """RETURNS (str): Whose code an import failed in, and how to see more, as it may be a mistake of
    that code. Nothing where it is ours or spaCy's, whose messages say what to install."""
    frames = list(walk_tb(error.__traceback__))
    frame, line = next(each for each in reversed(frames) if "importlib" not in _module(each[0]))
    name = _module(frame)
    if name.partition(".")[0] in ("spacy", "spacy_rnn", "thinc"):
        return ""
    is_importing = frame.f_code.co_name == "<module>"
    more = f"; python -c 'import {name}' shows the traceback" if is_importing else ""
    return f" (in {name}: {frame.f_code.co_filename}, line {line}{more})"


def _module(frame: FrameType) -> str:
    return str(frame.f_globals.get("__name__", ""))


@contextmanager
def goes_on() -> Iterator[None]:
    """Tell on an interruption that the same command goes on where it is left."""
    try:
        yield
    except KeyboardInterrupt:
        msg.warn("Left: give the same command again to go on.")
        raise typer.Exit(128 + SIGINT) from None


def use_device(use_gpu: int, silent: bool = False) -> None:
    """Compute on a GPU, or with -1 on the CPU.

    RAISES (CommandError): If there is no such GPU, or nothing is installed that uses it.
    """
    try:
        setup_gpu(use_gpu, silent=silent)
    except ValueError as error:
        raise CommandError(reason(error)) from error


@contextmanager
def staged(*paths: Path) -> Iterator[list[Path]]:
    """Write files or folders as `replacing` does.

    paths (Path): The final names.
    YIELDS (list[Path]): The temporary names.
    RAISES (CommandError): If they cannot be written.
    """
    try:
        with replacing(*paths) as parts:
            yield parts
    except OSError as error:
        names = ", ".join(map(str, paths))
        of = f" ({error.filename})" if error.filename else ""
        raise CommandError(
            f"Can't write {names}: {reason(error)}{of}. What was there is unchanged: make room, "
            "or choose another place, and try again."
        ) from error


def read_config(path: Path, overrides: dict[str, Any]) -> Config:
    """RETURNS (Config): The config of a file, not interpolated, with other settings.
    RAISES (CommandError): If one of these is none that the config has, or would have if it were
        complete.
    """
    written = util.load_config(path, interpolate=False)
    text = written.to_str(interpolate=False)
    config = Config().from_str(text, interpolate=False, overrides=overrides)
    if unknown_setting(written, overrides, "the config"):
        filled = util.load_model_from_config(config, auto_fill=True).config
        if unknown := unknown_setting(filled, overrides, "the config"):
            raise CommandError(unknown)
    return config


def require_output(output: Path, force: bool, files: Collection[str] = ()) -> None:
    """Make sure that a folder can be written without the loss of anything else.

    output (Path): The folder.
    force (bool): Whether an earlier one may be replaced.
    files (Collection[str]): What an earlier one holds. By default it is a pipeline.
    RAISES (CommandError): If something is there that may not be replaced.
    """
    what = "an export" if files else "a pipeline"
    if not output.exists():
        return
    if not force:
        raise CommandError(
            f"Can't save {what} to {output}: it is already there, expected "
            "a new directory. Choose another name, or replace it with --force."
        )
    if foreign := _foreign_entry(output, files):
        raise CommandError(
            f"Can't replace {output}: {foreign}, expected {what} and nothing else. Move it, or "
            "choose another directory."
        )


def _foreign_entry(folder: Path, files: Collection[str]) -> str | None:
    """RETURNS (Optional[str]): What would be lost if an output took the folder's place."""
    if not folder.is_dir():
        return "it is a file"
    entries = sorted(path.name for path in folder.iterdir())
    if not entries:
        return None
    known = set(files)
    if not files:
        try:
            meta: Any = srsly.read_json(folder / "meta.json")
            known = PIPELINE_FILES.union(meta["pipeline"], meta["disabled"])
        except (OSError, ValueError, KeyError, TypeError):
            return "it has no meta.json that lists components"
    # Some components write NAME.json or NAME.jsonl.
    foreign = (name for name in entries if not {name, Path(name).stem} & known)
    return next((f"it holds {name}" for name in foreign), None)


def read_examples(
    nlp: Language, path: Path, *, gold_preproc: bool = False, limit: int = 0
) -> list[Example]:
    """Read annotated data.

    nlp (Language): The pipeline, for its vocab and tokenizer.
    path (Path): A file or folder of .spacy data.
    gold_preproc (bool): Use gold-standard tokens and sentences.
    limit (int): Number of examples, 0 for all.
    RETURNS (list[Example]): The data.
    RAISES (CommandError): If there is no such data, or a file is damaged.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # that there are none
        files = walk_corpus(path, FILE_TYPE) if path.exists() else []
    if not files:
        got = "it has no such suffix" if path.is_file() else "none is in it"
        got = got if path.exists() else "it does not exist"
        raise CommandError(
            f"Can't read {path}: {got}, expected a .spacy file or a folder of such files."
        )
    examples: list[Example] = []
    for file in files:
        rest = limit - len(examples) if limit else 0
        try:
            examples += Corpus(file, gold_preproc=gold_preproc, limit=rest)(nlp)
        except Exception as error:  # zlib and msgpack raise what they like
            raise CommandError(
                f"Can't read {file}: {reason(error)}. Expected docs in spaCy's binary format: make "
                "the file again, with 'spacy rnn convert' or 'spacy convert'."
            ) from error
        if limit and len(examples) >= limit:
            break
    return examples


def load_examples(nlp: Language, path: Path, gold_preproc: bool) -> list[Example]:
    """Read annotated data, and predict it.

    nlp (Language): The pipeline.
    path (Path): A file or folder of .spacy data.
    gold_preproc (bool): Use gold-standard tokens and sentences.
    RETURNS (list[Example]): The data. What components before others compute for these is in the
        predicted documents.
    RAISES (CommandError): If there is no such data, or a file is damaged.
    """
    examples = read_examples(nlp, path, gold_preproc=gold_preproc)
    for _ in nlp.pipe(example.predicted for example in examples):
        pass
    return examples
