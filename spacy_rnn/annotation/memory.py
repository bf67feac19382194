"""Any number of texts in bounded memory."""

import ctypes
import sys
from contextlib import AbstractContextManager, nullcontext

from spacy.language import Language

# About 20 MB.
WORDS = 50_000
# A vocab keeps about 30 bytes of each word that it forgets.
MOST_WORDS = 500_000


def bounded_memory(nlp: Language) -> AbstractContextManager[object]:
    """Forget the new words of a batch at its end, but for the first 50,000 words: spaCy's tokenizer
    remembers how it divides words of the vocab only, and a memory zone adds none to it. With no
    word in the vocab, tokenizing takes three times as long.

    nlp (Language): The pipeline.
    RETURNS (ContextManager): In which a batch is annotated, and its docs are used.
    """
    return nlp.memory_zone() if len(nlp.vocab) >= WORDS else nullcontext()


def outgrown(nlp: Language) -> bool:
    """RETURNS (bool): Whether the vocab of a pipeline has had so many words that what is left of
    them, after memory zones have ended, takes more memory than a second of loading is worth."""
    return len(nlp.vocab) >= MOST_WORDS


def release_memory() -> None:
    """Give the system back what is free between pieces of memory in use. Of its own accord, glibc
    keeps it: about 60 MB after a shard."""
    if sys.platform == "linux" and hasattr(libc := ctypes.CDLL(None), "malloc_trim"):
        libc.malloc_trim(0)
