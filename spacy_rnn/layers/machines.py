"""What n-grams tell about labels: their weights, and machines that are solved, not trained."""

import warnings
from collections.abc import Iterable, Sequence
from typing import Any, cast

import numpy
import torch
from numpy.typing import NDArray
from spacy.tokens import Doc
from thinc.api import Model
from thinc.types import Floats2d

from ..modules.margins import Rows, choose, solve
from ..modules.ngrams import NgramBag, label_weights, rarity_weights, squared_log_ratios
from .ngrams import document_ngrams
from .shim import torch_shim

Array = NDArray[Any]
Batches = Iterable[tuple[Sequence[Doc], Array]]
# Of fewer distinct documents, none can be spared to choose by.
MIN_DOCUMENTS = 100
# One document of so many is held out for choosing, up to so many documents; copies of one, as of
# annotated data that is read several times in a pass, stay together.
ONE_IN, MOST_HELD_OUT = 5, 2000
# So many n-grams of documents, and documents times labels, are kept: in 0.4 GiB and 0.1 GiB.
MAX_NGRAMS, MAX_TRUTHS = 2**25, 2**25
# How many numbers of rows times labels are counted at once.
MAX_COUNTS = 2**26
# How many documents are worked on at once.
BATCH = 1024


def solve_ngrams(
    bag: Model[list[Doc], Floats2d],
    output: Model[Floats2d, Floats2d],
    batches: Batches,
    exclusive: bool,
) -> None:
    """Weigh n-grams, and let the bag of them, and what an output layer makes of it, be a support
    vector machine for each label, calibrated on documents held out. From then on training leaves
    them alone: on rows this sparse, some thousand steps of an optimizer end below what is solved in
    seconds.

    What n-grams tell about labels is the better weight in short documents, their rarity in long
    ones with many labels: the documents held out choose.

    Fewer than `MIN_DOCUMENTS` distinct documents give weights only, and leave the rest to training;
    so does a bag that is not to be solved. Of documents with more than `MAX_NGRAMS` n-grams in all,
    a part is taken, and a warning says so.

    bag (Model[List[Doc], Floats2d]): An `ngram_bag`.
    output (Model[Floats2d, Floats2d]): The linear layer on it, with a bias.
    batches (Iterable[Tuple[List[Doc], NDArray]]): Documents, and what is known of their labels, see
        `signed_truth`. Shape (documents, labels).
    exclusive (bool): Whether a document has exactly one label.
    """
    n_rows = bag.attrs["rows"]
    module = cast(NgramBag, torch_shim(bag).module)
    sample = Sample(n_rows, batches)
    every = numpy.ones(len(sample), dtype=bool)
    if sample.n_distinct < MIN_DOCUMENTS or not bag.attrs["solve"]:
        module.weigh(sample.label_weights(every))
        return
    one_in = max(ONE_IN, len(sample) // MOST_HELD_OUT)
    held = sample.distinct % one_in == one_in - 1
    choices = []
    for weigh in (sample.label_weights, sample.rarity_weights):
        module.weigh(weigh(~held))
        choice = choose(sample.rows(module), sample.truth, held, n_rows, exclusive)
        choices.append((choice, weigh))
    (_, cost, scale, shift), weigh = min(choices, key=lambda each: each[0].loss)
    module.weigh(weigh(every))
    width = bag.get_dim("nO")
    vectors, directions, bias = solve(sample.rows(module), sample.truth, n_rows, cost, width)
    module.set_vectors(torch.from_numpy(vectors))
    weights = numpy.pad(scale * directions, ((0, 0), (0, width - directions.shape[1])))
    output.set_param("W", output.ops.asarray2f(weights.tolist()))
    output.set_param("b", output.ops.asarray1f((scale * bias + shift).tolist()))
    bag.attrs["solved"] = True


class Sample:
    """The n-grams and labels of documents, or of one in two, four or so, drawn at random, if they
    are many.

    n_rows (int): Number of values to hash n-grams to.
    batches (Iterable[Tuple[List[Doc], NDArray]]): See `solve_ngrams`.
    """

    def __init__(self, n_rows: int, batches: Batches) -> None:
        self.n_rows = n_rows
        self.one_in, self.n_documents, self.n_ngrams = 1, 0, 0
        self.parts: list[tuple[Array, Array, Array, Array]] = []
        for docs, truth_of_batch in batches:
            for doc, truth_of_doc in zip(docs, truth_of_batch, strict=True):
                self._add(doc, truth_of_doc)
        if self.one_in > 1:
            warnings.warn(
                f"The n-grams' scores are found from {len(self.parts)} of {self.n_documents} "
                f"documents, about one in {self.one_in}: all have more n-grams and labels than are "
                "kept in memory.",
                stacklevel=2,
            )
        ngrams, counts, sizes, truth = zip(*self.parts, strict=True)
        self.parts = []
        # Distinct documents are numbered, and copies have the same number. Shape (documents,).
        numbers: dict[int, int] = {}
        likes = (hash((n.tobytes(), c.tobytes())) for n, c in zip(ngrams, counts, strict=True))
        self.distinct = numpy.array([numbers.setdefault(like, len(numbers)) for like in likes])
        self.n_distinct = len(numbers) * self.one_in  # about, where a part was drawn
        self.ngrams, self.counts = numpy.concatenate(ngrams), numpy.concatenate(counts)
        self.sizes, self.truth = numpy.concatenate(sizes), numpy.stack(truth)
        self.starts = numpy.concatenate(([0], self.sizes.sum(axis=1).cumsum()))

    def __len__(self) -> int:
        return len(self.truth)

    def _add(self, doc: Doc, truth: Array) -> None:
        self.n_documents += 1
        if self.one_in > 1 and numpy.random.random() * self.one_in >= 1:
            return
        ngrams, counts, sizes = document_ngrams([doc], self.n_rows)
        self.parts.append(
            (ngrams.astype("int32"), counts.astype("int32"), sizes, truth.astype("float32"))
        )
        self.n_ngrams += len(ngrams)
        while self.n_ngrams > MAX_NGRAMS or len(self.parts) * len(truth) > MAX_TRUTHS:
            kept = numpy.random.random(len(self.parts)) < 0.5
            self.parts = [part for part, keep in zip(self.parts, kept, strict=True) if keep]
            self.one_in *= 2
            self.n_ngrams = sum(len(ngrams) for ngrams, *_ in self.parts)

    def rarity_weights(self, used: Array) -> torch.Tensor:
        """RETURNS (Tensor): See `modules.ngrams.rarity_weights`, of some of the documents. Shape
        (rows,).
        """
        return rarity_weights(self._count(used), torch.tensor(float(used.sum())))

    def label_weights(self, used: Array) -> torch.Tensor:
        """Find what some of the documents tell about labels. A label that is not known counts as
        one that they do not have.

        used (NDArray[bool]): Which documents. Shape (documents,).
        RETURNS (Tensor): See `modules.ngrams.label_weights`. 1 where no label tells anything. Shape
            (rows,).
        """
        has = (self.truth > 0) & used[:, None]
        seen, total = self._count(used), torch.tensor(float(used.sum()))
        told, n_told = torch.zeros(self.n_rows), 0
        at_once = max(1, MAX_COUNTS // self.n_rows)
        for start in range(0, has.shape[1], at_once):
            labels = has[:, start : start + at_once]
            documents = torch.from_numpy(labels.sum(axis=0)).float()
            counts = torch.zeros(self.n_rows, len(documents))
            for i in documents.nonzero()[:, 0].tolist():
                counts[:, i] = self._count(labels[:, i])
            told += squared_log_ratios(counts, seen, documents, total)
            n_told += int(((documents > 0) & (documents < total)).sum())
        return label_weights(told / n_told, seen) if n_told else torch.ones(self.n_rows)

    def _count(self, which: Array) -> torch.Tensor:
        """RETURNS (Tensor): In how many of these documents each n-gram occurs. Shape (rows,)."""
        ngrams = self.ngrams[numpy.repeat(which, numpy.diff(self.starts))]
        return torch.from_numpy(numpy.bincount(ngrams, minlength=self.n_rows)).float()

    def rows(self, module: NgramBag) -> Rows:
        """RETURNS (Rows): The documents, with what n-grams weigh now."""
        values = numpy.empty(len(self.ngrams), dtype="float32")
        for start in range(0, len(self), BATCH):
            sizes = self.sizes[start : start + BATCH]
            part = slice(self.starts[start], self.starts[start + len(sizes)])
            with torch.no_grad():
                arrays = map(torch.from_numpy, (self.ngrams[part], self.counts[part], sizes))
                found = module.normalize(*(a.to(module.table.weight.device) for a in arrays))
            values[part] = found.cpu().numpy()
        return Rows(self.ngrams, values, self.starts)
