"""Questions in, records out: what the tools do. Nothing here writes or knows of models."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from chat_app.arguments import Posts, SearchPosts, Slice
from chat_app.results import Compared, Counted, Found, Part, Shown, Similar
from retrieval.catalog.dates import parse_month_day
from retrieval.catalog.filters import Filters, date_range
from retrieval.catalog.ordering import in_order
from retrieval.errors import BadOption
from retrieval.labels.taxonomy import topic_named
from retrieval.search.query import Query, parse_query

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from numpy.typing import NDArray
    from PIL.Image import Image

    from chat_app.arguments import Compare, CountPosts, FindSimilar, ShowPost
    from chat_app.scope import Scope
    from retrieval.catalog.columns import Columns
    from retrieval.catalog.ordering import Order
    from retrieval.records import Hit, Post, PostLabels
    from retrieval.search.searcher import Matching

    Rows = NDArray[np.int64]
    Mask = NDArray[np.bool_]

_EXAMPLES = 6  # pictures beside a count
_EXAMPLES_OF_PART = 3


class InGallery(NamedTuple):
    """Some of the pictures that match, and how many there are in all."""

    hits: tuple[Hit, ...]
    sure: int
    less_sure: int


def search(scope: Scope, asked: SearchPosts) -> Found:
    """Find posts: those that surely match, then those that may.

    Raises:
        BadOption: a date, topic, source or query is not one; says what is allowed.

    """
    filters, query = _filters(scope, asked), _query(asked, scope.picture)
    matching = scope.searcher.matching(query, filters)
    posts = _posts_of(scope, matching.sure, filters)
    if asked.order != "relevance":
        hits = _in_order(scope, matching, filters, asked.order, slice(asked.limit))
    else:
        hits = _hits(scope, query, filters, asked.limit)
    found = Found(
        asked,
        hits,
        pictures=len(matching.sure),
        posts=len(posts),
        less_sure=_less_sure(scope, matching, filters),
        sure=bool(len(matching.sure)),
        like_picture=scope.picture is not None,
    )
    if found.sure:
        return found
    held_back = _held_back(scope, asked)
    found = replace(found, held_back=held_back)
    return found if hits or held_back else _with_less_asked(scope, asked, found)


def count(scope: Scope, asked: CountPosts) -> Counted:
    """Count posts.

    Raises:
        BadOption: as `search` does.

    """
    filters, facets = _filters(scope, asked), scope.searcher.facets
    matching = scope.searcher.matching(_query(asked), filters)
    rows = matching.sure
    posts = _posts_of(scope, rows, filters)
    passing = _mask(scope, posts)
    counts: Mapping[str, int] = {}
    pairs: Mapping[str, Mapping[str, int]] = {}
    shares: Mapping[str, int] = {}
    if len(asked.group_by) == 2:
        both = facets.count_pairs(*asked.group_by, passing)
        pairs = {name: line for name, line in both.items() if any(line.values())}
    elif asked.group_by:
        counts = {n: c for n, c in facets.count(asked.group_by[0], passing).items() if c}
        shares = _out_of(scope, asked, tuple(counts))
    every = scope.filters.mask(scope.searcher.columns)
    return Counted(
        asked,
        posts=len(posts),
        of=int(every.sum()),
        counts=counts,
        out_of=shares,
        pairs=pairs,
        examples=tuple(scope.searcher.hits(rows[:_EXAMPLES].tolist(), filters)),
        less_sure=_less_sure(scope, matching, filters),
        held_back=0 if len(posts) else _held_back(scope, asked),
    )


def compare(scope: Scope, asked: Compare) -> Compared:
    """Compare sets of posts.

    Raises:
        BadOption: as `search` does.

    """
    shared = asked.model_dump(exclude={"slices"}, exclude_defaults=True)
    return Compared(asked, tuple(_part(scope, shared, each) for each in asked.slices))


def show(scope: Scope, asked: ShowPost) -> Shown:
    """Everything about one post.

    Raises:
        BadOption: there is none; says which there are.

    """
    return Shown(asked, _meant(scope, asked))


def similar(scope: Scope, asked: FindSimilar) -> Similar:
    """Find pictures like the one of a post.

    Raises:
        BadOption: as `show` does.

    """
    of = _meant(scope, asked)
    (found,) = scope.searcher.search([Query(similar_to=of.image_id)], 8, scope.filters)
    return Similar(asked, of, found.hits)


def every_post(scope: Scope, asked: Posts) -> list[tuple[Post, PostLabels]]:
    """Every post that is asked for, the newest first; undated ones last.

    Raises:
        BadOption: as `search` does.

    """
    filters = _filters(scope, asked)
    pictures = scope.searcher.matching(_query(asked), filters).sure
    rows = in_order(scope.searcher.columns, _posts_of(scope, pictures, filters), "newest")
    return [
        (scope.searcher.generation.post(row), scope.searcher.labels.labels(row))
        for row in rows.tolist()
    ]


def in_gallery(scope: Scope, query: Query, order: Order | None, shown: slice) -> InGallery:
    """Some of all pictures that have to do with a query, and how many there are in all.

    Ordered by their posts, of those that surely match where there are any; None: the best match
    first. Copies among those shown are one.

    Raises:
        BadOption: as `Searcher.search` does.

    """
    matching = scope.searcher.matching(query, scope.filters)
    sure, less_sure = map(len, matching)
    if order is None and not query.is_empty:
        return InGallery(_hits(scope, query, scope.filters, shown.stop)[shown], sure, less_sure)
    hits = _in_order(scope, matching, scope.filters, order or "newest", shown)
    return InGallery(hits, sure, 0 if sure else less_sure)


# --- what posts are meant -------------------------------------------------------------------


def own_filters(columns: Columns, asked: Posts) -> Filters:
    """What is asked for, as filters. Topics can be named by their titles, in any case.

    Raises:
        BadOption: a date is not one.

    """
    since, before = date_range(asked.since, asked.until)
    return Filters(
        sentiments=frozenset(asked.sentiments),
        topics=frozenset(topic_named(name, columns.topic_titles) for name in asked.topics),
        since=since,
        before=before,
        sources=frozenset(asked.sources),
        has_caption=asked.has_caption,
        disagreement=asked.disagreement,
        month_day=None if asked.month_day is None else parse_month_day(asked.month_day),
    )


def _filters(scope: Scope, asked: Posts) -> Filters:
    """What is asked for, and what the user filters by: neither can widen the other.

    Raises:
        BadOption: nothing of the kind is known in this gallery.

    """
    own = own_filters(scope.searcher.columns, asked)
    if why := own.unanswerable(scope.searcher.columns):
        raise BadOption(why)
    return scope.filters.both(own)


def _query(asked: Slice, picture: Image | None = None) -> Query:
    """What is looked for, in words and by a picture that the user gave."""
    return (
        parse_query(asked.query, picture=picture) if asked.query.strip() else Query(picture=picture)
    )


def _meant(scope: Scope, asked: ShowPost | FindSimilar) -> Hit:
    """The picture of the post that is meant, with that post first."""
    if (asked.number is None) == (asked.post_id is None):
        raise BadOption("give either number or post_id")
    post_id = asked.post_id or _numbered(scope, asked.number or 0)
    row = scope.searcher.generation.picture_of(post_id)
    (hit,) = scope.searcher.hits([row], scope.filters)
    hit = _sorted_by(hit, lambda post: post.post_id != post_id)
    if not hit.posts or hit.posts[0].post_id != post_id:
        raise BadOption("the user's own filters leave this post out; only they can drop them")
    return hit


def _numbered(scope: Scope, number: int) -> str:
    """The post at a place of the list that was shown last."""
    if not scope.shown:
        raise BadOption("nothing has been shown yet that could be counted; search for it first")
    place = number - 1 if number > 0 else len(scope.shown) + number
    if number == 0 or not 0 <= place < len(scope.shown):
        last = len(scope.shown)
        has = f"{last} pictures" if last > 1 else "one picture, which is number 1"
        raise BadOption(f"there is no number {number}; the last list has {has}")
    return scope.shown[place]


# --- parts of results -----------------------------------------------------------------------


def _hits(scope: Scope, query: Query, filters: Filters, limit: int) -> tuple[Hit, ...]:
    (found,) = scope.searcher.search([query], limit, filters)
    return found.hits


def _with_less_asked(scope: Scope, asked: SearchPosts, found: Found) -> Found:
    """Where nothing at all matches, what does without one of the question's filters."""
    query = _query(asked, scope.picture)
    for name in ("month_day", "since", "sentiments", "topics"):
        if getattr(asked, name):
            dropped = {"since": None, "until": None} if name == "since" else {name: _NOTHING[name]}
            less = asked.model_copy(update=dropped)
            hits = _hits(scope, query, _filters(scope, less), asked.limit)
            if hits:
                return replace(found, hits=hits, dropped=name)
    return found


_NOTHING = {name: field.default for name, field in Posts.model_fields.items()}


def _held_back(scope: Scope, asked: Posts) -> int:
    """How many posts would match, were it not for the user's own filters."""
    if scope.filters.is_empty:
        return 0
    own = own_filters(scope.searcher.columns, asked)
    query = _query(asked, scope.picture)
    return len(_posts_of(scope, scope.searcher.matching(query, own).sure, own))


def _less_sure(scope: Scope, matching: Matching, filters: Filters) -> int:
    """How many posts may match."""
    return len(_posts_of(scope, matching.less_sure, filters))


def _posts_of(scope: Scope, pictures: Rows, filters: Filters) -> Rows:
    """The passing posts of some pictures."""
    columns = scope.searcher.columns
    shown = np.zeros(len(scope.searcher.generation.image_ids), dtype=np.bool_)
    shown[pictures] = True
    return np.flatnonzero(filters.mask(columns) & shown[columns.picture_rows])


def _in_order(
    scope: Scope, matching: Matching, filters: Filters, order: Order, shown: slice
) -> tuple[Hit, ...]:
    """Some of the pictures that match, by the first post of each in an order, that post first.

    Of those that surely do, where there are any.
    """
    columns, generation = scope.searcher.columns, scope.searcher.generation
    are_sure = len(matching.sure) > 0
    posts = _posts_of(scope, matching.sure if are_sure else matching.less_sure, filters)
    ordered = in_order(columns, posts, order)
    rows = _once(columns.picture_rows[ordered])[shown]
    theirs = ordered[np.isin(columns.picture_rows[ordered], rows)]
    place = {generation.post(row).post_id: number for number, row in enumerate(theirs.tolist())}
    hits = scope.searcher.hits(rows.tolist(), filters, collapse=True)
    return tuple(
        replace(_sorted_by(hit, lambda post: place.get(post.post_id, len(place))), sure=are_sure)
        for hit in hits
    )


def _sorted_by(hit: Hit, key: Callable[[Post], int]) -> Hit:
    """The same picture with its posts, and their labels, in another order."""
    order = sorted(range(len(hit.posts)), key=lambda place: key(hit.posts[place]))
    return replace(
        hit,
        posts=tuple(hit.posts[place] for place in order),
        labels=tuple(hit.labels[place] for place in order),
    )


def _mask(scope: Scope, posts: Rows) -> Mask:
    mask = np.zeros(len(scope.searcher.columns), dtype=np.bool_)
    mask[posts] = True
    return mask


def _out_of(scope: Scope, asked: CountPosts, groups: Sequence[str]) -> Mapping[str, int]:
    """How many posts each group has whatever they feel like: what a share is of."""
    if not asked.sentiments:
        return {}
    less = asked.model_copy(update={"sentiments": ()})
    filters = _filters(scope, less)
    rows = scope.searcher.matching(_query(asked), filters).sure
    passing = _mask(scope, _posts_of(scope, rows, filters))
    every = scope.searcher.facets.count(asked.group_by[0], passing)
    return {name: every[name] for name in groups}


def _part(scope: Scope, shared: dict[str, Any], part: Slice) -> Part:
    asked = Posts(**(shared | part.model_dump(exclude_defaults=True)))
    filters = _filters(scope, asked)
    rows = scope.searcher.matching(_query(asked), filters).sure
    passing = _mask(scope, _posts_of(scope, rows, filters))
    facets = scope.searcher.facets
    topics = sorted(facets.count("topic", passing).items(), key=lambda each: -each[1])
    return Part(
        part,
        posts=int(passing.sum()),
        sentiments=facets.count("sentiment", passing),
        topics={name: number for name, number in topics if number},
        examples=tuple(scope.searcher.hits(rows[:_EXAMPLES_OF_PART].tolist(), filters)),
    )


def _once(rows: Rows) -> Rows:
    """The rows without repetitions, in the order of their first places."""
    return rows[np.sort(np.unique(rows, return_index=True)[1])]
