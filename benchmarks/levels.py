"""How often what is there is found, and what is not is claimed, the fewer captions there are.

    python benchmarks/levels.py COCO_DIR

COCO_DIR holds annotations/captions_*.json with instances_*.json beside them, and a folder of
pictures for each. Three galleries are made of the same pictures: `onecap` with the first caption of
each, `mixed` with that of every other picture, `nocap` without any. The queries are the names of
COCO's categories that cover 2 % of some picture or more, and those of data/queries that the bounds
were not chosen by: every other one of each kind. Right is a picture in which one of the categories
was marked at all, or that was judged right by eye. Searched as the plain command does. A query is
asked again with its right pictures left out: then what is shown is wrong. Shares come with Wilson's
95 % intervals. For `nocap`, all captions are queries for their own picture as well.
"""

from __future__ import annotations

import csv
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from indexer.build import BuildOptions, build
from indexer.sources.base import SourcePost, SourceRequest
from indexer.sources.coco import CocoReader
from retrieval.config import Settings
from retrieval.evaluate.statistics import wilson
from retrieval.progress import Progress
from retrieval.search.query import parse_query
from retrieval.search.reader import Reader
from training.relevance import read_queries

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from retrieval.search.searcher import Searcher

K = 10  # pictures shown, as the command's default
EVERY = 10_000
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


class Asked(NamedTuple):
    """A query, and the pictures that are right."""

    text: str
    right: frozenset[Path]


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


def questions(pictures: Pictures) -> dict[str, list[Asked]]:
    """By kind, the queries that have an answer here; and nonsense, which has none."""
    asked = {
        "category": [
            Asked(name, frozenset(path for path, areas in pictures.areas.items() if name in areas))
            for name in pictures.categories
        ]
    }
    ids = {int(path.stem.rpartition("_")[2]): path for path in pictures.areas}
    for kind, queries in read_queries().items():
        found = []
        for query in queries[1::2]:
            marked = {path for path, areas in pictures.areas.items() if query.categories & {*areas}}
            plain = any(
                pictures.areas[path][name] >= PLAIN
                for path in marked
                for name in query.categories & {*pictures.areas[path]}
            )
            right = frozenset(ids[each] for each in query.pictures if each in ids) or marked
            if kind == "nonsense" or query.pictures or plain:
                found.append(Asked(query.text, frozenset(right)))
        if found:
            asked[kind] = found
    return asked


def shown(searcher: Searcher, queries: list[Asked], k: int) -> list[list[tuple[Path, bool]]]:
    """The pictures shown for each query, best first, and whether they are sure."""
    answers = searcher.search([parse_query(each.text) for each in queries], k)
    return [
        [(Path(hit.posts[0].root, hit.posts[0].image_path), hit.sure) for hit in answer.hits]
        for answer in answers
    ]


def lines(searcher: Searcher, asked: dict[str, list[Asked]], name: str) -> Iterator[str]:
    """What is wrong of each kind of query, as rows of a table."""
    for kind, queries in asked.items():
        found = shown(searcher, queries, K)
        pairs = list(zip(queries, found, strict=True))
        if kind == "nonsense":
            sure = [any(sure for _, sure in hits) for hits in found]
            any_ = told(map(bool, found))
            yield f"| {name} | {kind} ({len(queries)}) | | | | {told(sure)} | {any_} |"
            continue
        missed = [not any(path in each.right for path, _ in hits) for each, hits in pairs]
        not_sure = [
            not any(path in each.right for path, sure in hits if sure) for each, hits in pairs
        ]
        right = [path in each.right for each, hits in pairs for path, sure in hits if sure]
        # The same with what is right left out: the first K of the others.
        others = [
            [sure for path, sure in hits if path not in each.right][:K]
            for each, hits in zip(queries, shown(searcher, queries, EVERY), strict=True)
        ]
        precision = f"{sum(right) / max(1, len(right)):.2f}"
        yield (
            f"| {name} | {kind} ({len(queries)}) | {told(missed)} | {told(not_sure)} | {precision} "
            f"| {told(any(each) for each in others)} | {told(bool(each) for each in others)} |"
        )


def told(happens: Iterable[bool]) -> str:
    """A share with its interval."""
    every = list(happens)
    share, low, high = wilson(sum(every), len(every))
    return f"{share:.2f} [{low:.2f}, {high:.2f}]"


def recalls(searcher: Searcher, pictures: Pictures) -> tuple[float, float]:
    """R@1 and R@5 of every caption as a query for its own picture."""
    own = [
        Asked(_plain(text), frozenset({path}))
        for path, texts in pictures.captions.items()
        for text in texts
    ]
    places = [
        next((place for place, (path, _) in enumerate(hits) if path in each.right), K)
        for each, hits in zip(own, shown(searcher, own, K), strict=True)
    ]
    first, five = (sum(place < k for place in places) / len(own) for k in (1, 5))
    return first, five


def _plain(caption: str) -> str:
    """A caption as a query: a minus or a hat in it is no operator."""
    return caption.replace("-", " ").replace("^", " ").replace('"', "")


def main(folder: Path) -> None:
    """Print a table, a row a gallery and kind of query."""
    pictures = read(folder)
    asked = questions(pictures)
    print(f"{len(pictures.captions)} pictures\n")
    print(
        "| gallery | queries (n) | nothing right shown | nothing right is sure | right among the "
        "sure | taken out, or nonsense: something is sure | … something shown |"
    )
    print("|---|---|---|---|---|---|---|")
    with tempfile.TemporaryDirectory() as made:
        for captioned in ("onecap", "mixed", "nocap"):
            searcher = gallery(pictures, captioned, Path(made))
            for line in lines(searcher, asked, captioned):
                print(line)
        first, five = recalls(searcher, pictures)
    print(f"\nnocap, captions as queries: R@1 {first:.3f}, R@5 {five:.3f}")


if __name__ == "__main__":
    main(Path(sys.argv[1]).resolve())
