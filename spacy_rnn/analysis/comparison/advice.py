"""What follows from a comparison, in words."""

from collections.abc import Mapping, Sequence

from .results import SystemResult
from .statistics import Difference


def advice(
    found: Sequence[SystemResult], differences: Mapping[str, Mapping[str, Difference]]
) -> str:
    """Say what follows, never naming a winner among systems between which there is no clear
    difference.

    found (Sequence[SystemResult]): The systems, the highest score first.
    differences (Mapping[str, Mapping[str, Difference]]): How much better one is than another.
    RETURNS (str): A sentence or two.
    """
    best = found[0]
    if len(found) == 1:
        return f"Only {best.name} was trained: there is nothing to compare it with."
    equal = [best] + [
        other for other in found[1:] if not differences[best.name][other.name].is_clear
    ]
    if len(equal) == 1:
        second = found[1]
        gap = differences[best.name][second.name]
        return (
            f"{best.name} is better than all others at 95 %, than {second.name} by "
            f"{100 * gap.value:.1f} points ({100 * gap.low:.1f} to {100 * gap.high:.1f}): take it."
        )
    rest = ", ".join(f"{each.name}" for each in equal[:-1]) + f" and {equal[-1].name}"
    told = f"No difference between {rest} at 95 %"
    fast = sorted(equal, key=lambda each: -each.words_per_second)
    first, second = fast[:2]
    if first.slowest > second.fastest:
        ratio = first.words_per_second / second.words_per_second
        return f"{told}; {first.name} is {ratio:.1f}x as fast as {second.name}: take it."
    small = min(equal, key=lambda each: each.weights)
    return f"{told}, nor is one clearly the fastest; {small.name} is the smallest: take it."
