"""What a user says about a file that its content does not."""

import codecs
from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any

from .errors import CorpusError, listed

CHOICES = {
    "format": ("table", "json", "tokens", "conllu", "fasttext", "parquet", "spacy"),
    "compression": ("none", "gzip", "bz2", "xz", "zip", "zstd"),
    "quoting": ("minimal", "none"),
    "spans": ("characters", "tokens", "tokens_inclusive"),
}
FLAGS = ("multi_hot", "merge_subtokens")
ALIASES = {"sep": "delimiter"}
# As the csv module numbers them, and the names that are hard to type in a shell.
WORDS = {"quoting": {"0": "minimal", "3": "none"}, "delimiter": {"tab": "\t", "\\t": "\t"}}


@dataclass(frozen=True)
class Options:
    """How to read local files. What is not given is told from their content.

    format (Optional[str]): "table" (csv, tsv), "json", "tokens", "conllu", "fasttext", "parquet"
        or "spacy".
    compression (Optional[str]): "none", "gzip", "bz2", "xz", "zip" or "zstd".
    encoding (Optional[str]): Any that Python knows, such as "cp1252".
    delimiter (Optional[str]): What separates the fields of a table: one character.
    quotechar (str): What encloses a field that holds the delimiter.
    escapechar (Optional[str]): What makes the next character of a table an ordinary one.
    quoting (str): "minimal", or "none" where quotes are part of the text.
    column_names (Optional[Sequence[str]]): The columns of a table without a header.
    field (Optional[str]): Where in a JSON document the list of rows is.
    label_separator (Optional[str]): What separates the labels of a text that are in one string.
    multi_hot (Optional[bool]): Whether lists of 0 and 1 hold a value for each label.
    spans (Optional[str]): What the starts and ends of entities count: "characters", "tokens" or
        "tokens_inclusive", where the end is the last token.
    merge_subtokens (bool): Whether the words of CoNLL-U that are written as one are one token.
    """

    format: str | None = None
    compression: str | None = None
    encoding: str | None = None
    delimiter: str | None = None
    quotechar: str = '"'
    escapechar: str | None = None
    quoting: str = "minimal"
    column_names: list[str] | None = None
    field: str | None = None
    label_separator: str | None = None
    multi_hot: bool | None = None
    spans: str | None = None
    merge_subtokens: bool = False

    @classmethod
    def from_dict(cls, options: Mapping[str, Any]) -> "Options":
        """RETURNS (Options): The options that a config or a command gives.
        RAISES (CorpusError): If there is no such option or it has no such value."""
        known = [field.name for field in fields(cls)]
        found = {}
        for key, value in options.items():
            name = ALIASES.get(key, key)
            if name not in known:
                raise CorpusError(f"options holds {key}, expected {', '.join(known)}.")
            found[name] = _value(name, value)
        return cls(**found)


OPTIONS = Options()


def parse_option(text: str) -> tuple[str, str]:
    """RETURNS (tuple[str, str]): The name and value of "name=value".
    RAISES (CorpusError): If it is not of that form."""
    name, equals, value = text.partition("=")
    if not equals or not name.strip():
        raise CorpusError(
            f"Can't read '{text}': expected name=value, such as text=review or encoding=cp1252."
        )
    return name.strip(), value


def _value(name: str, value: Any) -> Any:
    if name == "column_names":
        names = value.split(",") if isinstance(value, str) else value
        return [str(column).strip() for column in names]
    if name in FLAGS:
        found = {"true": True, "false": False}.get(str(value).lower())
        if found is None:
            raise CorpusError(f"The option {name} is {value!r}, expected true or false.")
        return found
    value = WORDS.get(name, {}).get(str(value), str(value))
    if name in CHOICES and value not in CHOICES[name]:
        raise CorpusError(f"The option {name} is '{value}', expected {listed(CHOICES[name])}.")
    if name in ("delimiter", "quotechar", "escapechar") and len(value) != 1:
        raise CorpusError(f"The option {name} is '{value}', expected one character.")
    if name == "encoding":
        try:
            codecs.lookup(value)
        except LookupError as error:
            raise CorpusError(
                f"The option encoding is '{value}', expected one that Python knows, such as "
                f"utf-8, cp1252 or utf-16."
            ) from error
    return value
