"""Where pictures lie on the map, and which a box holds."""

from __future__ import annotations

import numpy as np

from chat_app.picture_map import Box, evenly, principal_places


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


def test_points_are_drawn_at_equal_distances() -> None:
    assert evenly(5, 10).tolist() == [0, 1, 2, 3, 4]
    assert evenly(1_000_001, 3).tolist() == [0, 500_000, 1_000_000]
    assert evenly(0, 3).tolist() == []
