"""The mean of many captions' vectors, which pictures and queries are centred on.

Every caption shares a large part of its vector with every other ("this is an English caption").
Subtracting the mean leaves what a caption is about. The numbers in caption_mean.txt are the mean
MiniLM vector of SentiCap's train captions, made by `python -m training.caption_mean`.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

_FILE = Path(__file__).with_suffix(".txt")


@cache
def caption_mean() -> NDArray[np.float32]:
    """Shape (384,), float32: the mean of unit vectors, shorter than 1 itself."""
    return np.loadtxt(_FILE, dtype=np.float32)
