"""Doing several things at once, where most of each is waiting or work outside of Python."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable


def side_by_side(*calls: Callable[[], Any]) -> list[Any]:
    """What the calls return, in their order; the last is made in this thread.

    All are waited for, also where one fails.
    """
    *others, mine = calls
    with ThreadPoolExecutor(max(1, len(others))) as threads:
        started = [threads.submit(call) for call in others]
        result = mine()
        return [*(each.result() for each in started), result]
