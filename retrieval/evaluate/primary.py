"""The one comparison of every task, judged together with the others."""

from __future__ import annotations

from typing import TYPE_CHECKING

from retrieval.evaluate.arms import BOTH, CAPTIONS, verdict
from retrieval.evaluate.statistics import holm

if TYPE_CHECKING:
    from collections.abc import Mapping

    from retrieval.evaluate.arms import Result


def adjusted(tasks: Mapping[str, Result]) -> dict[str, Result]:
    """The tasks with Holm's p-values in their primary contrasts, and verdicts that go by them.

    A difference in topics that does not hold under every way of saying what is true is none.
    """
    p_values = {
        name: task["primary"]["p"]
        for name, task in tasks.items()
        if task["primary"].get("p") is not None
    }
    found = {name: dict(task) for name, task in tasks.items()}
    for name, p in holm(p_values).items():
        primary = {**found[name]["primary"], "p_holm": p}
        primary["verdict"] = verdict(primary)
        if truths := found[name].get("by_truth"):
            contrast = f"{BOTH} - {CAPTIONS}"
            verdicts = {each["contrasts"][contrast]["verdict"] for each in truths.values()}
            if primary["verdict"] in ("better", "worse") and verdicts != {primary["verdict"]}:
                primary["verdict"] = "not by every truth"
        found[name]["primary"] = primary
    return found
