"""Every reader of what users hand over, each with a maker of input as it should not be.

A case has to end in an answer, in a skip that says why, or in one of the project's own errors, in
one line that names the thing. `tests/test_fuzzed_input.py` takes a few hundred cases,
`benchmarks/fuzz.py` any number.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from random import Random

from tests.fuzzing import gallery, handed_over, pictures, sources, typed
from tests.fuzzing.case import File, Kind

KINDS: Mapping[str, Kind] = {
    **sources.KINDS,
    **typed.KINDS,
    **gallery.KINDS,
    **pictures.KINDS,
    **handed_over.KINDS,
}


def cases(name: str, seed: int, first: int, end: int) -> Iterator[tuple[int, File]]:
    """The cases of a kind with these numbers: the same for the same seed."""
    for case in range(first, end):
        yield case, KINDS[name].make(Random(f"{seed}/{name}/{case}"))
