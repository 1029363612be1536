"""What can be said about posts that nobody labelled: what the models say, and where they differ."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from retrieval.evaluate.arms import BOTH, CAPTIONS, LEAST_PICTURES, PICTURES, figure
from retrieval.evaluate.metrics import cohen_kappa, table_counts
from retrieval.evaluate.statistics import summed_by_picture
from retrieval.labels.scores import NOT_DETERMINED, is_known
from retrieval.labels.taxonomy import OTHER
from retrieval.labels.view import overrides_of
from retrieval.records import DISAGREEMENTS, SENTIMENTS, UNDETERMINED

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from retrieval.evaluate.material import Material
    from retrieval.evaluate.results import Agreement, Corrected, Differing, Posts, Said
    from retrieval.labels.overrides import Overrides
    from retrieval.labels.scores import Codes
    from retrieval.labels.view import LabelView
    from retrieval.records import Disagreement

_MADE_UP = "sample"  # the source whose posts were written for this project
_SHOWN = 6  # disagreements of a kind


def describe_posts(material: Material, view: LabelView, overrides: Overrides) -> Posts:
    """Distributions, coverage, agreement, and the strongest disagreements.

    `view` is of the models alone, as everything here but `corrected`.
    """
    posts = material.posts
    return {
        "posts": len(posts),
        "pictures": len(material.generation.image_ids),
        "captioned": sum(post.has_caption for post in posts),
        "made_up": bool(posts) and material.corpora(range(len(posts))) == [_MADE_UP],
        "with_truth": sum(post.truth is not None for post in posts),
        "sentiment": {
            CAPTIONS: _sentiments(view.caption_sentiments),
            PICTURES: _sentiments(view.image_sentiments),
            BOTH: _sentiments(view.sentiments),
        },
        "topics": view.counts()["topics"],
        "topic_titles": dict(view.topic_titles),
        "topics_undetermined": int((~view.topics.any(axis=1)).sum()),
        "agreement": {
            "sentiment": _sentiment_agreement(material, view),
            "topics": _topic_agreement(material, view),
        },
        "disagreements": {about: _strongest(material, view, about) for about in DISAGREEMENTS},
        "corrected": _corrected(material, view, overrides),
    }


def _sentiments(codes: Codes) -> dict[str, int]:
    names = (*SENTIMENTS, UNDETERMINED)
    places = np.where(codes == NOT_DETERMINED, len(SENTIMENTS), codes)
    return dict(zip(names, np.bincount(places, minlength=len(names)).tolist(), strict=True))


def _sentiment_agreement(material: Material, view: LabelView) -> Agreement:
    caption, image = view.caption_sentiments, view.image_sentiments
    rows = np.flatnonzero((caption != NOT_DETERMINED) & (image != NOT_DETERMINED))
    return _kappa(material, rows, caption[rows], image[rows], len(SENTIMENTS))


def _topic_agreement(material: Material, view: LabelView) -> dict[str, Agreement]:
    """By topic: whether caption and picture show it alike."""
    caption, image = view.sides_topics
    arrays = material.arrays
    rows = np.flatnonzero(is_known(arrays.caption_topics) & is_known(arrays.image_topics))
    return {
        name: _kappa(material, rows, caption[rows, place], image[rows, place], 2)
        for place, name in enumerate(material.record.names)
    }


def _kappa(
    material: Material, rows: NDArray[np.int64], one: Any, other: Any, classes: int
) -> Agreement:
    """Cohen's κ; None unless each side says two different things of enough pictures.

    Of a topic that three captions have, κ is 1 or 0 by the toss of a coin.
    """
    pictures = material.pictures[rows]
    if not all(_tells_apart(pictures, side, classes) for side in (one, other)):
        return {"posts": len(rows), "kappa": {"value": None}}
    counts = summed_by_picture(pictures, table_counts(one, other, classes))
    return {"posts": len(rows), "kappa": figure(counts, cohen_kappa, material.draws(len(counts)))}


def _tells_apart(pictures: NDArray[np.int64], said: NDArray[Any], classes: int) -> bool:
    numbers = [len(np.unique(pictures[said == each])) for each in range(classes)]
    return sum(number >= LEAST_PICTURES for number in numbers) > 1


def _strongest(material: Material, view: LabelView, about: Disagreement) -> list[Differing]:
    """The posts whose caption and picture are both sure, and not at one."""
    arrays = material.arrays
    sides = {
        "sentiment": (arrays.caption_sentiment, arrays.image_sentiment),
        "topics": (arrays.caption_topics, arrays.image_topics),
    }[about]
    sure = np.minimum(*(np.nan_to_num(side, nan=0).max(axis=1, initial=0) for side in sides))
    rows = np.flatnonzero(view.disagreement(about))
    best = rows[np.argsort(-sure[rows], kind="stable")]
    _, first = np.unique(material.pictures[best], return_index=True)  # each picture once
    return [_facts_of(material, view, row) for row in best[np.sort(first)][:_SHOWN].tolist()]


def _facts_of(material: Material, view: LabelView, row: int) -> Differing:
    post, labels = material.posts[row], view.labels(row)
    return {
        "post_id": post.post_id,
        "image_id": post.image_id,
        "caption": post.caption,
        "said": {
            CAPTIONS: _said(labels.caption_sentiment.name, labels.caption_topics.names),
            PICTURES: _said(labels.image_sentiment.name, labels.image_topics.names),
            BOTH: _said(labels.sentiment.name, labels.topics.names),
        },
    }


def _said(sentiment: str | None, topics: list[str]) -> Said:
    return {"sentiment": sentiment, "topics": topics}


def _corrected(material: Material, view: LabelView, overrides: Overrides) -> dict[str, Corrected]:
    """How often the models had said what people made of the posts they looked at.

    Not an accuracy: people look where something seems wrong.
    """
    corrected = list(enumerate(overrides_of(material.posts, overrides)))
    felt = [(row, said.sentiment) for row, said in corrected if said and said.sentiment]
    about = [(row, set(said.topics)) for row, said in corrected if said and said.topics is not None]
    return {
        "sentiment": {
            "posts": len(felt),
            "alike": sum(view.labels(row).sentiment.name == name for row, name in felt),
        },
        "topics": {
            "posts": len(about),
            "alike": sum(
                set(view.labels(row).topics.names) - {OTHER} == names - {OTHER}
                for row, names in about
            ),
        },
    }
