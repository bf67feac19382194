"""Between lists of arrays and ragged batches."""

from collections.abc import Callable
from typing import Any

from thinc.api import Model
from thinc.layers.list2ragged import forward as join
from thinc.layers.ragged2list import forward as divide
from thinc.types import Floats2d, Ragged


def list2ragged() -> Model[list[Floats2d], Ragged]:
    """Thinc's layer, which a single array passes without a copy.

    RETURNS (Model[List[Floats2d], Ragged]): The layer.
    """
    return Model("list2ragged", forward_list)


def ragged2list() -> Model[Ragged, list[Floats2d]]:
    """Thinc's layer, which a single sequence passes without being looked for.

    RETURNS (Model[Ragged, List[Floats2d]]): The layer.
    """
    return Model("ragged2list", forward_ragged)


def forward_list(
    model: Model[list[Floats2d], Ragged], X: Any, is_train: bool
) -> tuple[Ragged, Callable[[Ragged], Any]]:
    if len(X) != 1:
        return join(model, X, is_train)
    return Ragged(X[0], model.ops.asarray1i([len(X[0])])), lambda dY: [dY.dataXd]


def forward_ragged(
    model: Model[Ragged, list[Floats2d]], X: Ragged, is_train: bool
) -> tuple[Any, Callable[[Any], Ragged]]:
    if len(X.lengths) != 1:
        return divide(model, X, is_train)
    return [X.dataXd], lambda dY: Ragged(dY[0], X.lengths)
