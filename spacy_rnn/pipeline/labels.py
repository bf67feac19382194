"""Labels that are added to a component, also to one that is trained."""

from abc import ABC, abstractmethod
from collections.abc import Iterable
from typing import Any

from spacy.errors import Errors
from spacy.pipeline import TrainablePipe
from spacy.training import Example, validate_examples
from spacy.vocab import Vocab
from thinc.api import Optimizer

from ..layers.growth import TAG_MARGIN, Array, add_outputs
from .storage import FromDisk


class GrowingLabels(FromDisk, ABC):
    """Mixin for components that label tokens: they take new labels at any time.

    What is predicted, and how all other labels are scored, is the same after as before.
    """

    vocab: Vocab
    _rehearsal_model: Any

    @property
    @abstractmethod
    def labels(self) -> tuple[str, ...]:
        """RETURNS (Tuple[str]): The labels."""

    @abstractmethod
    def find_labels(self, examples: Iterable[Example]) -> set[str]:
        """RETURNS (Set[str]): The labels in the references of examples."""

    def add_label(self, label: str) -> int:
        """Add a label. To a trained component as well: it predicts what it did before, until it
        learns the label in further training, see `nlp.resume_training`.

        label (str): The label.
        RETURNS (int): 0 if it is already present, otherwise 1.
        RAISES (ValueError): If it is not a string.
        """
        if not isinstance(label, str):
            raise ValueError(Errors.E187)
        if label in self.labels:
            return 0
        self.cfg["labels"].append(label)
        self.vocab.strings.add(label)
        had, needed = self.model.maybe_get_dim("nO"), self.n_outputs
        if had is not None and needed is not None and had < needed:
            add_outputs(self.model, needed, TAG_MARGIN, self._ancestors(had))
        return 1

    def update(
        self,
        examples: Iterable[Example],
        *,
        drop: float = 0.0,
        sgd: Optimizer | None = None,
        losses: dict[str, float] | None = None,
    ) -> dict[str, float]:
        """Learn from a batch. A component whose training was resumed, as `spacy train` does with
        those that have a `source`, adds labels that are new to it; any other refuses them.

        examples (Iterable[Example]): The batch.
        drop (float): The dropout rate.
        sgd (Optional[Optimizer]): The optimizer.
        losses (Optional[Dict[str, float]]): Losses by component, to be updated.
        RETURNS (Dict[str, float]): The updated losses.
        RAISES (ValueError): If a label is unknown.
        """
        validate_examples(examples, f"{type(self).__name__}.update")
        if self._rehearsal_model is not None:
            for label in sorted(self.find_labels(examples) - set(self.labels)):
                self.add_label(label)
        found: dict[str, float] = TrainablePipe.update(
            self, examples, drop=drop, sgd=sgd, losses=losses
        )
        return found

    def _ancestors(self, had: int) -> Array | None:
        """RETURNS (Optional[NDArray[bool]]): Which outputs those of a new label take after. Shape
        (outputs,).
        """
        return None

    def _refuse(self, kind: str, labels: Iterable[str]) -> ValueError:
        """RETURNS (ValueError): The error for unknown labels in examples."""
        known = self.labels
        return ValueError(
            f"Unknown {kind} for component '{self.name}': got "
            f"{', '.join(map(repr, sorted(labels)))}, expected one of its {len(known)} labels "
            f"({', '.join(known[:5])}{', …' if len(known) > 5 else ''}). Correct it, or add it: "
            "with add_label, or by nlp.resume_training before the update, or to the labels that "
            "the component is initialized with."
        )
