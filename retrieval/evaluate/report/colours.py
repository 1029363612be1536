"""One colour for each arm, the same in every plot, table and terminal."""

from __future__ import annotations

from itertools import cycle
from typing import TYPE_CHECKING

from retrieval.evaluate.arms import BOTH, CAPTIONS, DESCRIBED, PICTURES

if TYPE_CHECKING:
    from collections.abc import Iterable

# All keep a contrast of 3 with white and with near-black, so that one plot serves both schemes,
# and a CIEDE2000 of 13 from each other under normal, protan, deutan and tritan sight.
ARM_COLOURS = {
    CAPTIONS: "#d07d1f",
    PICTURES: "#297e55",
    BOTH: "#4f7fe0",
    DESCRIBED: "#c62f80",
}
OTHER_COLOURS = ("#00a675", "#9d6301", "#a48aa6", "#88709b")  # 10 from the four and each other
SHADE = ARM_COLOURS[BOTH]  # of plots that show one arm only


def colours(arms: Iterable[str]) -> dict[str, str]:
    """The colour of each arm; those without a fixed one take the others in turn."""
    others = cycle(OTHER_COLOURS)
    return {arm: ARM_COLOURS.get(arm) or next(others) for arm in arms}
