"""Tagged sentences in CoNLL-U files (https://universaldependencies.org/format.html)."""

import re
from collections.abc import Iterator
from pathlib import Path

from .errors import CorpusError, OnError, read_each, show
from .records import COLUMNS, Record
from .text import Line, read_sentences

SUFFIXES = (".conllu",)
N_FIELDS = 10
FORM, UPOS, XPOS, MISC = 1, 3, 4, 9
NO_SPACE = "SpaceAfter=No"
WORD = re.compile(r"\d+")
MULTIWORD = re.compile(r"\d+-(\d+)")
EMPTY_NODE = re.compile(r"\d+\.\d+")


def read_conllu(
    path: Path, tags: str = COLUMNS.tags, on_error: OnError | None = None
) -> Iterator[Record]:
    """Read a CoNLL-U file. As in spaCy's own converter, the tokens are the words, so that "du" is
    "de" and "le", empty nodes are left out, and a word without an XPOS tag has its UPOS tag.

    path (Path): The file.
    tags (str): "upos" for the universal tags only, "tags" or "xpos" for those of the language.
    on_error (Optional[OnError]): Called with what is wrong with a sentence,
        which is then left out. Without it, the error is raised.
    YIELDS (Record): One record per sentence.
    RAISES (CorpusError): If there are no such tags, or a line is not one of CoNLL-U.
    """
    fields = {COLUMNS.tags: (XPOS, UPOS), "xpos": (XPOS, UPOS), "upos": (UPOS,)}
    if tags not in fields:
        raise CorpusError(
            f"{path} has no column '{tags}': got xpos, upos; name one of them with the option "
            f"'tags'."
        )
    sentences = read_sentences(path)
    for record in read_each(sentences, lambda s: _read_sentence(s, fields[tags]), on_error):
        if record is not None:
            yield record


def _read_sentence(lines: list[Line], tag_fields: tuple[int, ...]) -> Record | None:
    words, tags, spaces = [], [], []
    last = ""  # of the words that are written as one, with the space after them
    space_after_last = True
    for line in lines:
        if line.text.startswith("#"):
            continue
        fields = line.text.split("\t")
        index = fields[0]
        multiword = MULTIWORD.fullmatch(index)
        if len(fields) != N_FIELDS or not (
            multiword or WORD.fullmatch(index) or EMPTY_NODE.fullmatch(index)
        ):
            raise CorpusError(
                f"{line.where}: got {show(line.text)}, expected {N_FIELDS} columns with tabs "
                f"between them, the first with the number of the word: correct the line."
            )
        has_space = NO_SPACE not in fields[MISC].split("|")
        if multiword:
            last, space_after_last = multiword[1], has_space
        elif "." not in index:
            words.append(fields[FORM])
            found = [fields[i] for i in tag_fields if fields[i] != "_"]
            if not found or not fields[FORM].strip():
                raise CorpusError(
                    f"{line.where}: got {show(line.text)}, expected a word and its tag: "
                    f"correct the line."
                )
            tags.append(found[0])
            if last:
                has_space = index == last and space_after_last
                last = "" if index == last else last
            spaces.append(has_space)
    if not words:
        return None
    text = "".join(word + " " * space for word, space in zip(words, spaces, strict=True))
    return Record(lines[0].where, text, words, tags, [])
