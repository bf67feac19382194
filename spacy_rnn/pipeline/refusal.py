"""Updates that leave nothing behind when they are refused."""

from collections.abc import Iterable
from typing import Any

from spacy.training import Example
from thinc.api import Optimizer, get_array_module

from ..errors import UserError
from ..layers.shim import clear_gradients


class RefusesUpdates:
    """Mixin for components: a batch that is refused, because of its labels or because its gradients
    are not finite, leaves no gradient to the next one. To be named before what updates.
    """

    model: Any

    def update(
        self,
        examples: Iterable[Example],
        *,
        drop: float = 0.0,
        sgd: Optimizer | None = None,
        losses: dict[str, float] | None = None,
    ) -> dict[str, float]:
        """Learn from a batch.

        examples (Iterable[Example]): The batch.
        drop (float): The dropout rate.
        sgd (Optional[Optimizer]): The optimizer.
        losses (Optional[Dict[str, float]]): Losses by component, to be updated.
        RETURNS (Dict[str, float]): The updated losses.
        RAISES (ValueError): If a label is unknown, or what was computed is not finite.
        """
        try:
            found: dict[str, float] = super().update(  # type: ignore[misc]
                examples, drop=drop, sgd=sgd, losses=losses
            )
        except ValueError:
            clear_gradients(self.model)
            raise
        return found


def require_numbers(name: str, scores: Any) -> None:
    """RAISES (ValueError): If an array of scores, or one of several, has NaN."""
    for part in scores if isinstance(scores, list) else [scores]:
        if get_array_module(part).isnan(part.sum()):
            raise UserError(
                f"The scores of component '{name}' are not finite: got NaN, expected numbers. The "
                "weights are unchanged. Try a lower learning rate ([training.optimizer] "
                "learn_rate), or look for NaN in the vectors table."
            )
