from enum import Enum
from pathlib import Path
from typing import Annotated

from spacy.cli._util import Arg, Opt
from wasabi import msg

from ..files import folder_size
from . import app
from ._options import Lang
from ._util import exit_on_error, require_output, staged


class DType(str, Enum):
    float16 = "float16"
    float32 = "float32"


@app.command("subwords")
def subwords_cli(
    encoder: Annotated[str, Arg(help="Encoder: a name on the Hugging Face hub, or a folder")],
    output: Annotated[Path, Arg(help="Folder for the vectors", file_okay=False)],
    width: Annotated[int, Opt("--width", "-w", min=1, help="Width of the vectors")] = 256,
    dtype: Annotated[DType, Opt(help="Precision of the table of pieces")] = DType.float16,
    words: Annotated[
        Path | None,
        Opt(
            help="Words, one on each line: make an ordinary table of their vectors, from the "
            "encoder's states, and not of pieces",
            exists=True,
            dir_okay=False,
        ),
    ] = None,
    lang: Lang = "en",
    force: Annotated[bool, Opt("--force", "-F", help="Replace the folder if it exists")] = False,
) -> None:
    """
    Make vectors out of a large encoder, for [initialize] vectors: those of the
    pieces that it divides words into, so that no word is missing, or those of
    given words.
    """
    from ..corpus.text import read_lines
    from ..transfer.encoders import Encoder
    from ..transfer.subwords import subwords, word_vectors

    with exit_on_error():
        require_output(output, force)
        source = Encoder.load(encoder)
        if words is None:
            nlp, kept = subwords(source, width, dtype.value, lang, silent=False)
        else:
            listed = dict.fromkeys(line.strip() for line in read_lines(words))
            listed.pop("", None)
            nlp, kept = word_vectors(source, [*listed], width, lang, silent=False)
        with staged(output) as (part,):
            nlp.to_disk(part)
            size = folder_size(part)
    kind = "pieces" if words is None else "words"
    msg.good(
        f"Saved vectors of {len(nlp.vocab.vectors):,} {kind}: width {width}, "
        f"{kept:.0%} of the variance, {size / 1e6:.1f} MB",
        output,
    )
    msg.text(f"python -m spacy rnn init config.cfg --task ner --vectors {output}")
