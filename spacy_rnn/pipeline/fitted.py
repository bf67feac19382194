"""What is fitted to the weights of a component lasts as long as these."""

import copy
import warnings
from collections.abc import Iterator
from typing import Any

from thinc.api import Optimizer

NOT_FITTED: dict[str, Any] = {"temperature": 1.0, "thresholds": {}}


class Fitted:
    """Mixin for components whose `cfg` has a temperature and thresholds, fitted on data that the
    model was not trained on.

    They belong to the weights that they were fitted for: an update of these gives them up, with a
    warning, and while other weights take their place, so do other settings.
    """

    name: str
    model: Any
    cfg: dict[str, Any]

    def finish_update(self, sgd: Optimizer) -> None:
        """Update the weights with the gradients that have been collected.

        sgd (Optimizer): The optimizer.
        """
        self.model.finish_update(sgd)
        self._give_up("it has been trained since")

    def use_params(self, params: dict[Any, Any]) -> Iterator[None]:
        """Use other weights, such as averages, until the generator is exhausted. What is fitted
        meanwhile is fitted for them, and to be saved meanwhile as well.

        params (Dict): The weights.
        """
        parts = [part for node in self.model.walk() for part in (node, *node.shims)]
        if {part.id for part in parts}.isdisjoint(key[0] for key in params):
            yield
            return
        own = self._fit()
        self._give_up("other weights are used for a while")
        try:
            with self.model.use_params(params):
                yield
        finally:
            self._give_up("the weights that this was done for are no longer used")
            self.cfg.update(own)

    def forget_fit(self) -> None:
        """Give up what was fitted."""
        self.cfg.update(copy.deepcopy(NOT_FITTED))

    def _fit(self) -> dict[str, Any]:
        return {name: self.cfg[name] for name in NOT_FITTED}

    def _give_up(self, why: str) -> None:
        fit = self._fit()
        if fit == NOT_FITTED:
            return
        self.forget_fit()
        temperature, thresholds = fit.values()
        warnings.warn(
            f"Component '{self.name}' was calibrated, and {why}: its temperature of {temperature} "
            f"and {len(thresholds)} thresholds do not belong to these weights and are not used. "
            "Calibrate it once training is done: python -m spacy rnn calibrate",
            stacklevel=3,
        )
