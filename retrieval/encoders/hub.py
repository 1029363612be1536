"""The Hugging Face hub: whether it is in reach, and fetching a model's files from it."""

from __future__ import annotations

import http.client
import re
import urllib.request
from pathlib import Path
from typing import TYPE_CHECKING

from retrieval.encoders.weights import sha256_of
from retrieval.errors import WeightsUnavailable
from retrieval.files import real_path

if TYPE_CHECKING:
    from collections.abc import Sequence

_TIMEOUT = 3  # seconds; a build should not wait long to learn that it is offline
_SHA256 = re.compile(r"[0-9a-f]{64}")


def hub_is_reachable() -> bool:
    """Whether the hub answers, within a few seconds; never when told to stay offline."""
    from huggingface_hub import constants

    if constants.HF_HUB_OFFLINE:
        return False
    request = urllib.request.Request(constants.ENDPOINT, method="HEAD")  # noqa: S310 https or the user's own endpoint
    try:
        with urllib.request.urlopen(request, timeout=_TIMEOUT):  # noqa: S310
            return True
    except (OSError, ValueError, http.client.HTTPException):  # URLError is an OSError
        return False


def fetch_file(what: str, repository: str, names: Sequence[str], *, instead: str) -> Path:
    """The first of these files that the repository has, in the hub's cache.

    Shows a progress bar, and goes on where a download was interrupted. `what` and `instead` are
    for the error: what is fetched, and what may be given in its place.

    Raises:
        WeightsUnavailable: it is not to be had.

    """
    if not hub_is_reachable():  # else the hub's library tries for a minute
        raise not_fetched(what, _unreachable(), instead)
    from huggingface_hub import hf_hub_download
    from huggingface_hub.errors import RemoteEntryNotFoundError

    for name in names:
        try:
            return Path(hf_hub_download(repository, name))
        except RemoteEntryNotFoundError:
            continue
        except Exception as error:  # the hub's, the disk's, or of httpx or httpx2 by version
            raise not_fetched(what, _reason(error), instead) from error
    raise not_fetched(what, f"{repository} has none of {', '.join(names)}", instead)


def fetch_folder(
    kind: str, name: str, patterns: Sequence[str], *, instead: str, or_cached: bool = True
) -> Path:
    """A model's folder in the hub's cache, with all its files of these patterns.

    As `fetch_file`. Where the hub is out of reach, what its cache has of the model will do, unless
    `or_cached` says otherwise.

    Raises:
        WeightsUnavailable: it is not to be had.

    """
    from huggingface_hub import snapshot_download

    what = f"{kind} {name!r} is not a folder here, and"
    online = hub_is_reachable()
    if not (online or or_cached):
        raise not_fetched(what, _unreachable(), instead)
    try:
        return Path(
            snapshot_download(name, allow_patterns=list(patterns), local_files_only=not online)
        )
    except Exception as error:  # the hub's, the disk's, or of httpx or httpx2 by version
        raise not_fetched(what, _reason(error), instead) from error


def not_fetched(what: str, reason: str, instead: str) -> WeightsUnavailable:
    """The error about something that the hub does not give."""
    return WeightsUnavailable(
        f"{what} cannot be fetched from the Hugging Face hub: {reason}, or {instead}"
    )


def _unreachable() -> str:
    from huggingface_hub import constants

    if constants.HF_HUB_OFFLINE:
        return "HF_HUB_OFFLINE forbids asking it; unset that and run this again"
    return "it cannot be reached; run this again where it can (a download goes on where it stopped)"


def _reason(error: Exception) -> str:
    """Why, and what to do about it, in words rather than by the name of a class."""
    from huggingface_hub.errors import (
        GatedRepoError,
        HFValidationError,
        LocalEntryNotFoundError,
        RepositoryNotFoundError,
    )

    if isinstance(error, LocalEntryNotFoundError):
        return _unreachable()
    if isinstance(error, HFValidationError):
        return "no name there looks like that; write it as OWNER/NAME"
    if isinstance(error, GatedRepoError):
        return "its owner wants terms accepted first; accept them there and log in"
    if isinstance(error, RepositoryNotFoundError):
        return "it has no such model; check the name"
    text = str(error).strip().partition("\n")[0] or type(error).__name__
    return f"{text}; run this again, which goes on where it stopped"


def undamaged(path: Path, cache_dir: Path | None = None) -> Path:
    """Return a file of the hub's cache if its content is what the hub has.

    With `cache_dir` as `sha256_of`: a file that has not changed since is not read again.

    Raises:
        WeightsUnavailable: it is something else.

    """
    # The cache links to a blob, which for a large file is named by its SHA-256.
    blob = path.parent / path.readlink() if path.is_symlink() else path
    if _SHA256.fullmatch(blob.name) and sha256_of(path, cache_dir) != blob.name:
        raise WeightsUnavailable(
            f"{real_path(blob)} is damaged: its content is not what the hub has; "
            "delete it and run again"
        )
    return path
