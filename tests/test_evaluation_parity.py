"""What the report scores is what a search shows: the same pictures, scores and order."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest

from retrieval.catalog.filters import Filters
from retrieval.config import Settings
from retrieval.evaluate.arms import BOTH, PICTURES
from retrieval.evaluate.material import Material
from retrieval.evaluate.search import _MEANING, _WORDS, _Search
from retrieval.gallery.generation import Generation
from retrieval.gallery.stored_encoders import stored_encoders
from retrieval.labels.overrides import Overrides
from retrieval.labels.view import LabelView
from retrieval.search.query import Query, Term
from retrieval.search.searcher import Options, Searcher
from tests.data import needs_shared_data
from tests.evaluated import COLOURS, Shown, coloured, gallery_of

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from retrieval.catalog.columns import Columns
    from retrieval.evaluate.search import Scores
    from retrieval.records import Strategy

_WITHIN = 1e-5  # a query is encoded anew, of which the last bits depend on its neighbours


@dataclass(frozen=True)
class AllBut(Filters):
    """Lets every post through but some, as the report holds a query's own caption back."""

    rows: tuple[int, ...] = ()

    def mask(self, columns: Columns) -> NDArray[np.bool_]:
        passing = np.ones(len(columns.created_at), dtype=np.bool_)
        passing[list(self.rows)] = False
        return passing


def check_parity(material: Material, strategies: dict[Strategy, str], most: int = 40) -> None:
    """Ask a searcher what the report asks, and compare every picture that it ranks."""
    generation = material.generation
    task = _Search(material)
    compared = task._compared(generation, task._queries, task._own_captions)
    scores = task._ways(compared)
    view = LabelView.of(generation, Overrides({}))
    searcher = Searcher(generation, view, material.image_encoder, material.caption_encoder)
    for place in range(0, len(task.asked), max(1, len(task.asked) // most)):
        held_back = generation.caption_posts[task._own_captions[place]].tolist()
        query = Query((Term(task._queries[place].words),))
        for strategy, arm in strategies.items():
            options = Options(strategy, cutoff=False, collapse=False)
            check_one(searcher, query, AllBut(rows=tuple(held_back)), options, scores[arm][place])


def check_one(
    searcher: Searcher, query: Query, filters: Filters, options: Options, scores: Scores
) -> None:
    ids = searcher.generation.image_ids
    (found,) = searcher.search([query], len(ids), filters, options)
    rows = [ids.index(hit.image_id) for hit in found.hits]
    shown = [hit.score for hit in found.hits]
    assert shown == pytest.approx(scores[rows].tolist(), abs=_WITHIN)
    assert (np.diff(scores[rows]) <= _WITHIN).all()  # best first
    left_out = np.setdiff1d(np.arange(len(ids)), rows)
    if options.strategy == "caption":  # lists what has a caption
        left_out = np.intersect1d(left_out, searcher.generation.caption_pictures)
    assert options.strategy in ("caption", "words") or not len(left_out)
    assert (scores[left_out] == 0).all()  # `words` lists what has some of them


def shown(*, described: bool) -> list[Shown]:
    """Pictures of three colours with captions that share words; one without a caption."""
    colours = list(COLOURS)
    pictures = [
        Shown(
            coloured(colours[place % 3]),
            [f"{colours[place % 3]} wall {place}", f"alpha{place % 5} house", f"so {place}"],
            description=f"a {colours[place % 2]} thing {place}" if described else None,
        )
        for place in range(12)
    ]
    copied = Shown(coloured("red"), ["the same", "the same", "another"])
    return [*pictures, copied, Shown(coloured("blue"), [""])]


ALL: dict[Strategy, str] = {"hybrid": BOTH, "image": PICTURES, "caption": _MEANING, "words": _WORDS}


def test_the_report_ranks_as_a_search_does(tmp_path: Path) -> None:
    check_parity(gallery_of(shown(described=False), tmp_path), ALL)


def test_it_does_so_with_descriptions_as_well(tmp_path: Path) -> None:
    # Captions by meaning are a baseline that leaves descriptions out, unlike the strategy.
    strategies: dict[Strategy, str] = {"hybrid": BOTH, "image": PICTURES}
    check_parity(gallery_of(shown(described=True), tmp_path), strategies)


def test_descriptions_do_change_the_ranking(tmp_path: Path) -> None:
    with_, without = (
        _Search(gallery_of(shown(described=described), tmp_path / str(described)))
        for described in (True, False)
    )
    first, second = (
        task._sides(task._compared(task._generation, task._queries, task._own_captions))
        for task in (with_, without)
    )
    assert not np.allclose(first[BOTH], second[BOTH])
    assert np.allclose(first["captions only"], second["captions only"])


def opened(chroma_dir: Path) -> Material:
    generation, cache = Generation.open(chroma_dir), Settings.from_environment().cache_dir
    return Material(generation, *stored_encoders(generation.manifest.encoders, cache), cache)


@pytest.mark.slow
def test_it_does_so_with_the_packaged_encoder(sample_gallery: Path) -> None:
    check_parity(opened(sample_gallery), ALL)


@pytest.mark.slow
@needs_shared_data
def test_it_does_so_on_a_hundred_pictures(final_gallery: Path) -> None:
    check_parity(opened(final_gallery), ALL)


def test_captions_taken_away_in_memory_are_as_if_they_had_never_been(tmp_path: Path) -> None:
    three = gallery_of(shown(described=False), tmp_path / "three")
    task = _Search(three)
    first, _, rest = task._first_second_rest
    kept = set(task._owners[first].tolist())
    assert kept == set(range(12))  # the copied picture has two captions, the last one none
    one = gallery_of(
        [
            Shown(each.vector, each.captions[:1] if row in kept else [""])
            for row, each in enumerate(shown(described=False))
        ],
        tmp_path / "one",
    )
    queries = task._asking(rest)
    ours = task._compared(task._with_captions(first), queries).shipped
    theirs = _Search(one)._compared(one.generation, queries).shipped
    for name, values in ours._asdict().items():
        assert np.allclose(values, getattr(theirs, name), equal_nan=True), name
