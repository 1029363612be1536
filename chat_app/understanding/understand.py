"""What a question means, without a language model: one tool call, or why there is none.

Each step takes the words it understands out of the question: times, then what is to be done, then
feelings (with the negation before them), then topics by name. What is left and says anything is
what to look for. Nothing is guessed by similarity of meaning: a filter that was not meant hides
posts, while one that was missed only shows more.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, Any

from chat_app.arguments import (
    MOST_SHOWN,
    Compare,
    CountPosts,
    FindSimilar,
    Posts,
    SearchPosts,
    ShowPost,
    Slice,
)
from chat_app.understanding import frames
from chat_app.understanding.clauses import request_in, without_preamble
from chat_app.understanding.comparison import is_comparison, read_comparison
from chat_app.understanding.follow_up import (
    compared_again,
    follows,
    read_lead,
    replaces_subject,
    taken_up,
)
from chat_app.understanding.grouping import (
    Groups,
    Ordered,
    read_extreme,
    read_first_or_last,
    read_groups,
    read_limit,
    read_sorting,
)
from chat_app.understanding.plan import Plan
from chat_app.understanding.posts_meant import read_posts
from chat_app.understanding.spans import BREAK, Text, place_in, runs_of
from chat_app.understanding.spelling import mended
from chat_app.understanding.when import (
    Period,
    days_in_digits,
    find_period,
    in_year_of_last,
    related_to,
    with_years_written_out,
)
from chat_app.understanding.words import GREETINGS, POSTS, THANKS

if TYPE_CHECKING:
    from chat_app.understanding.follow_up import Lead
    from chat_app.understanding.plan import Lexicon

_THESE_DAYS = 7
_MOST_READ = 1_000  # characters: a question has a hundred, and a text that was pasted takes minutes
_MOST_TIMES = 6  # that one question names
_FIRST_TIME = 0xE000  # a private sign for each time, so that it stays in its clause
_TIME = re.compile("[\ue000-\ue0ff]")


def understand(
    question: str, today: date, lexicon: Lexicon, previous: Plan | None = None, seen: int = 1
) -> Plan:
    """What a question asks for, by its first 1,000 characters.

    `previous`: the last plan that looked for posts; `seen`: the place among them of the one that
    was looked at last.
    """
    text = with_years_written_out(mended(_tidy(question[:_MOST_READ]), lexicon))
    if plan := _small_talk(text):
        return plan
    if found := frames.AFRESH.search(text):
        text, previous = f" {text[found.end() :]}", None
    last = previous.posts if previous else None
    if last and last.since and last.until:
        since, until = date.fromisoformat(last.since), date.fromisoformat(last.until)
        text = related_to(text, since, until)
        if since.year == until.year < today.year:
            text = in_year_of_last(text, since.year)
    text, periods = _without_times(text, today)
    if last and last.month_day:
        periods = [_of_any_year(period) for period in periods]
    request, talk = request_in(text, goes_on=last is not None)
    said = _times_in(request, periods)
    if not said and not (last and frames.REPLACE.match(request)):  # "what about cats?" says all
        said = [period for period in _times_in(talk, periods) if not _is_now(period, today)]
    plan = _Question(_plain(request), talk, said, lexicon, previous, seen).plan()
    if plan.kind == "unclear" and talk.strip():  # "I miss my old bike, where is it?"
        plan = _Question(_plain(text), "", said, lexicon, previous, seen).plan()
    return plan


# --- the question as text -------------------------------------------------------------------


def _tidy(question: str) -> str:
    text = question.replace("’", "'").replace("‘", "'").replace("–", "-")
    text = re.sub(r"[“”\"]", " ", _TIME.sub(" ", text))
    text = frames.PURPOSES.sub(" ", frames.IDIOMS.sub(" ", text))
    text = without_preamble(frames.TAKEN_BACK.sub(" ", days_in_digits(text)))
    return f" {' '.join(text.split()).strip(' ?!.')} "


def _without_times(text: str, today: date) -> tuple[str, list[Period]]:
    periods: list[Period] = []
    while len(periods) < _MOST_TIMES and (named := find_period(text, today)):
        sign = chr(_FIRST_TIME + len(periods))
        text = f"{text[: named.start]} {sign} {text[named.end :]}"
        periods.append(named.period)
    return text, periods


def _of_any_year(period: Period) -> Period:
    """A day, when days of any year are spoken of."""
    day = period.since
    is_day = day is not None and day == period.until
    return Period(month_day=(day.month, day.day)) if day and is_day else period


def _times_in(text: str, periods: list[Period]) -> list[Period]:
    return [periods[ord(sign) - _FIRST_TIME] for sign in _TIME.findall(text)]


def _is_now(period: Period, today: date) -> bool:
    """These days: in talk, when somebody speaks of what they are doing."""
    since, until = period.since, period.until
    return since is not None and until is not None and (today - since).days <= _THESE_DAYS


def _plain(text: str) -> str:
    return _TIME.sub(BREAK, f" {text.strip()} ")


# --- talk that looks for nothing -------------------------------------------------------------


def _small_talk(text: str) -> Plan | None:
    words = set(re.findall(r"[a-z']+", text.lower()))
    if words and words <= THANKS and not frames.PLACE.search(text):
        return Plan("thanks")
    if frames.THANKS_FIRST.match(text) and not frames.ANY_REQUEST.search(text):
        return Plan("thanks")
    if words and words <= GREETINGS | {"there", "you", "how", "are"}:
        return Plan("help")
    if frames.HELP.match(text) or (
        frames.ASKS_FOR_HELP.search(text) and not words & POSTS - _PRONOUNS
    ):
        return Plan("help")
    if frames.CAN_ONLY_LOOK.search(text):
        return None
    changes = any(frames.CHANGES.match(clause) for clause in re.split(r"[.,;:!?]\s", text))
    return Plan("refusal") if changes else None


# --- the request ----------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Question:
    """A request, what was said around it, and what it may go on from."""

    whole: str
    talk: str
    periods: list[Period]
    lexicon: Lexicon
    previous: Plan | None
    seen: int

    @property
    def last(self) -> Posts | None:
        """What the last question asked for."""
        return self.previous.posts if self.previous else None

    def plan(self) -> Plan:
        """The steps, in their order."""
        text = Text(self.whole)
        lead = read_lead(text) if self.last is not None else None
        ordered = read_sorting(text)
        if ordered.order != "relevance":
            lead = lead or "narrow"
        elif not self._is_about_a_place(text):
            ordered = read_first_or_last(text)
        if plan := self._one_post(text, lead) or self._with_a_side_replaced(text):
            return plan
        if (is_comparison(text, self.lexicon) or self._names_other_sides(lead)) and (
            compared := read_comparison(text, self.periods, self.lexicon)
        ):
            return Plan("compare", self._under_last_filters(lead, compared))
        groups = read_groups(text)
        counts = text.take(frames.COUNT) is not None or bool(groups.by)
        extreme = read_extreme(text, alone=self.last is not None and not groups.by)
        if extreme.limit == 1 and isinstance(self.last, CountPosts) and self.last.group_by:
            # "and my saddest?", after "when was I happiest?"
            text.left += " positive" if extreme.order == "most_positive" else " negative"
        elif extreme.order != "relevance":
            ordered = Ordered(extreme.order, ordered.limit or extreme.limit)
        if ordered.limit is None:
            ordered = ordered._replace(limit=read_limit(text, alone=self.last is not None))
        asked = read_posts(text, self.periods, self.lexicon)
        if groups.is_share:
            asked.sentiments = ()
        return self._joined(lead, asked.given(), groups, ordered, counts=counts)

    def _is_about_a_place(self, text: Text) -> bool:
        """Whether "the first" is the first of what was shown, and not the first in time."""
        bare = frames.BARE_PLACE.fullmatch(text.left.strip()) is not None
        alone = text.has(frames.PLACE_ALONE) or text.has(frames.IN_THE_LIST)
        return self.last is not None and (bare or alone or text.has(frames.SIMILAR))

    def _one_post(self, text: Text, lead: Lead | None) -> Plan | None:
        """A question about one of the posts that were shown."""
        if self.last is not None and (beside := frames.NEXT.search(text.left)):
            back = (beside["way"] or beside["way2"]).lower() in ("previous", "before")
            return Plan("show", ShowPost(number=max(1, self.seen + (-1 if back else 1))))
        found = frames.HASH.search(text.left) or frames.PLACE.search(text.left)
        is_similar = text.has(frames.SIMILAR)
        if self.last is None and not is_similar:
            named = found and (
                found.groupdict().get("number") or frames.NOUN_AT_END.search(found[0])
            )
            if not named:
                return None
        points = (text.has(frames.SHOW) or is_similar) and (
            not runs_of(frames.SIMILAR.sub(" ", text.left)) or text.has(frames.THAT)
        )
        if not found and points:
            found = frames.PLACE.search(self.talk)  # "the third looks great, can you open it?"
        if not found and self.last is not None and text.has(frames.OPEN_THAT):
            return Plan("show", ShowPost(number=self.seen))
        if not found:
            is_this = self.last is not None and is_similar and text.has(frames.THIS_AT_END)
            return Plan("similar", FindSimilar(number=self.seen)) if is_this else None
        if is_similar:
            return Plan("similar", FindSimilar(number=place_in(found)))
        rest = text.left[: found.start()] + text.left[found.end() :]
        if lead == "replace" or text.has(frames.SHOW) or not runs_of(rest):
            return Plan("show", ShowPost(number=place_in(found)))
        return None

    def _with_a_side_replaced(self, text: Text) -> Plan | None:
        """The last comparison with another thing in the place of one: "running instead of rain"."""
        found = frames.REPLACED.search(text.left) if isinstance(self.last, Compare) else None
        if found is None or not isinstance(self.last, Compare):
            return None
        old, new = found["old"] or found["old2"], found["new"] or found["new2"]
        gone, put = (
            read_posts(Text(f" {words} "), (), self.lexicon).given() for words in (old, new)
        )
        slices = [each.model_dump(exclude_defaults=True) for each in self.last.slices]
        if gone not in slices or not put:
            return None
        slices[slices.index(gone)] = put
        return Plan(
            "compare",
            self.last.model_copy(update={"slices": tuple(Slice(**each) for each in slices)}),
        )

    def _names_other_sides(self, lead: Lead | None) -> bool:
        """Whether two things take the place of two: "what about cats and dogs?"."""
        if lead != "replace" or not isinstance(self.last, Compare):
            return False
        return not any(each.since or each.until for each in self.last.slices)

    def _under_last_filters(self, lead: Lead | None, compared: Compare) -> Compare:
        """Another comparison in the place of the last one, under what that was shared by."""
        if lead is None or not isinstance(self.last, Compare):
            return compared
        shared = self.last.model_dump(exclude_defaults=True, exclude={"slices"})
        return Compare(**(shared | compared.model_dump(exclude_defaults=True)))

    def _is_about_order(self, ordered: Ordered) -> bool:
        """Whether nothing but an order or a number is named: "the three newest", "make it five"."""
        words = set(re.findall(r"[a-z]+", self.whole.lower()))
        return ordered != Ordered() and not words & POSTS - _PRONOUNS

    def _joined(
        self,
        lead: Lead | None,
        given: dict[str, Any],
        groups: Groups,
        ordered: Ordered,
        *,
        counts: bool,
    ) -> Plan:
        """What is asked for, together with what the last question asked for."""
        by, last = groups.by, self.last
        likewise = frames.LIKEWISE.search(self.whole) is not None
        is_short = not set(re.findall(r"[a-z]+", self.whole.lower())) & POSTS - _PRONOUNS
        counts_all = not given and (
            (counts and (not by or (is_short and not frames.WHEN.search(self.whole))))
            or self._is_about_order(ordered)
        )
        goes_on = last is not None and follows(self.whole, lead, given, last, counts_all=counts_all)
        if (
            goes_on
            and isinstance(last, Compare)
            and not counts
            and not frames.LOOK.search(self.whole)
            and (again := compared_again(given, last))
        ):
            return Plan("compare", again, goes_on=True)
        keeps = goes_on and not replaces_subject(lead, given)
        if goes_on and last is not None:
            given = taken_up(self.whole, lead, given, last)
            if isinstance(last, CountPosts) and not counts and not frames.LOOK.search(self.whole):
                counts, by = True, by or last.group_by
            by = by or (last.group_by if isinstance(last, CountPosts) and likewise else ())
        if counts:
            return Plan("count", CountPosts(**given, group_by=by), goes_on=keeps)
        if not given and ordered == Ordered() and not goes_on and not _asks_for_all(self.whole):
            return Plan("unclear")
        if goes_on and isinstance(last, SearchPosts) and self._is_about_order(ordered):
            ordered = Ordered(
                last.order if ordered.order == "relevance" else ordered.order,
                ordered.limit or (last.limit if "limit" in last.model_fields_set else None),
            )
        if ordered.limit is not None:
            given["limit"] = max(1, min(ordered.limit, MOST_SHOWN))
        return Plan("find", SearchPosts(**given, order=ordered.order), goes_on=keeps)


_PRONOUNS = {"one", "ones", "thing", "things", "stuff"}


def _asks_for_all(text: str) -> bool:
    words = set(re.findall(r"[a-z]+", text.lower()))
    return bool(words & (POSTS | {"everything", "all"}) - {"ones", "one", "thing", "things"})
