"""Recipes: complete training configs by task and by kind of data.

`base.cfg` has what all share, and each other file what it changes. All else is the default of a
component or an architecture, and is filled in with what its docstring says about it.
"""

import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Literal

from spacy import util
from thinc.api import Config, ConfigValidationError

from ..dotted import unknown_setting
from ..errors import UserError
from .comments import annotate, comments_in

Cell = Literal["lstm", "gru", "mingru"]
FOLDER = Path(__file__).parent
ENCODER = "tok2vec"  # where spaCy's tools look for a shared encoder
LISTENER = {
    "@architectures": "spacy.Tok2VecListener.v1",
    "width": f"${{components.{ENCODER}.model.width}}",
    "upstream": ENCODER,
}


class RecipeError(UserError):
    """A config cannot be written."""


def recipes() -> dict[str, str]:
    """RETURNS (Dict[str, str]): What each recipe is for, by its name."""
    names = sorted({path.stem for path in FOLDER.glob("*.cfg")} - {"base", "shared"})
    return {name: comments_in(_read(name))[""] for name in names}


def task_of(name: str) -> str:
    """RETURNS (str): The task of a recipe, "tagger" for example.
    RAISES (RecipeError): If there is no such recipe.
    """
    component: str = _parse(_read(name))["nlp"]["pipeline"][0]
    return component.removeprefix("rnn_")


def require_vectors(vectors: str) -> None:
    """RAISES (RecipeError): If there are no such vectors."""
    if not (Path(vectors).exists() or util.is_package(vectors)):
        raise RecipeError(
            f"Can't find the vectors: got {vectors!r}, expected a folder or an installed package. "
            "Make them first, with spacy rnn subwords or spacy init vectors."
        )


def make_config(
    names: Sequence[str],
    *,
    shared: bool = False,
    lang: str = "en",
    cell: Cell | None = None,
    vectors: str | None = None,
    distilled: str | None = None,
    gpu: bool = False,
    overrides: dict[str, Any] | None = None,
) -> str:
    """Write the config of a recipe, or of several on one encoder.

    names (Sequence[str]): The recipes, of which several need `shared`.
    shared (bool): Let all components listen to one encoder.
    lang (str): The language, whose tokenizer is used.
    cell (Optional[str]): "lstm", "gru" or "mingru". The recipe's own by default.
    vectors (Optional[str]): A vectors table, or a pipeline that has one, to embed words by too: a
        folder or an installed package.
    distilled (Optional[str]): What `spacy rnn distil` wrote, to train on beside annotated data.
    gpu (bool): Train on a GPU.
    overrides (Optional[Dict[str, Any]]): Other values by dotted name, such as `paths.train`.
    RETURNS (str): The config, complete and commented.
    RAISES (RecipeError): If there is no such recipe or setting, several are to have an encoder
        each, vectors or distilled texts are not there, or the language is unknown or needs a
        package that is not installed.
    """
    if len(names) > 1 and not shared:
        raise RecipeError(
            f"Components of one config share an encoder: got the recipes {', '.join(names)}, "
            "expected one. Set shared (--shared), or write a config for each."
        )
    texts = [_read(name) for name in ("base", *names, *(["shared"] if shared else []))]
    config, *parts = map(_parse, texts)
    for part in parts:
        _update(config, part)
    if shared:
        _share(config, parts[:-1])
    encoder = ENCODER if shared else parts[0]["nlp"]["pipeline"][0]
    model = config["components"][encoder].setdefault("model", {})
    settings = model if shared else model.setdefault("tok2vec", {})
    if cell is not None:
        settings["cell"] = cell
    if vectors is not None:
        require_vectors(vectors)
        settings["include_static_vectors"] = True
        config["paths"]["vectors"] = vectors
        if (path := Path(vectors, "config.cfg")).is_file():  # of which kind they are
            config["nlp"]["vectors"] = util.load_config(path)["nlp"]["vectors"]
    if distilled is not None:
        if not Path(distilled).exists():
            raise RecipeError(
                f"Can't find the distilled texts: got {distilled!r}, expected what spacy rnn "
                "distil wrote. Make it first."
            )
        config["paths"]["distilled"] = distilled
        gold = config["corpora"]["train"]
        config["corpora"]["train"] = {
            "@readers": "spacy-rnn.WithDistilled.v1",
            "gold": gold,
            "distilled": {**gold, "path": "${paths.distilled}"},
        }
    if gpu:
        config["system"]["gpu_allocator"] = "pytorch"
    config["nlp"]["lang"] = lang
    config["pretraining"].update(component=encoder, layer="" if shared else "tok2vec")
    try:
        filled = util.load_model_from_config(config, auto_fill=True).config
    except (ImportError, ConfigValidationError) as error:
        reason = error.__cause__ if isinstance(error, ConfigValidationError) else error
        if not isinstance(reason, ImportError):
            raise
        raise RecipeError(f"Can't use the language '{lang}': {reason}") from error
    if unknown := unknown_setting(filled, overrides or {}, f"the config of {', '.join(names)}"):
        raise RecipeError(unknown)
    text = filled.to_str(interpolate=False)
    filled = Config().from_str(text, interpolate=False, overrides=overrides or {})
    return annotate(filled, {key: note for t in texts for key, note in comments_in(t).items()})


def _update(block: dict[str, Any], other: dict[str, Any]) -> None:
    """Take over what another config says, section by section, in this one's order."""
    for key, value in other.items():
        if isinstance(value, dict) and key in block:
            _update(block[key], value)
        else:
            block[key] = value


def _share(config: Config, tasks: Sequence[Config]) -> None:
    """Let the components of several recipes listen to one encoder."""
    names = [name for task in tasks for name in task["nlp"]["pipeline"]]
    config["nlp"]["pipeline"] = [ENCODER, *names]
    for name in names:
        config["components"][name].setdefault("model", {})["tok2vec"] = dict(LISTENER)
    # What the most sensitive component takes, and whole documents where one of them needs these.
    rates = [task["training"]["optimizer"]["learn_rate"]["initial_rate"] for task in tasks]
    config["training"]["optimizer"]["learn_rate"]["initial_rate"] = min(rates)
    for split in ("train", "dev"):
        by_sentence = [task.get("corpora", {}).get(split, {}).get("gold_preproc") for task in tasks]
        config["corpora"][split]["gold_preproc"] = all(by_sentence)


def _parse(text: str) -> Config:
    """RETURNS (Config): The config, which need not name the sections above those that it has."""
    seen: set[str] = set()

    def with_parents(header: re.Match[str]) -> str:
        section = header[1]
        parents = [section[: dot.start()] for dot in re.finditer(r"\.", section)]
        missing = [parent for parent in parents if parent not in seen]
        seen.update(parents, [section])
        return "".join(f"[{name}]\n" for name in [*missing, section])

    return Config().from_str(re.sub(r"(?m)^\[(.+)\]\n", with_parents, text), interpolate=False)


def _read(name: str) -> str:
    path = FOLDER / f"{name}.cfg"
    if not path.is_file():
        raise RecipeError(f"Unknown recipe: got {name!r}, expected one of {', '.join(recipes())}.")
    return path.read_text(encoding="utf8")
