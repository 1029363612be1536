"""The encoders that made a gallery's vectors, opened again for its queries."""

from __future__ import annotations

from typing import TYPE_CHECKING

from retrieval.encoders.choose import named_encoder
from retrieval.encoders.sentence import SentenceEncoder
from retrieval.gallery.manifest import check_fingerprints

if TYPE_CHECKING:
    from pathlib import Path

    from retrieval.encoders.base import CaptionEncoder, ImageEncoder
    from retrieval.gallery.manifest import Encoders


def stored_encoders(stored: Encoders, cache_dir: Path) -> tuple[ImageEncoder, CaptionEncoder]:
    """Open a gallery's encoders, on the CPU: queries are small.

    Raises:
        WeightsUnavailable: their weights are not here.
        EncoderMismatch: the weights of that name are others now than when the gallery was built.

    """
    image = named_encoder(stored.image.spec, cache_dir=cache_dir, device="cpu")
    caption = SentenceEncoder(stored.caption.spec, cache_dir=cache_dir)
    check_fingerprints(stored, image.fingerprint, caption.fingerprint)
    return image, caption
