"""Where pictures lie on the map, and which a box holds."""

from __future__ import annotations

import time
from threading import Event

import numpy as np
import pytest
from numpy.typing import NDArray

from chat_app.picture_map import (
    Box,
    PictureMap,
    evenly,
    neighbour_places,
    principal_places,
)


def test_the_map_shows_the_plane_in_which_pictures_differ_most() -> None:
    random = np.random.default_rng(0)
    spread = np.zeros((200, 16), dtype=np.float32)
    spread[:, 3] = random.normal(size=200) * 5
    spread[:, 7] = random.normal(size=200) * 2
    spread += random.normal(size=spread.shape).astype(np.float32) * 0.01
    places = principal_places(spread)
    assert places.shape == (200, 2)
    assert np.abs(places).max() <= 1
    for axis, column in enumerate((3, 7)):
        assert abs(np.corrcoef(places[:, axis], spread[:, column])[0, 1]) > 0.99


def test_the_map_of_a_gallery_is_the_same_every_time() -> None:
    vectors = np.random.default_rng(1).normal(size=(50, 8)).astype(np.float32)
    assert (principal_places(vectors) == principal_places(vectors.copy())).all()


def test_few_or_equal_pictures_are_no_trouble() -> None:
    for count in (0, 1, 2, 5):
        places = principal_places(np.ones((count, 8), dtype=np.float32))
        assert places.shape == (count, 2)
        assert np.isfinite(places).all()


def test_a_box_holds_what_lies_in_it_edges_included() -> None:
    places = np.array([[0, 0], [0.5, 0.5], [0.51, 0], [-1, 1]], dtype=np.float32)
    assert Box(0, 0.5, 0, 0.5).holds(places).tolist() == [True, True, False, False]


def test_a_box_can_be_made_smaller_and_not_larger() -> None:
    assert Box(-2, 0.5, 0, 3).within(Box(-1, 1, -1, 1)) == Box(-1, 0.5, 0, 1)
    assert Box(1.01, 1.02, 0, 1).within(Box(-1, 1, -1, 1)) == Box(1, 1, 0, 1)
    assert Box.around(np.array([[0, 3], [1, 2]], dtype=np.float32)) == Box(0, 1, 2, 3)
    assert str(Box(-0.0001, 0.12345, 0, 1).rounded().left) == "0.0"


def groups(count: int) -> NDArray[np.float32]:
    """Unit vectors in three groups, in turn."""
    random = np.random.default_rng(2)
    vectors = np.eye(16)[np.arange(count) % 3] + random.normal(size=(count, 16)) * 0.03
    unit = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
    return np.asarray(unit, dtype=np.float32)


@pytest.mark.slow
def test_neighbours_lie_together_the_same_every_time(monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("umap")
    vectors = groups(90)
    places = neighbour_places(vectors)
    assert places.shape == (90, 2)
    assert np.abs(places).max() <= 1
    middles = np.array([places[group::3].mean(axis=0) for group in range(3)])
    nearest = np.linalg.norm(places[:, None] - middles, axis=2).argmin(axis=1)
    assert (nearest == np.arange(90) % 3).all()
    assert (neighbour_places(vectors) == places).all()

    monkeypatch.setattr("chat_app.picture_map.MOST_DRAWN", 60)
    some = neighbour_places(vectors)
    placed = evenly(90, 60)
    others = np.setdiff1d(np.arange(90), placed)
    for row in others:
        assert (some[row] == some[placed[(vectors[placed] @ vectors[row]).argmax()]]).all()


def test_two_generations_never_share_places(monkeypatch: pytest.MonkeyPatch) -> None:
    may_end = Event()

    def slowly(vectors: NDArray[np.float32]) -> NDArray[np.float32]:
        assert may_end.wait(60)
        return vectors[:, :2]

    monkeypatch.setattr("chat_app.picture_map.find_spec", lambda name: True)
    monkeypatch.setattr("chat_app.picture_map.neighbour_places", slowly)
    older, newer = groups(30), groups(40)
    maps = [PictureMap(older), PictureMap(newer)]
    assert [each.is_at_work for each in maps] == [True, True]
    assert [each.places("neighbours") for each in maps] == [None, None]
    assert maps[1].places("directions") is not None
    may_end.set()
    end = time.monotonic() + 60
    while any(each.is_at_work for each in maps) and time.monotonic() < end:
        time.sleep(0.01)
    for each, vectors in zip(maps, (older, newer), strict=True):
        places = each.places("neighbours")
        assert places is not None
        assert (places == vectors[:, :2]).all()


def test_few_pictures_have_no_map_by_neighbours(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("chat_app.picture_map.find_spec", lambda name: True)
    assert not PictureMap(groups(15)).is_at_work


def test_points_are_drawn_at_equal_distances() -> None:
    assert evenly(5, 10).tolist() == [0, 1, 2, 3, 4]
    assert evenly(1_000_001, 3).tolist() == [0, 500_000, 1_000_000]
    assert evenly(0, 3).tolist() == []
