"""Arrays that can be made again, kept in the user's cache folder because that takes seconds."""

from __future__ import annotations

import hashlib
import io
import zipfile
from contextlib import suppress
from typing import TYPE_CHECKING

import numpy as np

from retrieval.files import write_atomically

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from numpy.typing import NDArray

    Arrays = dict[str, NDArray[np.float32]]


def cached_arrays(cache_dir: Path, key: tuple[str, ...], make: Callable[[], Arrays]) -> Arrays:
    """Arrays that depend on nothing but the key: from the cache, or made and kept there.

    The key's first part names the file. A cache that cannot be read or written only costs time.
    """
    digest = hashlib.sha256("\0".join(key).encode()).hexdigest()[:16]
    path = cache_dir / "labels" / f"{key[0]}-{digest}.npz"
    with suppress(OSError, ValueError, EOFError, zipfile.BadZipFile), np.load(path) as arrays:
        return dict(arrays)
    made = make()
    content = io.BytesIO()
    np.savez(content, **made)  # type: ignore[arg-type]
    with suppress(OSError):
        path.parent.mkdir(parents=True, exist_ok=True)
        write_atomically(path, content.getvalue())
    return made
