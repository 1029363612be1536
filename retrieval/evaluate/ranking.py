"""How well rankings of pictures find what was meant."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from retrieval.evaluate.statistics import SEED, summed_by_picture

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from retrieval.evaluate.results import Arm, MeasureName
    from retrieval.evaluate.statistics import Counts, Measure

    Rows = NDArray[np.int64]

_MOST_QUERIES = 1_000  # captions that are asked; more tell little more about a gallery
_MOST_COMPARISONS = 50_000_000  # of a query with a caption or picture, at a time
_DEPTH = 10  # of the pictures found, that nDCG@10 looks at


def sampled(rows: Rows, compared: int) -> Rows:
    """The queries that are asked: a sample, where there are very many or much to compare with."""
    most = max(1, min(_MOST_QUERIES, _MOST_COMPARISONS // max(compared, 1)))
    if len(rows) <= most:
        return rows
    return np.sort(np.random.default_rng(SEED).choice(rows, most, replace=False))


def ranks(scores: NDArray[np.float64], targets: Rows) -> Rows:
    """Of every query's own picture, from 1; an equal score counts as ahead of it.

    `scores` has shape (queries, pictures).
    """
    own = scores[np.arange(len(scores)), targets]
    found: Rows = (scores >= own[:, None]).sum(axis=1)
    return found


def rank_counts(scores: NDArray[np.float64], targets: Rows) -> Counts:
    """By picture: found first, in the first 5, in the first 10, 1 / rank, and how many queries."""
    found = ranks(scores, targets)
    columns = [found <= 1, found <= 5, found <= 10, 1 / found, np.ones(len(found))]
    return summed_by_picture(targets, np.stack(columns, axis=1))


def share(column: int) -> Measure:
    """The mean of a column of sums, whose number is in the last one."""

    def of_counts(counts: Counts) -> NDArray[np.float64]:
        return np.asarray(counts[..., column] / np.maximum(counts[..., -1], 1))

    return of_counts


FIRST = share(0)
RANK_MEASURES: dict[MeasureName, Measure] = {
    "recall_at_1": FIRST,
    "recall_at_5": share(1),
    "recall_at_10": share(2),
    "mrr": share(3),
}


def by_chance(pictures: int) -> Arm:
    """What ranking so many pictures at random would reach."""
    places = np.arange(1, pictures + 1)
    return {
        "kind": "baseline",
        "tested": True,
        "recall_at_1": {"value": 1 / pictures},
        "recall_at_5": {"value": min(1.0, 5 / pictures)},
        "recall_at_10": {"value": min(1.0, 10 / pictures)},
        "mrr": {"value": float((1 / places).mean())},
    }


def ndcg(grades: NDArray[np.int64], scores: NDArray[np.float64]) -> NDArray[np.float64]:
    """Shape (queries,): nDCG@10 (Järvelin and Kekäläinen 2002) of every query."""
    import ir_measures

    truth = [
        ir_measures.Qrel(str(query), str(picture), int(grades[query, picture]))
        for query, picture in zip(*np.nonzero(grades), strict=True)
    ]
    # Pictures in order, equal scores by row: the library would break ties by name.
    run = [
        ir_measures.ScoredDoc(str(query), str(picture), float(-place))
        for query, row in enumerate(scores)
        for place, picture in enumerate(np.argsort(-row, kind="stable")[:_DEPTH].tolist())
    ]
    measure = ir_measures.nDCG @ 10
    values = np.zeros(len(grades))
    for each in ir_measures.iter_calc([measure], truth, run):
        values[int(each.query_id)] = each.value
    return values
