"""What a question is asked on: one state of the gallery, and what the user filters by."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from retrieval.catalog.filters import EVERYTHING, Filters

if TYPE_CHECKING:
    from langchain_core.language_models.chat_models import BaseChatModel
    from PIL.Image import Image

    from retrieval.search.searcher import Searcher


@dataclass(frozen=True, slots=True)
class Scope:
    """Runtime context of an answer. No model sees it, and none can change it."""

    searcher: Searcher
    filters: Filters = EVERYTHING  # the user's own: ANDed into whatever is looked up
    shown: tuple[str, ...] = ()  # the post_ids that were shown last, in order: "the second"
    picture: Image | None = None  # that the user gave: what is searched for is like it
    brain: BaseChatModel | None = None  # what answers; None: tools alone are asked
