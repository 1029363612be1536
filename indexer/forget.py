"""Takes a source's posts out of the gallery again."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from indexer.describe import forget_descriptions
from indexer.missing import list_missing
from indexer.plan import files_of
from indexer.sources.base import SourceReading
from indexer.writer import interrupted_rebuild, open_writer
from retrieval.errors import BadOption, GalleryLocked
from retrieval.files import expanded, real_path
from retrieval.gallery.manifest import read_manifest
from retrieval.gallery.stored_encoders import stored_encoders
from retrieval.labels.labeller import choose_labeller
from retrieval.names import composed

if TYPE_CHECKING:
    from pathlib import Path

    from retrieval.progress import Progress


def forget(source: str, chroma_dir: Path, cache_dir: Path, progress: Progress) -> int:
    """Remove a source's posts and how to read it; the picture files are not touched.

    Nothing of what the source held stays in the gallery: the state before is removed as well,
    Chroma is filled anew, and what a machine wrote about its pictures goes. Corrections stay, for
    the day that it is built again.

    `source` is its name as `status` prints it, or its location. Returns how many posts left.

    Raises:
        BadOption: the gallery has no such source; lists those it has.
        GalleryLocked: a rebuild was interrupted and has to be finished first.

    """
    manifest = read_manifest(chroma_dir)
    name = _find(source, list(manifest.sources))
    if interrupted_rebuild(chroma_dir):
        raise GalleryLocked(
            "a rebuild was interrupted; finish it first with: python -m indexer build --rebuild"
        )
    encoders = stored_encoders(manifest.encoders, cache_dir)
    labeller = choose_labeller(None, None, manifest.labels, *encoders, cache_dir=cache_dir)
    opened = partial(open_writer, chroma_dir, manifest.encoders, labeller, progress, rebuild=False)
    with opened() as writer:
        posts = writer.state.posts_of(name)
        files = files_of(posts.values(), writer.state)
        # First what a kill may take in part: the next build makes both again.
        list_missing({name: SourceReading(())}, chroma_dir)
        forget_descriptions(chroma_dir, writer.orphans(posts))
        writer.remove(posts, files, source=name)
    with opened() as writer:  # which makes Chroma anew, as after a kill
        writer.publish()
    return len(posts)


def _find(source: str, known: list[str]) -> str:
    path = expanded(source)
    places = {str(path.absolute()), str(real_path(path))}  # as it is written, or as build knows it
    for as_it_is in (str, composed):  # in another form of Unicode only where that is nobody's
        meant = {as_it_is(each) for each in (source, *places)}
        for name in known:
            if meant & {as_it_is(name), as_it_is(name.partition(":")[2])}:
                return name
    raise BadOption(
        f"the gallery has no source {source!r}; it has: {', '.join(sorted(known)) or 'none'}"
    )
