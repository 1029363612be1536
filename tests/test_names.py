from __future__ import annotations

import pytest

from indexer.forget import _find
from retrieval.catalog.flags import _sources
from retrieval.errors import BadOption
from retrieval.labels.taxonomy import topic_named
from retrieval.names import composed, folded

ONE, TWO = "caf\u00e9", "cafe\u0301"  # é as one character, and as two


def test_names_are_one_whatever_their_form_and_case() -> None:
    assert composed(ONE) == composed(TWO)
    assert folded(ONE.upper()) == folded(TWO)
    assert composed("IMG") != composed("img")
    assert folded("\u0130") == folded(folded("\u0130"))


@pytest.mark.parametrize(("kept", "said"), [(ONE, TWO), (TWO, ONE)])
def test_every_name_that_a_user_types_is_found_in_either_form(kept: str, said: str) -> None:
    source = f"folder:/pictures/{kept}"
    assert _find(f"/pictures/{said}", [source]) == source
    assert _find(f"folder:/pictures/{said}", [source]) == source
    assert _sources([said.upper()], [source]) == [source]
    assert topic_named(said.upper(), {"breaks": kept}) == "breaks"


def test_what_is_forgotten_has_to_be_named_in_its_own_case_and_its_own_form_goes_first() -> None:
    both = [f"folder:/pictures/{ONE}", f"folder:/pictures/{TWO}"]
    assert [_find(name, both) for name in both] == both
    with pytest.raises(BadOption, match="the gallery has no source"):
        _find("/Pictures/trip", ["folder:/pictures/trip"])
