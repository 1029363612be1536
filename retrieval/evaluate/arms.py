"""How arms are scored, and what sets two of them apart."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Final

from retrieval.evaluate.statistics import (
    PERMUTATIONS,
    difference,
    estimate,
    holm,
    standard_errors,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    import numpy as np
    from numpy.typing import NDArray

    from retrieval.evaluate.results import (
        Arm,
        Contrast,
        Figure,
        Kind,
        MeasureName,
        TaskName,
        Tasks,
        Verdict,
    )
    from retrieval.evaluate.statistics import Counts, Measure

CAPTIONS: Final = "captions only"
PICTURES: Final = "pictures only"
BOTH: Final = "both"
DESCRIBED: Final = "caption + description"
SECOND: Final = "caption + second caption"
CHANCE: Final = "chance"

TASKS: tuple[TaskName, ...] = ("sentiment", "topics", "search")

_SIGNIFICANT = 0.05
LEAST_PICTURES = 10  # of fewer, resampling tells nothing about others


def above_captions(arm: str) -> str:
    """The name of the contrast of an arm with captions only."""
    return f"{arm} - {CAPTIONS}"


PRIMARY: Final = above_captions(BOTH)


def figure(
    counts: Counts, measure: Measure, draws: NDArray[np.float64], things: int | None = None
) -> Figure:
    """A measure with its interval; None where it is not defined, or of too few pictures.

    `things`: of how many the rows of `counts` are pairs, where they are none of pictures.
    """
    value, low, high = estimate(counts, measure, draws)
    if (len(counts) if things is None else things) < LEAST_PICTURES:
        return {"value": _plain(value), "low": None, "high": None}
    return {"value": _plain(value), "low": _plain(low), "high": _plain(high)}


def arm(
    kind: Kind,
    counts: Counts,
    measures: Mapping[MeasureName, Measure],
    draws: NDArray[np.float64],
    things: int | None = None,
) -> Arm:
    """What an arm scores, by the counts it got on each picture."""
    found: Arm = {"kind": kind, "tested": True}
    for name, measure in measures.items():
        found[name] = figure(counts, measure, draws, things)
    return found


def untested(kind: Kind, why: str) -> Arm:
    """An arm that could not be scored."""
    return {"kind": kind, "tested": False, "why": why}


def contrast(
    counts: Counts,
    baseline: Counts,
    measure: Measure,
    draws: NDArray[np.float64],
    things: int | None = None,
) -> Contrast:
    """What one arm has above another, and whether that is more than chance.

    Of pairs of `things` there is no p: pairs that share a thing cannot be swapped one by one.
    """
    swaps = PERMUTATIONS if things is None else 0
    found = difference(counts, baseline, measure, draws, swaps)
    if (len(counts) if things is None else things) < LEAST_PICTURES:
        return _judged(found.value, None, None, None, None)
    return _judged(found.value, found.low, found.high, found.p, found.detectable)


def no_contrast(why: str) -> Contrast:
    """A contrast of which one side was not tested."""
    return {"value": None, "verdict": "not tested", "why": why}


def contrasts(
    counts: Mapping[str, Counts],
    arms: Iterable[str],
    measure: Measure,
    draws: NDArray[np.float64],
    why_not: Mapping[str, str],
) -> dict[str, Contrast]:
    """What each of these arms has above captions only; of untested ones `both` alone says why."""
    if CAPTIONS not in counts or BOTH not in counts:
        missing = BOTH if CAPTIONS in counts else CAPTIONS
        found = {PRIMARY: no_contrast(why_not[missing])}
    else:
        found = {PRIMARY: contrast(counts[BOTH], counts[CAPTIONS], measure, draws)}
    for name in arms:
        if name in counts and CAPTIONS in counts:
            found[above_captions(name)] = contrast(counts[name], counts[CAPTIONS], measure, draws)
    return found


def verdict(found: Contrast) -> Verdict:
    """Chance until shown otherwise: the interval leaves out 0, and so does the adjusted test."""
    if found["value"] is None:
        return "not tested"
    low, high = found.get("low"), found.get("high")
    if low is None or high is None:
        return "cannot tell"
    p = found.get("p_holm", 0.0)  # exploratory contrasts go by the interval alone
    if low <= 0 <= high or p >= _SIGNIFICANT:
        return "cannot tell"
    return "better" if found["value"] > 0 else "worse"


def all_at_once(found: Mapping[str, Contrast]) -> dict[str, Contrast]:
    """Contrasts that shall hold at once: with Holm's p-values, and verdicts that go by them.

    What is detectable becomes what is by the strictest of the tests, whichever that will be.
    """
    p_values = {name: p for name, each in found.items() if (p := each.get("p")) is not None}
    adjusted = {name: each.copy() for name, each in found.items()}
    further = standard_errors(len(p_values)) / standard_errors() if p_values else 1.0
    for name, p in holm(p_values).items():
        each = adjusted[name]
        each["p_holm"] = p
        if (detectable := each.get("detectable")) is not None:
            each["detectable"] = further * detectable
        each["verdict"] = verdict(each)
    return adjusted


def adjusted(tasks: Tasks) -> Tasks:
    """The tasks with Holm's p-values in their primary contrasts, and verdicts that go by them.

    A difference in topics that does not hold under every way of saying what is true is none.
    """
    found = tasks.copy()
    primaries = all_at_once({name: tasks[name]["primary"] for name in TASKS if name in tasks})
    for name in TASKS:
        if name in found:
            found[name] = found[name].copy()
            found[name]["primary"] = primaries[name]
    if "topics" in found:
        primary = found["topics"]["primary"]
        truths = found["topics"]["by_truth"].values()
        verdicts = {each["contrasts"][PRIMARY]["verdict"] for each in truths}
        if primary["verdict"] in ("better", "worse") and verdicts != {primary["verdict"]}:
            primary["verdict"] = "not by every truth"
    return found


def _judged(
    value: float, low: float | None, high: float | None, p: float | None, detectable: float | None
) -> Contrast:
    found: Contrast = {
        "value": _plain(value),
        "low": _plain(low),
        "high": _plain(high),
        "p": p,
        "detectable": _plain(detectable),
        "verdict": "not tested",
    }
    found["verdict"] = verdict(found)
    return found


def _plain(value: float | None) -> float | None:
    """JSON knows no NaN."""
    return None if value is None or math.isnan(value) else value
