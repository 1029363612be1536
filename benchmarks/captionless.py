"""How often plainly visible things are found, the fewer captions there are.

    python benchmarks/captionless.py COCO_DIR

COCO_DIR holds annotations/captions_*.json with instances_*.json beside them, and a folder of
pictures for each. Three galleries are made of the same pictures: `onecap` with the first caption of
each, `mixed` with that of every other picture, `nocap` without any. The queries are the names of
COCO's categories that cover 2 % of some picture or more; right is a picture in which the category
was marked at all. Searched as the plain command does. For `nocap`, all captions are queries for
their own picture as well.
"""

from __future__ import annotations

import csv
import sys
import tempfile
from pathlib import Path
from typing import NamedTuple

from indexer.build import BuildOptions, build
from indexer.sources.base import SourcePost, SourceRequest
from indexer.sources.coco import CocoReader
from retrieval.config import Settings
from retrieval.progress import Progress
from retrieval.search.query import parse_query
from retrieval.search.reader import Reader
from retrieval.search.searcher import Options, Searcher

K = 10  # pictures shown, as the command's default
PLAIN = 0.02  # the share of a picture that a thing covers, for people to say it is there


class Pictures(NamedTuple):
    """Every picture's captions, and the categories marked in it with the share they cover."""

    captions: dict[Path, list[str]]
    areas: dict[Path, dict[str, float]]

    @property
    def categories(self) -> list[str]:
        """Those that are plain in some picture."""
        found = {name for areas in self.areas.values() for name, a in areas.items() if a >= PLAIN}
        return sorted(found)


class Score(NamedTuple):
    """Over all categories."""

    missed: float  # share of queries with nothing right shown
    empty: float  # share of queries with nothing shown
    precision: float  # right ones among all that is shown


def read(folder: Path) -> Pictures:
    """All pictures of the folder."""
    pictures = Pictures({}, {})
    for file in sorted(folder.glob("annotations/captions_*.json")):
        for post in CocoReader().read(SourceRequest(file)).posts:
            path = post.root / post.image_path
            pictures.captions.setdefault(path, []).append(post.caption or "")
            pictures.areas[path] = _areas(post)
    return pictures


def _areas(post: SourcePost) -> dict[str, float]:
    objects = post.truth.objects if post.truth else None
    return {seen.category: seen.area for seen in objects or ()}


def gallery(pictures: Pictures, captioned: str, folder: Path) -> Searcher:
    """A gallery of all pictures: with captions in `onecap`, half of them in `mixed`."""
    table = folder / f"{captioned}.csv"
    with table.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(["image", "caption"])
        for place, (path, captions) in enumerate(pictures.captions.items()):
            told = captioned == "onecap" or (captioned == "mixed" and place % 2 == 0)
            writer.writerow([path, captions[0] if told else ""])
    settings = Settings.from_environment()
    chroma_dir = folder / captioned
    roots = tuple({path.parent for path in pictures.captions})
    build(
        SourceRequest(table, image_roots=roots),
        BuildOptions(chroma_dir, settings.cache_dir, clip="packaged"),
        Progress(),
    )
    return Reader(chroma_dir, settings.cache_dir).searcher()


def found(searcher: Searcher, queries: list[str], options: Options) -> list[list[Path]]:
    """The pictures shown for each query, best first."""
    answers = searcher.search([parse_query(text) for text in queries], K, options=options)
    return [
        [Path(hit.posts[0].root, hit.posts[0].image_path) for hit in answer.hits]
        for answer in answers
    ]


def score(searcher: Searcher, pictures: Pictures, options: Options) -> Score:
    """Of the categories as queries."""
    names = pictures.categories
    shown = found(searcher, names, options)
    right = [
        [name in pictures.areas[path] for path in paths]
        for name, paths in zip(names, shown, strict=True)
    ]
    return Score(
        missed=sum(not any(each) for each in right) / len(names),
        empty=sum(not each for each in right) / len(names),
        precision=sum(map(sum, right)) / max(1, sum(map(len, right))),
    )


def recalls(searcher: Searcher, pictures: Pictures) -> tuple[float, float]:
    """R@1 and R@5 of every caption as a query for its own picture."""
    own = [(text, path) for path, texts in pictures.captions.items() for text in texts]
    shown = found(searcher, [_plain(text) for text, _ in own], Options())
    hits = [
        paths.index(path) if path in paths else K
        for (_, path), paths in zip(own, shown, strict=True)
    ]
    return tuple(sum(rank < k for rank in hits) / len(own) for k in (1, 5))  # type: ignore[return-value]


def _plain(caption: str) -> str:
    """A caption as a query: a minus or a hat in it is no operator."""
    return caption.replace("-", " ").replace("^", " ").replace('"', "")


def main(folder: Path) -> None:
    """Print a line a gallery."""
    pictures = read(folder)
    print(f"{len(pictures.captions)} pictures, {len(pictures.categories)} categories")
    print("gallery  missed  empty  precision   missed without the cut-off")
    with tempfile.TemporaryDirectory() as made:
        for captioned in ("onecap", "mixed", "nocap"):
            searcher = gallery(pictures, captioned, Path(made))
            plain, uncut = (score(searcher, pictures, Options(cutoff=c)) for c in (True, False))
            print(
                f"{captioned:7}  {plain.missed:6.2f}  {plain.empty:5.2f}  {plain.precision:9.2f}"
                f"  {uncut.missed:7.2f}"
            )
        first, five = recalls(searcher, pictures)
    print(f"nocap, captions as queries: R@1 {first:.3f}, R@5 {five:.3f}")


if __name__ == "__main__":
    main(Path(sys.argv[1]).resolve())
