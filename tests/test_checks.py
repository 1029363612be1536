"""Posts that the user looks at without predictions: which are drawn, and what is kept of them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from retrieval.errors import BadInput, BadOption
from retrieval.gallery.layout import checks_path
from retrieval.labels.checks import AT_RANDOM, DISAGREEING, Check, draw_posts, read_checks, say_of
from retrieval.labels.overrides import key_of
from retrieval.records import Post

POSTS = [Post(f"p{n}", f"{n:032x}", "s", "/r", f"{n}.jpg", f"caption {n}") for n in range(200)]
DISAGREES = np.arange(200) % 4 == 0
NEVER = np.zeros(200, dtype=np.bool_)


def test_forty_are_drawn_from_all_and_twenty_more_where_sides_disagree(tmp_path: Path) -> None:
    checks = draw_posts(tmp_path, POSTS, DISAGREES, seed=7)
    assert (len(checks.random), len(checks.disagreeing)) == (AT_RANDOM, DISAGREEING)
    assert len(set(checks.drawn)) == AT_RANDOM + DISAGREEING
    rows = {key_of(post): row for row, post in enumerate(POSTS)}
    assert all(DISAGREES[rows[key]] for key in checks.disagreeing)
    assert read_checks(tmp_path) == checks
    assert '"seed": 7' in checks_path(tmp_path).read_text()


def test_a_seed_draws_the_same_again_and_another_other_posts(tmp_path: Path) -> None:
    drawn = []
    for name, seed in (("a", 1), ("b", 1), ("c", 2)):
        (tmp_path / name).mkdir()
        drawn.append(draw_posts(tmp_path / name, POSTS, DISAGREES, seed=seed).drawn)
    assert drawn[0] == drawn[1] != drawn[2]


def test_another_draw_has_other_posts(tmp_path: Path) -> None:
    draw_posts(tmp_path, POSTS, DISAGREES, seed=1)
    twice = draw_posts(tmp_path, POSTS, DISAGREES, seed=1)
    assert len(set(twice.random)) == 2 * AT_RANDOM
    assert len(set(twice.drawn)) == len(twice.drawn)


def test_few_posts_are_all_drawn_and_copies_once(tmp_path: Path) -> None:
    checks = draw_posts(tmp_path, [*POSTS[:5], POSTS[0]], NEVER[:6], seed=1)
    assert sorted(checks.random) == sorted(map(key_of, POSTS[:5]))
    with pytest.raises(BadOption, match="every post is drawn already"):
        draw_posts(tmp_path, POSTS[:5], NEVER[:5], seed=2)
    assert read_checks(tmp_path) == checks


@given(st.integers(min_value=0, max_value=2**32))
def test_every_post_is_as_likely_whatever_its_place(seed: int) -> None:
    """The random part does not look at who disagrees: the same posts with and without."""
    from tempfile import TemporaryDirectory

    with TemporaryDirectory() as one, TemporaryDirectory() as other:
        first = draw_posts(Path(one), POSTS, DISAGREES, seed=seed)
        assert first.random == draw_posts(Path(other), POSTS, NEVER, seed=seed).random


def test_the_last_answer_counts_and_nothing_is_forgotten(tmp_path: Path) -> None:
    checks = draw_posts(tmp_path, POSTS, DISAGREES, seed=1)
    first, second = checks.drawn[:2]
    say_of(tmp_path, first, Check("positive", "neutral", ("animals",)))
    say_of(tmp_path, second, Check())
    say_of(tmp_path, first, Check("negative", None, ()))
    with checks_path(tmp_path).open("a") as file:
        file.write('{"image_id": "00')  # a crash
    say_of(tmp_path, checks.drawn[2], Check("neutral"))
    found = read_checks(tmp_path)
    assert found.drawn == checks.drawn
    assert found.answer(first) == Check("negative", None, ())
    assert found.answer(second) == Check()
    assert found.answer(checks.drawn[2]) == Check("neutral")
    assert found.answer(checks.drawn[3]) is None


@pytest.mark.parametrize(
    "line",
    [
        "[]",
        '{"seed": 1}',
        '{"seed": 1, "of": 1e999, "random": [], "disagreeing": []}',
        '{"seed": ' + "[" * 20_000 + "}",
        '{"seed": 1, "random": [["a"]], "disagreeing": []}',
        '{"image_id": "a", "caption": "b"}',
        '{"image_id": "a", "caption": "b", "sentiment": "great", "picture_sentiment": null,'
        ' "topics": null}',
        '{"image_id": "a", "caption": "b", "sentiment": null, "picture_sentiment": null,'
        ' "topics": [1]}',
    ],
)
def test_a_line_that_says_something_impossible_is_named(tmp_path: Path, line: str) -> None:
    checks_path(tmp_path).write_text(line + "\n")
    with pytest.raises(BadInput, match="line 1: neither a draw nor an answer"):
        read_checks(tmp_path)
