"""What a question is asked on: one state of the gallery, and what the user filters by."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from retrieval.catalog.filters import EVERYTHING, Filters

if TYPE_CHECKING:
    from langchain_core.language_models.chat_models import BaseChatModel

    from retrieval.search.searcher import Searcher


@dataclass(frozen=True, slots=True)
class Scope:
    """Runtime context of an answer. No model sees it, and none can change it."""

    searcher: Searcher
    brain: BaseChatModel  # what answers: a language model, or the planner
    filters: Filters = EVERYTHING  # the user's own: ANDed into whatever is looked up
    shown: tuple[str, ...] = ()  # the pictures that were shown last, by image_id: "the second"
