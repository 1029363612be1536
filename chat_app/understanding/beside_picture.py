"""What words mean that come with a picture."""

from __future__ import annotations

from typing import TYPE_CHECKING

from chat_app.arguments import Posts, SearchPosts
from chat_app.understanding import frames
from chat_app.understanding.plan import Plan
from chat_app.understanding.understand import understand

if TYPE_CHECKING:
    from datetime import date

    from chat_app.understanding.plan import Lexicon


def understand_beside_picture(words: str, today: date, lexicon: Lexicon) -> Plan:
    """Which posts to look for among those that come closest to the picture.

    All are more or less like it, so that they cannot be counted, and words that name no posts
    ("more like this", "what is this?") leave nothing but the picture to look for.
    """
    plan = understand(frames.SIMILAR.sub(" ", words), today, lexicon)
    if plan.kind in ("find", "refusal"):
        return plan
    meant = plan.posts.model_dump(include=set(Posts.model_fields)) if plan.posts else {}
    return Plan("find", SearchPosts(**meant))
