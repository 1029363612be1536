"""Whether captions find their own pictures by looks alone.

No comparison of captions with pictures: nobody reads the captions that are looked through. But it
needs no truth and no second caption, so that it tells of an ordinary gallery how well its pictures
are seen.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from retrieval.errors import WeightsUnavailable
from retrieval.evaluate.arms import CHANCE, LEAST_PICTURES, PICTURES, arm
from retrieval.evaluate.controls import distinct_captions
from retrieval.evaluate.ranking import RANK_MEASURES, by_chance, rank_counts, sampled
from retrieval.search.evidence import Evidence, Passing
from retrieval.search.query_vectors import QueryVectors

if TYPE_CHECKING:
    from collections.abc import Iterable

    from numpy.typing import NDArray

    from retrieval.evaluate.material import Material
    from retrieval.evaluate.results import Looks

_QUESTION = "Does a caption find its own picture by looks alone?"


def evaluate_looks(material: Material) -> Looks | None:
    """How often each caption's own picture comes first; None where few pictures have captions."""
    generation = material.generation
    owners = generation.caption_pictures
    distinct = distinct_captions(generation.captions, owners)
    if len(np.unique(owners)) < LEAST_PICTURES:
        return None
    pictures = len(generation.image_ids)
    asked = sampled(distinct, pictures)
    try:
        vectors = material.image_encoder.encode_texts(
            [generation.captions[row] for row in asked.tolist()]
        )
    except WeightsUnavailable as error:
        return {"question": _QUESTION, "tested": False, "why": str(error)}
    counts = rank_counts(_by_looks(material, vectors), owners[asked])
    draws = material.draws(len(counts))
    return {
        "question": _QUESTION,
        "tested": True,
        "posts": len(asked),
        "pictures": len(counts),
        "gallery": pictures,
        "arms": {PICTURES: arm("arm", counts, RANK_MEASURES, draws), CHANCE: by_chance(pictures)},
    }


def _by_looks(material: Material, vectors: Iterable[NDArray[np.float32]]) -> NDArray[np.float64]:
    """Shape (queries, pictures): as the strategy `image` ranks."""
    generation = material.generation
    evidence = Evidence(generation, material.image_encoder)
    rows = np.arange(len(generation.image_ids))
    everything = Passing.of(np.ones(len(material.posts), dtype=np.bool_), generation)
    found = []
    for vector in vectors:
        query = QueryVectors(image=vector)
        likeness = evidence.likeness(rows, query, everything)
        found.append(evidence.scores("image", likeness, query))
    return np.stack(found)
