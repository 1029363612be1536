"""The gallery as it is published now, for programs that stay open while builds go on."""

from __future__ import annotations

from threading import Lock
from typing import TYPE_CHECKING

from retrieval.gallery.generation import Generation
from retrieval.gallery.layout import generation_dir
from retrieval.gallery.manifest import read_manifest
from retrieval.gallery.stored_encoders import stored_encoders
from retrieval.labels.overrides import overrides_state, read_overrides
from retrieval.labels.view import LabelView
from retrieval.search.searcher import Searcher

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from retrieval.encoders.base import CaptionEncoder, ImageEncoder
    from retrieval.gallery.manifest import Encoders

    OpenEncoders = Callable[[Encoders, Path], tuple[ImageEncoder, CaptionEncoder]]


class Reader:
    """Opens the gallery, and opens it again when there is something newer. Safe to share."""

    def __init__(
        self, chroma_dir: Path, cache_dir: Path, open_encoders: OpenEncoders = stored_encoders
    ) -> None:
        self._chroma_dir = chroma_dir
        self._cache_dir = cache_dir
        self._open_encoders = open_encoders
        self._lock = Lock()
        self._opened: Searcher | None = None
        self._published = (0, 0)
        self._corrected = 0  # the state of the corrections that are in it
        self._encoders: tuple[Encoders, tuple[ImageEncoder, CaptionEncoder]] | None = None

    def searcher(self) -> Searcher:
        """A searcher of the newest generation with the newest corrections.

        One that was handed out before goes on answering from what it was opened on.

        Raises:
            NoGallery: there is no gallery, or nothing has been published yet.
            GalleryDamaged: its files cannot be read.
            SchemaMismatch: it was written by another version of this program.
            WeightsUnavailable: the weights of its encoders are not here.
            EncoderMismatch: they are others now than when the gallery was built.

        """
        with self._lock:
            published = _published(self._chroma_dir)
            corrected = overrides_state(self._chroma_dir)
            opened = self._opened
            if opened is None or published != self._published:
                opened = self._open(Generation.open(self._chroma_dir))
            elif corrected != self._corrected:
                opened = opened.relabelled(self._labels(opened.generation))
            self._opened, self._published, self._corrected = opened, published, corrected
            return opened

    def _open(self, generation: Generation) -> Searcher:
        stored = generation.manifest.encoders
        if self._encoders is None or self._encoders[0] != stored:
            self._encoders = stored, self._open_encoders(stored, self._cache_dir)
        return Searcher(generation, self._labels(generation), *self._encoders[1])

    def _labels(self, generation: Generation) -> LabelView:
        return LabelView.of(generation, read_overrides(self._chroma_dir))


def _published(chroma_dir: Path) -> tuple[int, int]:
    """The number of the generation, and when its folder was made.

    A gallery that was deleted and built anew counts from 1 again.
    """
    number = read_manifest(chroma_dir).generation
    try:
        made = generation_dir(chroma_dir, number).stat().st_mtime_ns
    except OSError:  # swept meanwhile: a newer one is published
        made = 0
    return number, made
