"""Teachers: models of Hugging Face for tokens or texts, as components of a pipeline."""

import re
from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import numpy
import torch
from numpy.typing import NDArray
from spacy.language import Language
from spacy.tokens import Doc, Span
from spacy.util import logger, minibatch

from ..corpus.errors import first_line
from .encoders import load_model, require_transformers
from .errors import TransferError

Floats = NDArray[numpy.float32]
# Longer texts are read in windows, of which each has a quarter in common with the one before.
MAX_PIECES = 512
OVERLAP = 4
BATCH_SIZE = 32
# How many batches are made of documents that are sorted by length, so that little is padding.
SORTED = 32
IOB = re.compile(r"[BIELSU]-.")


class Teacher(ABC):
    """A model of Hugging Face as a component.

    tokenizer (PreTrainedTokenizerFast): Its tokenizer.
    model (PreTrainedModel): The model.
    threshold (float): The probability below which the answer for a token is left open.
    """

    def __init__(self, tokenizer: Any, model: Any, threshold: float) -> None:
        self.tokenizer, self.model, self.threshold = tokenizer, model, threshold
        self.labels = [model.config.id2label[i] for i in range(model.config.num_labels)]
        positions = getattr(model.config, "max_position_embeddings", None) or MAX_PIECES + 2
        self.max_pieces = min(MAX_PIECES, tokenizer.model_max_length, positions - 2)
        self.is_told = False  # That texts are read in windows.

    def __call__(self, doc: Doc) -> Doc:
        self.annotate([doc])
        return doc

    def pipe(self, docs: Iterable[Doc], *, batch_size: int = BATCH_SIZE) -> Iterator[Doc]:
        size = min(batch_size, BATCH_SIZE)
        for part in minibatch(docs, SORTED * size):
            by_length = sorted((doc for doc in part if len(doc)), key=len)
            for batch in minibatch(by_length, size):
                self.annotate(batch)
            yield from part

    def windows(self, texts: Sequence[Any], **settings: Any) -> tuple[Any, Any, list[int]]:
        """Run the model.

        texts (Sequence[Any]): Texts, or lists of words.
        **settings: Of the tokenizer.
        RETURNS (Tuple[BatchEncoding, Tensor, List[int]]): The windows, what the model gives for
            them, and which text each is of.
        """
        batch = self.tokenizer(
            texts,
            padding=True,
            truncation=True,
            max_length=self.max_pieces,
            stride=self.max_pieces // OVERLAP,
            return_overflowing_tokens=True,
            return_tensors="pt",
            **settings,
        )
        owners = batch.pop("overflow_to_sample_mapping").tolist()
        if len(owners) > len(texts) and not self.is_told:
            self.is_told = True
            logger.warning(
                "Texts of more than %d word pieces are read in windows: it is the most that the "
                "teacher reads at once",
                self.max_pieces,
            )
        with torch.inference_mode():
            return batch, self.model(**batch.to(self.model.device)).logits.float(), owners

    @abstractmethod
    def annotate(self, docs: Sequence[Doc]) -> None:
        """Annotate documents, all of which have tokens."""


class TextTeacher(Teacher):
    """Labels of texts: their probabilities are set as `doc.cats`, those of windows averaged."""

    def annotate(self, docs: Sequence[Doc]) -> None:
        _, logits, owners = self.windows([doc.text for doc in docs])
        multilabel = self.model.config.problem_type == "multi_label_classification"
        found = (logits.sigmoid() if multilabel else logits.softmax(-1)).cpu().double().numpy()
        for i, doc in enumerate(docs):
            means = found[[owner == i for owner in owners]].mean(axis=0)
            doc.cats = dict(zip(self.labels, means.tolist(), strict=True))


class TokenTeacher(Teacher):
    """Labels of tokens, as the model has them for a token's first piece: tags or, where they say
    what begins and goes on, entities. Of a token that is in several windows, the one counts that
    shows most to both of its sides.
    """

    def __init__(self, tokenizer: Any, model: Any, threshold: float) -> None:
        super().__init__(tokenizer, model, threshold)
        marked = [bool(IOB.match(label)) for label in self.labels if label != "O"]
        self.finds_entities = all(marked) and "O" in self.labels
        if "O" in self.labels and not self.finds_entities:
            raise TransferError(
                "Can't tell whether the labels of the teacher are tags or entities: got "
                f"{', '.join(self.labels[:8])}, expected entities such as B-PER and I-PER with O, "
                "or tags without O. Rename them in id2label of its config.json."
            )

    def annotate(self, docs: Sequence[Doc]) -> None:
        words = [[token.text for token in doc] for doc in docs]
        for doc, found in zip(docs, self.probabilities(words), strict=True):
            labels = [self.labels[i] for i in found.argmax(axis=1).tolist()]
            sure = found.max(axis=1) >= max(self.threshold, 1e-6)
            if self.finds_entities:
                set_sure_entities(doc, find_entities(doc, labels), sure)
            else:
                for token, label, is_sure in zip(doc, labels, sure, strict=True):
                    token.tag_ = label if is_sure else ""

    def probabilities(self, words: Sequence[Sequence[str]]) -> list[Floats]:
        """RETURNS (List[NDArray[float32]]): Probabilities of labels, by text: zeros where a word
        has no piece. Shape (words, labels) each.
        """
        batch, logits, owners = self.windows(words, is_split_into_words=True)
        chances = logits.softmax(-1).cpu().numpy()
        found = [numpy.zeros((len(each), chances.shape[-1]), dtype="float32") for each in words]
        context = [numpy.full(len(each), -1) for each in words]
        for row, owner in enumerate(owners):
            ids = batch.word_ids(row)
            last = max(i for i, word in enumerate(ids) if word is not None or i == 0)
            for place, word in enumerate(ids):
                if word is None or word == ids[place - 1]:
                    continue
                seen = min(place, last - place)
                if seen > context[owner][word]:
                    context[owner][word] = seen
                    found[owner][word] = chances[row, place]
        return found


def find_entities(doc: Doc, labels: Sequence[str]) -> list[Span]:
    """RETURNS (List[Span]): The entities that labels such as B-PER and I-PER stand for. One that
    goes on without a beginning begins.
    """
    spans: list[tuple[int, int, str]] = []
    for i, label in enumerate(labels):
        action, _, kind = label.partition("-")
        if not kind:
            continue
        open_before = i > 0 and labels[i - 1][0] in "BI" and labels[i - 1][2:] == kind
        if action in "IEL" and open_before:
            spans[-1] = (spans[-1][0], i + 1, kind)
        else:
            spans.append((i, i + 1, kind))
    return [Span(doc, start, end, label=kind) for start, end, kind in spans]


def set_sure_entities(doc: Doc, spans: Sequence[Span], sure: NDArray[numpy.bool_]) -> None:
    """Set the entities of a document. Tokens that are not sure, and all of an entity with one, are
    left open: their annotation is missing.
    """
    sure = sure.copy()
    for span in spans:
        sure[span.start : span.end] &= sure[span.start : span.end].all()
    kept = [span for span in spans if sure[span.start]]
    missing = [doc[i : i + 1] for i in numpy.flatnonzero(~sure).tolist()]
    doc.set_ents(kept, missing=missing, default="outside")


@Language.factory("rnn_teacher", default_config={"threshold": 0.0})
def make_teacher(nlp: Language, name: str, model: str, threshold: float) -> Teacher:
    """Construct a teacher.

    model (str): A model for token or sequence classification: a name on the hub, or a folder.
    threshold (float): The probability below which the answer for a token is left open.
    RETURNS (Teacher): The component.
    RAISES (TransferError): If there is no such model, or it is for something else.
    """
    transformers = require_transformers()
    try:
        config = transformers.AutoConfig.from_pretrained(model)
    except Exception as error:  # the hub, and parsers of all kinds
        reason = first_line(error)
        raise TransferError(
            f"Can't load the teacher {model}: {reason}. Expected a pipeline of spaCy, or a model "
            "of Hugging Face for token or sequence classification: a name on the hub, or a folder."
        ) from error
    kinds = " ".join(config.architectures or ())
    if "ForTokenClassification" in kinds:
        kind = "AutoModelForTokenClassification"
        return TokenTeacher(*load_model(kind, model, words=True), threshold)
    if "ForSequenceClassification" in kinds and config.num_labels > 1:
        return TextTeacher(*load_model("AutoModelForSequenceClassification", model), threshold)
    raise TransferError(
        f"Can't use {model} as a teacher: got {kinds or 'a model of no known kind'} with "
        f"{config.num_labels} labels, expected one for token or sequence classification. Train it "
        "for your labels first, with 'spacy rnn finetune'."
    )
