"""What all visitors of the page share: the gallery, the assistant, and the loop that answers."""

from __future__ import annotations

from dataclasses import replace
from functools import cached_property
from threading import Lock
from typing import TYPE_CHECKING

from chat_app.building import Building
from chat_app.page.running import Loop
from chat_app.picture_map import PictureMap
from chat_app.reporting import Reporting
from chat_app.uploads import Uploads, uploads_dir
from retrieval.config import Settings
from retrieval.errors import BadOption
from retrieval.labels.overrides import key_of
from retrieval.search.query import parse_query
from retrieval.search.reader import Reader

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from chat_app.turn import Assistant
    from retrieval.endpoint import Endpoint
    from retrieval.labels.overrides import Key
    from retrieval.search.searcher import Searcher


class Shared:
    """One process's gallery and assistant."""

    def __init__(self, settings: Settings) -> None:
        self.chroma_dir: Path = settings.chroma_dir
        self.cache_dir: Path = settings.cache_dir
        self.loop = Loop()
        self.building = Building(settings.chroma_dir)
        self.reporting = Reporting(settings.chroma_dir, settings.reports_dir)
        self.uploads = Uploads(uploads_dir(settings))
        self._settings = settings
        self._reader = Reader(settings.chroma_dir, settings.cache_dir)
        self._lock = Lock()
        self._mapped: tuple[Path, PictureMap] | None = None
        self._rows: tuple[Path, Mapping[Key, int]] | None = None

    def searcher(self) -> Searcher:
        """The newest generation with the newest corrections.

        Raises:
            GalleryError: there is none, or it cannot be read; see `Reader.searcher`.

        """
        return self._reader.searcher()

    def picture_map(self, searcher: Searcher) -> PictureMap:
        """Where the pictures of a generation lie."""
        folder = searcher.generation.folder
        with self._lock:
            if self._mapped is None or self._mapped[0] != folder:
                self._mapped = folder, PictureMap(searcher.generation.image_vectors)
            return self._mapped[1]

    def rows(self, searcher: Searcher) -> Mapping[Key, int]:
        """The row of each post of a generation by what it is known by; of copies, the first."""
        folder = searcher.generation.folder
        with self._lock:
            if self._rows is None or self._rows[0] != folder:
                rows: dict[Key, int] = {}
                for row, post in enumerate(searcher.generation.posts()):
                    rows.setdefault(key_of(post), row)
                self._rows = folder, rows
            return self._rows[1]

    @property
    def endpoint(self) -> Endpoint | None:
        """The language model's, where one is set.

        Raises:
            BadOption: its address or key is not one.

        """
        from chat_app.model import chosen_endpoint

        return chosen_endpoint(self._settings)

    def use_endpoint(self, model: str | None, base_url: str | None, api_key: str | None) -> None:
        """Let another language model answer from now on, or none; nothing is written.

        Raises:
            BadOption: no model is named, or its address or key is not one; nothing changes then.

        """
        from chat_app.model import chosen_endpoint

        if model == "":
            raise BadOption("name a model, as the endpoint calls it")
        settings = replace(
            self._settings,
            openai_model=model,
            openai_base_url=base_url or None,
            openai_api_key=api_key or None,
        )
        chosen_endpoint(settings)
        with self._lock:
            self._settings = settings
            self.__dict__.pop("_assistant", None)

    def assistant(self) -> Assistant:
        """The assistant; the first to ask waits for its libraries.

        Raises:
            BadOption: as `endpoint` does.

        """
        with self._lock:
            return self._assistant

    @cached_property
    def _assistant(self) -> Assistant:
        from chat_app.agent import build_agent
        from chat_app.turn import Assistant

        return Assistant(build_agent(), self.endpoint)

    def warm_up(self) -> None:
        """Load what the first visitor would wait for.

        Raises:
            GalleryError: as `searcher` and `assistant` do.

        """
        self.assistant()
        import altair  # noqa: F401 - the first chart would wait half a second

        self.searcher().search([parse_query("warm")], 1)


_lock = Lock()
_shared: list[Shared] = []


def open_shared(settings: Settings) -> Shared:
    """The process's own, from these settings."""
    with _lock:
        _shared[:] = [Shared(settings)]
        return _shared[0]


def shared() -> Shared:
    """The process's own; from the environment, where nobody opened it before."""
    with _lock:
        if not _shared:
            _shared.append(Shared(Settings.from_environment()))
        return _shared[0]
