"""Distillation: what a teacher says about texts, as a corpus for a student."""

from functools import partial
from pathlib import Path
from typing import Any

import numpy
import torch
from spacy import util
from spacy.language import Language
from spacy.tokens import Doc

from ..annotation import Summary, annotate
from ..annotation.texts import Source
from ..digest import digest
from ..loading import load_pipeline
from ..pipeline.ner import RNNEntityRecognizer
from ..pipeline.tagger import RNNTagger
from .errors import TransferError
from .teachers import set_sure_entities


def distil(
    teacher: str,
    source: Source,
    output: Path,
    *,
    threshold: float = 0.0,
    lang: str = "en",
    shard_size: int = 1000,
    silent: bool = True,
) -> Summary:
    """Annotate texts by a teacher and write them to a folder of numbered .spacy files, in order,
    and with their ids in `user_data` where a column has these. Killed at any moment, it goes on
    where it was left.

    teacher (str): Name or path of the teacher; see `load_teacher`.
    source (Source): The texts.
    output (Path): The folder, which is a corpus for training.
    threshold (float): The probability below which tags and entities are left open.
    lang (str): The language of the tokenizer, for a model of Hugging Face.
    shard_size (int): Number of texts in a file.
    silent (bool): Whether to show no progress.
    RETURNS (Summary): Counts. Texts that the teacher fails on are in failures.jsonl.
    RAISES (AnnotationError): See `annotate`.
    RAISES (TransferError): See `load_teacher`.
    """
    return annotate(
        teacher,
        source,
        output,
        load=partial(load_teacher, threshold=threshold, lang=lang),
        form="spacy",
        # Each pass of a training reads the corpus.
        ids=source.id_column is not None,
        shard_size=shard_size,
        threads=torch.get_num_threads(),  # a teacher is large
        silent=silent,
    )


def load_teacher(name: str, threshold: float = 0.0, lang: str = "en") -> Language:
    """Load a teacher that leaves open what it is not sure of.

    name (str): A pipeline of spaCy, or a model of Hugging Face for token or sequence
        classification: a name, or a folder.
    threshold (float): The probability below which tags and entities are left open, where the
        teacher knows how probable they are: `rnn_ner`, `rnn_tagger`, and models of Hugging Face.
    lang (str): The language of the tokenizer, for a model of Hugging Face.
    RETURNS (Language): The teacher.
    RAISES (TransferError): If there is no such teacher, or it has no use for the threshold.
    """
    if not 0.0 <= threshold < 1.0:
        raise TransferError(
            f"Invalid threshold: got {threshold}, expected a probability from 0, which leaves "
            "nothing open, and below 1."
        )
    path = Path(name)
    if (path / "config.cfg").is_file() or util.is_package(name):
        nlp = load_pipeline(name)
        if threshold:
            require_marginals(nlp, name)
            nlp.add_pipe("rnn_open_doubtful", config={"threshold": threshold})
    else:
        nlp = util.get_lang_class(lang)()
        nlp.add_pipe("rnn_teacher", config={"model": name, "threshold": threshold})
        nlp.meta["version"] = digest(path) if path.exists() else "hub"
    # By which an output is known to be of this teacher.
    nlp.meta["name"] = f"{path.name}, threshold {threshold}"
    return nlp


def require_marginals(nlp: Language, name: str) -> None:
    """RAISES (TransferError): If no component knows how probable each of its tags is."""
    if not any(isinstance(pipe, (RNNEntityRecognizer, RNNTagger)) for _, pipe in nlp.pipeline):
        raise TransferError(
            f"No component of {name} knows how probable its tags are: got "
            f"{', '.join(nlp.pipe_names)}, expected rnn_ner or rnn_tagger for a threshold. Leave "
            "out --threshold to take all that the teacher says."
        )


class OpenDoubtful:
    """Leaves open the tags and entities of other components that are not probable enough.

    nlp (Language): The pipeline.
    threshold (float): The probability below which they are.
    """

    def __init__(self, nlp: Language, threshold: float) -> None:
        self.nlp, self.threshold = nlp, threshold

    def __call__(self, doc: Doc) -> Doc:
        for _, pipe in self.nlp.pipeline:
            if isinstance(pipe, RNNTagger):
                chances: Any = pipe.probabilities([doc])[0].max(axis=1, initial=0.0)
                for i in numpy.flatnonzero(chances < self.threshold).tolist():
                    doc[i].tag_ = ""
            elif isinstance(pipe, RNNEntityRecognizer):
                chances = pipe.token_probabilities([doc])[0]
                set_sure_entities(doc, doc.ents, chances >= self.threshold)
        return doc


@Language.factory("rnn_open_doubtful")
def make_open_doubtful(nlp: Language, name: str, threshold: float) -> OpenDoubtful:
    """Construct a component that leaves open what others are not sure of.

    threshold (float): The probability below which a tag, or an entity with such a token, is.
    RETURNS (OpenDoubtful): The component.
    """
    return OpenDoubtful(nlp, threshold)
