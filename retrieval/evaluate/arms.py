"""How results are written down: arms with their figures, and what sets two of them apart."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from retrieval.evaluate.statistics import difference, estimate, holm, interval

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from retrieval.evaluate.statistics import Counts, Measure

    Result = dict[str, Any]  # plain JSON

CAPTIONS, PICTURES, BOTH = "captions only", "pictures only", "both"
DESCRIBED = "caption + description"
SECOND = "caption + second caption"

Kind = Literal["arm", "baseline", "reference", "model"]
Verdict = Literal["better", "worse", "cannot tell", "not by every truth", "not tested"]

_SIGNIFICANT = 0.05
LEAST_PICTURES = 10  # of fewer, resampling tells nothing about others


def figure(counts: Counts, measure: Measure, draws: NDArray[np.float64]) -> Result:
    """A measure with its interval; None where it is not defined, or of too few pictures."""
    found = _plain(estimate(counts, measure, draws)._asdict())
    return found if len(counts) >= LEAST_PICTURES else {**found, "low": None, "high": None}


def arm(
    kind: Kind, counts: Counts, measures: Mapping[str, Measure], draws: NDArray[np.float64]
) -> Result:
    """What an arm scores, by the counts it got on each picture."""
    scores = {name: figure(counts, measure, draws) for name, measure in measures.items()}
    return {"kind": kind, "tested": True, **scores}


def untested(kind: Kind, why: str) -> Result:
    """An arm that could not be scored."""
    return {"kind": kind, "tested": False, "why": why}


def contrast(
    counts: Counts, baseline: Counts, measure: Measure, draws: NDArray[np.float64]
) -> Result:
    """What one arm has above another, and whether that is more than chance."""
    found = _plain(difference(counts, baseline, measure, draws)._asdict())
    if len(counts) < LEAST_PICTURES:
        found |= {"low": None, "high": None, "p": None, "detectable": None}
    return {**found, "verdict": verdict(found)}


def no_contrast(why: str) -> Result:
    """A contrast of which one side was not tested."""
    return {"value": None, "verdict": "not tested", "why": why}


def captions_against_both(
    counts: Mapping[str, Counts], measure: Measure, draws: NDArray[np.float64]
) -> Result:
    """Both arms and their difference: a step of the captions' degradation."""
    return {
        **{name: figure(counts[name], measure, draws) for name in (CAPTIONS, BOTH)},
        "difference": contrast(counts[BOTH], counts[CAPTIONS], measure, draws),
    }


def by_chance(gains: Sequence[float]) -> Result:
    """What both had above captions only in each of many shuffles of the pictures."""
    low, high = interval(np.array(gains))
    return {
        "shuffles": len(gains),
        "gain": {"value": float(np.mean(gains)), "low": low, "high": high},
    }


def verdict(found: Mapping[str, Any]) -> Verdict:
    """Chance until shown otherwise: the interval leaves out 0, and so does the adjusted test."""
    if found["value"] is None:
        return "not tested"
    if found["low"] is None:
        return "cannot tell"
    p = found.get("p_holm", 0.0)  # exploratory contrasts go by the interval alone
    if found["low"] <= 0 <= found["high"] or p >= _SIGNIFICANT:
        return "cannot tell"
    return "better" if found["value"] > 0 else "worse"


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


def _plain(fields: Mapping[str, float]) -> Result:
    """JSON knows no NaN."""
    return {name: None if math.isnan(value) else value for name, value in fields.items()}
