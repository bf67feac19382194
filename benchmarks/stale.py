"""List the scores that were measured with another config than today's.

Configs are compared by what they mean: parsed, defaults filled in, variables replaced.
"""

import sys
from argparse import ArgumentParser
from collections.abc import Iterator, Sequence
from functools import cache
from pathlib import Path
from typing import Any

import ablations
from harness import RESULTS, ROOT, read_json

from spacy_rnn.analysis.comparison.systems import system_config, systems

PAGE = RESULTS / "stale.md"
# What every training sets or does not use, and what no weight depends on.
IRRELEVANT = ("corpora.pretrain", "paths", "pretraining", "system", "training.logger")
# Settings that are gone, with the value that stands for what is left.
GONE = {"precision": "float32", "scheme": "bilou"}
# Settings of the encoder that go by another name, and the value that has another form.
RENAMED = {"ngram_rows": "char_ngram_rows", "memory": "cache_mib"}
ENCODER = "spacy-rnn.Tok2Vec.v1"
# Functions that took the place of others and do the same: rates that begin one step earlier, and
# the tokenizer of the language, which is English in all tables.
SUCCESSORS = {
    "spacy-rnn.LanguageTokenizer.v1": "spacy.Tokenizer.v1",
    "spacy-rnn.warmup_linear.v1": "warmup_linear.v1",
}


def stale(results: Path) -> Iterator[str]:
    """YIELDS (str): The file and name of each system that has another config today, or none."""
    for folder in ("accuracy", "ablations", "comparisons"):
        for path in sorted((results / folder).glob("*.json")):
            found = read_json(path)
            for system in found["systems"]:
                stored = system.get("config")
                if stored is None:
                    continue  # a baseline
                now = today(folder, path.stem, found, system)
                if now is None or not same(stored, now):
                    yield f"{folder}/{path.stem}: {system['name']}"


def today(folder: str, data: str, found: dict[str, Any], system: dict[str, Any]) -> str | None:
    """RETURNS (Optional[str]): The config that a system would have today."""
    from spacy.util import load_config

    name = system["name"]
    if folder == "ablations":
        return ablations.configs(data).get(name)
    if folder == "accuracy":
        path = ROOT / system["file"]
        return load_config(path, overrides=system["overrides"], interpolate=False).to_str()
    if name not in systems(found["kind"]):
        return None
    return system_config(name, found["kind"], found["recipe"], "en", None, {})


def same(stored: str, current: str) -> bool:
    """RETURNS (bool): Whether two configs train the same pipeline in the same way."""
    return stored == current or meaning(stored) == meaning(current)


@cache
def meaning(text: str) -> Any:
    """RETURNS (Any): A config with all settings, or why it cannot be used any more."""
    from spacy.util import get_lang_class, registry
    from thinc.api import Config

    config = without_gone(Config().from_str(text, interpolate=False))
    language = get_lang_class(config["nlp"]["lang"])
    factories = language()  # which knows the components of all packages
    filled = Config(language.default_config).merge(config)
    for component in filled["components"].values():
        meta = factories.get_factory_meta(component["factory"])
        component.update({**meta.default_config, **component})
    filled["paths"] = dict.fromkeys(filled["paths"])
    try:
        settings = registry.fill(filled.interpolate())
    except Exception as error:  # whatever a function of today says to settings of then
        return f"{type(error).__name__}: {error}"
    for name in IRRELEVANT:
        *sections, last = name.split(".")
        part = settings
        for section in sections:
            part = part[section]
        part.pop(last, None)
    return with_predecessors(settings)


def without_gone(part: Any) -> Any:
    if not isinstance(part, dict):
        return part
    kept = {key: without_gone(value) for key, value in part.items()}
    if kept.get("@architectures") == ENCODER:
        kept = {RENAMED.get(key, key): value for key, value in kept.items()}
        if kept.get("characters", False) is None:
            kept["characters"] = False
    return {key: value for key, value in kept.items() if key not in GONE or value != GONE[key]}


def with_predecessors(part: Any) -> Any:
    if isinstance(part, dict):
        return {key: with_predecessors(value) for key, value in part.items()}
    return SUCCESSORS.get(part, part) if isinstance(part, str) else part


def page(results: Path) -> str:
    """RETURNS (str): The Markdown page that lists them."""
    lines = [f"- {name}\n" for name in stale(results)]
    intro = "Scores that were measured with another config than today's, by file.\n"
    return f"# Earlier configs\n\n{intro}\n{''.join(lines) or 'None.'}"


def main(args: Sequence[str] | None = None) -> int:
    options = ArgumentParser(description=__doc__)
    options.add_argument("results", type=Path, nargs="?", default=RESULTS)
    text = page(options.parse_args(args).results)
    PAGE.write_text(text, encoding="utf8")
    print(text)
    return 0


if __name__ == "__main__":
    sys.exit(main())
