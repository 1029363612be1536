"""Whatever a user hands over ends in an answer, a skip or one line; and nothing else is touched.

The same few hundred cases at every run; `benchmarks/fuzz.py` takes as many as one likes.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from random import Random

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.fuzzing import KINDS
from tests.fuzzing.case import listing, outcome_of

SLOWEST = 10  # seconds of one case
CASES = 40  # of a kind


@pytest.fixture(scope="module", autouse=True)
def somebodys_home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """A home folder and a working folder that no case may change."""
    home = tmp_path_factory.mktemp("home")
    (home / "Pictures").mkdir()
    (home / "Pictures" / "red.png").write_bytes(b"mine")
    (home / ".env").write_text("OPENAI_MODEL=none\n")
    before = listing(home)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("HOME", str(home))
        patch.chdir(home)
        yield
    assert listing(home) == before


@pytest.mark.filterwarnings("ignore::UserWarning")  # Pillow's, which the product silences
@pytest.mark.parametrize("name", KINDS)
def test_odd_input_ends_in_an_answer_a_skip_or_one_line(name: str) -> None:
    @settings(
        max_examples=CASES,
        derandomize=True,
        database=None,
        suppress_health_check=list(HealthCheck),
    )
    @given(st.randoms(use_true_random=True))  # else half of the cases would be the same few
    def ends_well(random: Random) -> None:
        file = KINDS[name].make(random)
        started = time.process_time()
        outcome_of(KINDS[name], file)
        assert time.process_time() - started < SLOWEST

    ends_well()
