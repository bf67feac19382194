"""Tagged sentences in CoNLL-U files (https://universaldependencies.org/format.html)."""

import re
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from .alignment import find_tokens
from .errors import CorpusError, show
from .options import OPTIONS, Options
from .sentences import TEXT, Line, read_sentences
from .tables import Row, Table

FIELDS = {"lemma": 2, "upos": 3, "xpos": 4, "feats": 5, "deprel": 7}
N_FIELDS, FORM, MISC = 10, 1, 9
NO_SPACE = "SpaceAfter=No"
INDEX = re.compile(r"\d+|(\d+)-(\d+)|\d+\.\d+")


@dataclass(frozen=True)
class Token:
    """A token, or several words that are written as one.

    where (str): File and line number, for messages.
    form (str): How it is written.
    words (Sequence[Sequence[str]]): The fields of its words.
    space (bool): Whether a space follows.
    """

    where: str
    form: str
    words: Sequence[Sequence[str]]
    space: bool


def read_conllu(path: Path, options: Options = OPTIONS) -> Table:
    """Read a CoNLL-U file as a table of sentences. The text is that of the comment. Words that are
    written as one, such as "au" for "à" and "le", are one token with their tags joined as spaCy's
    converter joins them ("ADP_DET"), if they do not spell what is written, or by the option
    merge_subtokens. Empty nodes are left out.

    path (Path): The file.
    options (Options): Whether all words that are written as one are one token.
    RETURNS (Table): The sentences, with the columns text, tokens, tags (xpos, and upos for words
        without), upos, xpos, lemma, feats and deprel.
    """

    def read(columns: Collection[str]) -> Iterator[Row]:
        asked = [column for column in columns if column in FIELDS or column == "tags"]
        for lines in read_sentences(path, options):
            try:
                tokens = _read_tokens(lines, options.merge_subtokens)
                if tokens:
                    yield _make_row(tokens, _find_text(lines), asked)
            except CorpusError as error:
                yield Row(lines[0].where, error=error)

    return Table(str(path), "conllu", ["text", "tokens", "tags", *FIELDS], read)


def is_conllu(line: Line) -> bool:
    """RETURNS (bool): Whether a line is of a CoNLL-U file."""
    return len(line.fields) == N_FIELDS and INDEX.fullmatch(line.fields[0]) is not None


def _make_row(tokens: Sequence[Token], text: str | None, columns: Sequence[str]) -> Row:
    forms = [token.form for token in tokens]
    if text is None or find_tokens(forms, text) is None:
        spaced = [token.form + " " * token.space for token in tokens]
        text = "".join(spaced).removesuffix(" ")
    values: dict[str, object] = {column: [_tag(t, column) for t in tokens] for column in columns}
    where = [token.where for token in tokens]
    return Row(where[0], values | {"text": text, "tokens": forms}, lines=where)


def _tag(token: Token, column: str) -> str:
    fields = [FIELDS["xpos"], FIELDS["upos"]] if column == "tags" else [FIELDS[column]]
    found = []
    for word in token.words:
        tag = next((word[i] for i in fields if word[i] != "_"), None)
        if tag is None:
            raise CorpusError(
                f"{token.where}: got {show(' '.join(word))}, expected a word and its tag in "
                f"{'xpos or upos' if column == 'tags' else column}: correct the line."
            )
        found.append(tag)
    return "_".join(found)


def _find_text(lines: Sequence[Line]) -> str | None:
    matches = [match for line in lines if (match := TEXT.fullmatch(line.text))]
    return matches[0][1].strip() if matches else None


def _read_tokens(lines: Sequence[Line], merge: bool) -> list[Token]:
    tokens: list[Token] = []
    whole: Token | None = None  # what the words up to `last` are written as
    last = ""
    for line in lines:
        if line.text.startswith("#"):
            continue
        if not is_conllu(line) or not line.fields[FORM].strip():
            raise CorpusError(
                f"{line.where}: got {show(line.text)}, expected {N_FIELDS} columns with tabs "
                f"between them, the first with the number of the word, and the word: correct the "
                f"line."
            )
        fields, form = line.fields, line.fields[FORM]
        space = NO_SPACE not in fields[MISC].split("|")
        index = INDEX.fullmatch(fields[0])
        assert index is not None
        if "." in fields[0]:
            continue
        if index[2]:
            whole, last = Token(line.where, form, [], space), index[2]
        elif whole is not None:
            whole = replace(whole, words=[*whole.words, fields])
            if fields[0] == last:
                tokens += [whole] if merge or not _is_spelled(whole) else _words(whole)
                whole = None
        else:
            tokens.append(Token(line.where, form, [fields], space))
    if whole is not None:
        raise CorpusError(f"{whole.where}: got words to {fields[0]}, expected {last}: add them.")
    return tokens


def _is_spelled(token: Token) -> bool:
    return "".join(word[FORM] for word in token.words) == token.form


def _words(token: Token) -> list[Token]:
    words = [Token(token.where, word[FORM], [word], False) for word in token.words]
    return [*words[:-1], replace(words[-1], space=token.space)]
