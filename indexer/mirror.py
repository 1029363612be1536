"""Tells Chroma which labels hold: its metadata are for everyone who reads them there.

Searches do not wait for that: they read the published labels and the corrections themselves.
"""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING

from retrieval.gallery.chroma import open_collections
from retrieval.gallery.generation import Generation
from retrieval.labels.overrides import key_of
from retrieval.labels.view import LabelView

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from retrieval.gallery.chroma import Collections
    from retrieval.gallery.manifest import Encoders, Manifest
    from retrieval.labels.overrides import Overrides


@contextmanager
def opened_collections(chroma_dir: Path, encoders: Encoders) -> Iterator[Collections]:
    """Chroma's collections, closed again afterwards. Hold the writer's lock meanwhile."""
    collections = open_collections(chroma_dir, encoders)
    try:
        yield collections
    finally:
        collections.close()


def tell_chroma(
    collections: Collections, chroma_dir: Path, manifest: Manifest, overrides: Overrides
) -> Manifest:
    """Bring Chroma's metadata to the published labels and these corrections, where it has others.

    Writes and returns the manifest, which says from then on that Chroma has them.
    """
    assert manifest.labels is not None, "a published generation has labels"
    digest, lines = manifest.labels.digest, len(overrides.ever)
    if (manifest.chroma_labels, manifest.chroma_overrides) == (digest, lines):
        return manifest
    generation = Generation.open(chroma_dir)
    view, posts = LabelView.of(generation, overrides), generation.posts()
    rows = range(len(posts))
    if manifest.chroma_labels == digest and manifest.chroma_overrides < lines:
        said = set(overrides.ever[manifest.chroma_overrides :])  # nothing else is new
        told = [(posts[row], view.labels(row)) for row in rows if key_of(posts[row]) in said]
    else:
        told = [(posts[row], view.labels(row)) for row in rows]
        pictures = generation.pictures()
        first = {post.image_id: (post, labels) for post, labels in reversed(told)}
        collections.update_pictures([(pictures[i], *about) for i, about in first.items()])
    collections.update_captions([each for each in told if each[0].has_caption])
    manifest = replace(manifest, chroma_labels=digest, chroma_overrides=lines)
    manifest.write(chroma_dir)
    return manifest
