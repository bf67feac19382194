"""What a label's probability is with only some of the tokens."""

from collections.abc import Iterable
from itertools import chain, takewhile
from typing import Any

import numpy
from spacy.attrs import NORM
from spacy.language import Language
from spacy.tokens import Doc
from spacy.util import minibatch

from .targets import Array, Target

# Tokens of a batch.
BATCH_SIZE = 20_000


def occlusion(nlp: Language, target: Target, doc: Doc) -> Array:
    """Find how much a label's probability drops when a token is left out, each in turn, and the
    document read without it (Zeiler & Fergus 2014; Li et al. 2016, who call it erasure). A token
    that is all that the label is for has the whole probability as its weight.

    nlp (Language): The pipeline.
    target (Target): The label.
    doc (Doc): The document.
    RETURNS (NDArray[float]): Shape (tokens,).
    """
    every = numpy.arange(len(doc))
    without = (numpy.delete(every, token) for token in every)
    found = probabilities(nlp, target, doc, chain([every], without))
    return found[0] - found[1:]


def probabilities(nlp: Language, target: Target, doc: Doc, kept: Iterable[Array]) -> Array:
    """Find how probable a label is in a document with only some of its tokens: as if the others had
    not been written, so that all components before this one see what is left.

    Where nothing is left of the tokens that the label is for, it is 0.

    nlp (Language): The pipeline.
    target (Target): The label.
    doc (Doc): The document.
    kept (Iterable[NDArray[int64]]): The tokens to keep, in order, in each variant.
    RETURNS (NDArray[float]): Shape (variants,).
    """
    found = []
    for batch in minibatch(kept, max(1, BATCH_SIZE // len(doc))):
        scores = numpy.zeros(len(batch))
        spans = [tuple(tokens.searchsorted(target.span or (0, len(doc)))) for tokens in batch]
        left = [i for i, (start, end) in enumerate(spans) if start < end]
        if left:
            docs = run_before(nlp, target.pipe.name, [with_tokens(doc, batch[i]) for i in left])
            scores[left] = target.probabilities(docs, [spans[i] for i in left])
        found.append(scores)
    return numpy.concatenate(found)


def read(nlp: Language, name: str, doc: Doc) -> Doc:
    """RETURNS (Doc): The tokens of a document, with what the components before one say of them."""
    return run_before(nlp, name, [with_tokens(doc, numpy.arange(len(doc)))])[0]


def run_before(nlp: Language, name: str, docs: list[Doc]) -> list[Doc]:
    """Run the components that come before one.

    nlp (Language): The pipeline.
    name (str): The name of the component.
    docs (List[Doc]): The documents, which are modified.
    RETURNS (List[Doc]): The documents.
    """
    for _, pipe in takewhile(lambda item: item[0] != name, nlp.pipeline):
        docs = list(pipe.pipe(docs)) if hasattr(pipe, "pipe") else [pipe(doc) for doc in docs]
    return docs


def with_tokens(doc: Doc, kept: Array) -> Doc:
    """RETURNS (Doc): A document of some tokens, without annotation."""
    tokens = [doc[i] for i in kept.tolist()]
    words, spaces = [t.text for t in tokens], [bool(t.whitespace_) for t in tokens]
    variant = Doc(doc.vocab, words=words, spaces=spaces)
    # A tokenizer's exceptions give tokens norms that the words alone do not have.
    norms: Any = doc.to_array([NORM])[kept].reshape(-1, 1)
    return variant.from_array([NORM], norms)
