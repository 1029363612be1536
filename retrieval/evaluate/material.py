"""What an evaluation works on: the posts of one generation, their labels and their vectors."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from retrieval.evaluate.statistics import RESAMPLES, crossed_resamples, resamples
from retrieval.labels.fusion import load_fusion
from retrieval.labels.labeller import Labeller, choose_labeller

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    from retrieval.encoders.base import CaptionEncoder, ImageEncoder, Vectors
    from retrieval.gallery.generation import Generation
    from retrieval.gallery.stored_labels import LabelArrays, LabelRecord
    from retrieval.labels.fusion import Fusion
    from retrieval.records import Post


class Material:
    """One generation, with the models that labelled it. What people corrected is left out."""

    def __init__(
        self,
        generation: Generation,
        image_encoder: ImageEncoder,
        caption_encoder: CaptionEncoder,
        cache_dir: Path,
        times: int = RESAMPLES,
    ) -> None:
        self.generation = generation
        self.image_encoder = image_encoder
        self.caption_encoder = caption_encoder
        self.cache_dir = cache_dir
        self._times = times

    def draws(self, pictures: int) -> NDArray[np.float64]:
        """Shape (resamples, pictures): how often each picture is drawn."""
        return resamples(pictures, self._times)

    def crossed_draws(self, sides: NDArray[np.int64]) -> NDArray[np.float64]:
        """Shape (resamples, pairs): how often each pair of things is drawn."""
        return crossed_resamples(sides, self._times)

    @cached_property
    def posts(self) -> list[Post]:
        """Every post, in the order of the catalog."""
        return self.generation.posts()

    @cached_property
    def pictures(self) -> NDArray[np.int64]:
        """Shape (posts,): the row of each post's picture."""
        return self.generation.picture_rows

    @property
    def arrays(self) -> LabelArrays:
        """The scores of every post, by the models alone."""
        return self.generation.labels

    @property
    def record(self) -> LabelRecord:
        """What made the labels."""
        record = self.generation.manifest.labels
        assert record is not None, "a published generation has labels"
        return record

    def corpora(self, rows: Iterable[int]) -> list[str]:
        """The kinds of sources that some posts are from, sorted."""
        return sorted({self.posts[row].source.partition(":")[0] for row in rows})

    @property
    def topic_titles(self) -> dict[str, str]:
        """How people call each topic, by its name."""
        return dict(self.record.topics)

    @property
    def fusion(self) -> Fusion:
        """How caption and picture are weighed."""
        return load_fusion()

    def caption_vectors(self, rows: NDArray[np.int64]) -> Vectors:
        """The vectors of the captions of some posts, all of which have one."""
        vectors: Vectors = np.asarray(self.generation.caption_vectors)[
            self.generation.caption_rows[rows]
        ]
        return vectors

    @cached_property
    def labeller(self) -> Labeller:
        """The models that labelled the gallery."""
        return choose_labeller(
            None,
            None,
            self.record,
            self.image_encoder,
            self.caption_encoder,
            cache_dir=self.cache_dir,
        )

    def labels_of(self, captions: Sequence[str], rows: NDArray[np.int64]) -> LabelArrays:
        """The labels that some posts would have with other captions; an empty one is none."""
        captioned = [caption for caption in captions if caption.strip()]
        vectors = self.caption_encoder.encode_texts(captioned)
        read = iter(self.labeller.read(captioned, vectors))
        readings = [next(read) if caption.strip() else None for caption in captions]
        images = np.asarray(self.generation.image_vectors)
        return self.labeller.label(captions, readings, vectors, images, self.pictures[rows])


def most_changed(gain: NDArray[np.float64], pictures: NDArray[np.int64], shown: int) -> list[int]:
    """The rows with most gain, best first, then those with most loss; each picture once."""
    order = np.argsort(-gain, kind="stable")
    seen: set[int] = set()
    chosen: list[int] = []
    for side in (order[gain[order] > 0], order[::-1][gain[order[::-1]] < 0]):
        fresh: list[int] = []
        for row in side.tolist():
            if len(fresh) < shown and int(pictures[row]) not in seen:
                seen.add(int(pictures[row]))
                fresh.append(row)
        chosen += fresh
    return chosen
