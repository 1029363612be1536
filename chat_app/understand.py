"""What a question means, without a language model: one tool call, or why there is none.

Each step takes the words it understands out of the question: times, then what is to be done, then
feelings (with the negation before them), then topics by name. What is left and says anything is
what to look for. Nothing is guessed by similarity of meaning: a filter that was not meant hides
posts, while one that was missed only shows more.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, Protocol

from chat_app import frames
from chat_app.arguments import (
    MOST_SHOWN,
    Arguments,
    Compare,
    CountPosts,
    FindSimilar,
    Posts,
    SearchPosts,
    ShowPost,
    Slice,
)
from chat_app.clauses import request_in
from chat_app.spelling import mended
from chat_app.when import Period, find_period
from chat_app.words import (
    COMPARATIVES,
    FEELINGS,
    FILLER,
    GREETINGS,
    NUMBERS,
    PLACES,
    POSTS,
    SUPERLATIVES,
    THANKS,
    WEAK,
)
from retrieval.records import SENTIMENTS

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import date

    from retrieval.catalog.facets import Facet
    from retrieval.records import FeltAs, Sentiment

_MOST_TIMES = 6  # that one question names
_FEW_WORDS = 6  # of a question that is nothing but another filter, and names nothing to find
_WHOLE_QUESTION = (POSTS | {"find", "show", "which", "what", "who", "where"}) - {
    "one", "ones", "thing", "things", "stuff", "result", "results"
}  # fmt: skip

Kind = Literal[
    "find", "count", "compare", "show", "similar", "help", "thanks", "refusal", "unclear"
]


class Lexicon(Protocol):
    """What is known of single words."""

    @property
    def topics(self) -> Mapping[str, str]:
        """The gallery's topics by their titles and synonyms, in lower case."""

    def feeling(self, word: str) -> Sentiment | None:
        """The feeling that a word is sure to tell; None: none, or it is not sure."""

    def is_word(self, word: str) -> bool:
        """Whether it is an English word, spelt as it should be."""


@dataclass(frozen=True, slots=True)
class Plan:
    """A question as a tool call."""

    kind: Kind
    arguments: Arguments | None = None  # None: nothing is looked up

    @property
    def posts(self) -> Posts | None:
        """What a next question can take up again."""
        return self.arguments if isinstance(self.arguments, Posts) else None


def understand(question: str, today: date, lexicon: Lexicon, previous: Plan | None = None) -> Plan:
    """What a question asks for; `previous` is the last plan that looked for posts."""
    text = mended(_tidy(question), lexicon.topics, lexicon.is_word)
    if plan := _small_talk(text):
        return plan
    if found := frames.AFRESH.search(text):
        text, previous = f" {text[found.end() :]}", None
    text, periods = _without_times(text, today)
    request, talk = request_in(text)
    said = _times_in(request, periods) or _times_in(talk, periods)
    plan = _Reading(_TIME.sub(_BREAK, f" {request.strip()} "), said, lexicon, previous, talk).plan()
    if plan.kind == "unclear" and talk.strip():  # "I miss my old bike, where is it?"
        plan = _Reading(_TIME.sub(_BREAK, f" {text.strip()} "), said, lexicon, previous).plan()
    return plan


# --- the question as text -------------------------------------------------------------------

_BREAK = " \x00 "  # where something was taken out: what stood apart does not grow together
_FIRST_TIME = 0xE000  # a private sign for each time, so that it stays in its clause
_TIME = re.compile("[\ue000-\ue0ff]")


def _tidy(question: str) -> str:
    text = question.replace("’", "'").replace("‘", "'").replace("–", "-")
    text = re.sub(r"[“”\"]", " ", _TIME.sub(" ", text))
    return f" {' '.join(text.split()).strip(' ?!.')} "


def _without_times(text: str, today: date) -> tuple[str, list[Period]]:
    periods: list[Period] = []
    while len(periods) < _MOST_TIMES and (named := find_period(text, today)):
        sign = chr(_FIRST_TIME + len(periods))
        text = f"{text[: named.start]} {sign} {text[named.end :]}"
        periods.append(named.period)
    return text, periods


def _times_in(text: str, periods: list[Period]) -> list[Period]:
    return [periods[ord(sign) - _FIRST_TIME] for sign in _TIME.findall(text)]


# --- talk that looks for nothing -------------------------------------------------------------


def _small_talk(text: str) -> Plan | None:
    words = set(re.findall(r"[a-z']+", text.lower()))
    if words and words <= THANKS and not frames.PLACE.search(text):
        return Plan("thanks")
    if words and words <= GREETINGS | {"there", "you", "how", "are"}:
        return Plan("help")
    if frames.HELP.match(text):
        return Plan("help")
    if frames.CAN_ONLY_LOOK.search(text):
        return None
    changes = any(frames.CHANGES.match(clause) for clause in re.split(r"[.,;:!?]\s", text))
    return Plan("refusal") if changes else None


# --- taking a question apart ---------------------------------------------------------------


@dataclass
class _Asked:
    """The fields of a tool's arguments as they are found."""

    query: str = ""
    sentiments: tuple[FeltAs, ...] = ()
    topics: tuple[str, ...] = ()
    since: str | None = None
    until: str | None = None
    month_day: str | None = None
    has_caption: bool | None = None
    disagreement: str | None = None

    def given(self) -> dict[str, Any]:
        return {name: value for name, value in vars(self).items() if value not in ("", (), None)}


class _Reading:
    """One question that is being taken apart."""

    def __init__(
        self,
        text: str,
        periods: list[Period],
        lexicon: Lexicon,
        previous: Plan | None,
        talk: str = "",
    ) -> None:
        self._text = text
        self._talk = talk
        self._periods = periods
        self._lexicon = lexicon
        self._previous = previous.posts if previous else None
        self._previous_kind = previous.kind if previous else None

    def plan(self) -> Plan:
        whole = self._text
        lead = self._lead() if self._previous is not None else None
        order, limit = "relevance", None
        if sorting := self._take(frames.SORT):
            order, lead = (
                frames.ORDERS[(sorting["by"] or sorting["first"]).lower()],
                lead or "narrow",
            )
        else:
            order, limit = self._first_or_last()
        periods = self._periods
        if found := self._one_post(lead):
            return found
        if self._compares() and (plan := self._comparison(periods)):
            return plan
        by = self._groups()
        counts = bool(self._take(frames.COUNT)) or bool(by)
        extreme = self._extreme()
        if extreme:
            order, wanted = extreme
            limit = wanted if limit is None else limit
        limit = self._limit() if limit is None else limit
        asked = self._posts(periods)
        if by and set(by) & {"sentiment"} and by != ("month", "sentiment") and self._shares:
            asked.sentiments = ()
        return self._joined(whole, lead, asked, counts=counts, by=by, order=order, limit=limit)

    # --- taking spans out

    def _take(self, pattern: re.Pattern[str]) -> re.Match[str] | None:
        found = pattern.search(self._text)
        if found:
            self._text = self._text[: found.start()] + _BREAK + self._text[found.end() :]
        return found

    def _lead(self) -> str | None:
        """Whether the question takes up the last one: another thing, or less of the same."""
        for name, pattern in (("replace", frames.REPLACE), ("narrow", frames.NARROW)):
            found = pattern.match(self._text)
            if found:
                self._text = " " + self._text[found.end() :]
                return name
        if found := frames.TRAILING_ONLY.search(self._text):
            self._text = self._text[: found.start()]
            return "narrow"
        return None

    def _first_or_last(self) -> tuple[str, int | None]:
        """First and last in time; places in a list that was shown are something else."""
        found = frames.FIRST_OR_LAST.search(self._text)
        if not found:
            return "relevance", None
        if self._previous is not None and (
            frames.SIMILAR.search(self._text) or frames.BARE_PLACE.fullmatch(self._text.strip())
        ):
            return "relevance", None
        after = self._text[found.end() :].strip().lower()
        if re.match(
            r"(?:year|month|week|weekend|night|day|summer|winter|spring|autumn|fall|half)s?\b",
            after,
        ):
            return "relevance", None
        number = next((found[name] for name in ("n", "n2", "n3", "n4") if found[name]), None)
        plural = re.match(rf"(?:[\w'-]+\s+){{0,3}}?{frames.NOUN}", after)
        several = bool(plural and plural[0].endswith("s"))
        self._text = self._text[: found.start()] + " " + self._text[found.end() :]
        limit = _count_of(number) if number else (None if several else 1)
        return ("oldest" if found["old"] or found["old2"] else "newest"), limit

    def _one_post(self, lead: str | None) -> Plan | None:
        found = frames.HASH.search(self._text) or frames.PLACE.search(self._text)
        if self._previous is None and not (found and found.groupdict().get("number")):
            if frames.SIMILAR.search(self._text) and found:
                return Plan("similar", FindSimilar(number=_place_of(found)))
            if not found or not re.search(rf"{frames.NOUN}\s*$", found[0], re.IGNORECASE):
                return None
        similar = frames.SIMILAR.search(self._text)
        if not found and frames.SHOW.search(self._text) and not self._content(self._text):
            found = frames.PLACE.search(self._talk)  # "the third looks great, can you open it?"
        if similar and not found and re.search(r"\b(?:this|that|it)(?: one)?\s*$", self._text):
            return Plan("similar", FindSimilar(number=1))
        if not found:
            return None
        if similar:
            return Plan("similar", FindSimilar(number=_place_of(found)))
        rest = self._text[: found.start()] + self._text[found.end() :]
        if lead == "replace" or frames.SHOW.search(self._text) or not self._content(rest):
            return Plan("show", ShowPost(number=_place_of(found)))
        return None

    # --- counting and comparing

    _shares = False

    def _groups(self) -> tuple[Facet, ...]:
        if frames.MOOD_OVER_TIME.search(self._text):
            unit: Facet = "year" if re.search(r"\byears?\b", self._text, re.IGNORECASE) else "month"
            self._text = re.sub(
                r"(?i)\b(?:over|through(?:out)?|across)?\s*(?:the\s+)?(?:time|years|months)\b",
                " ",
                self._text,
            )
            self._text = re.sub(
                r"(?i)\b(?:mood|sentiment|feeling|emotion)s?\b|\b(?:develop|chang|evol)\w*"
                r"|\btimeline\b|\btrend\b",
                " ",
                self._text,
            )
            return (unit, "sentiment")
        if found := self._take(frames.BY):
            if found["yearly"]:
                return ("month",) if found["yearly"].lower() == "monthly" else ("year",)
            names = [frames.GROUPS[found[name].lower()] for name in ("one", "two") if found[name]]
            if len(names) == 1 and self._take(frames.ABOUT_MOOD):
                names.append("sentiment")  # "my mood by year"
            return tuple(dict.fromkeys(names))
        if self._take(frames.HOW_FELT):
            return ("sentiment",)
        if found := self._take(frames.SHARE):
            self._shares = True
            return ("sentiment",)
        if self._take(frames.MOST_TOPIC):
            return ("topic",)
        if found := frames.WHEN.search(self._text):
            mood = (found["mood"] or "").lower()
            if mood and mood not in SUPERLATIVES and mood not in ("best", "worst"):
                return ()
            unit = frames.GROUPS[(found["unit"] or found["unit2"] or "month").lower()]
            self._text = re.sub(
                r"(?i)\b(?:in\s+)?(?:which|what|wich)\s+(?:year|month)s?\b|\bwhen\b|\bmost\b"
                r"|\b(?:year|month)s?\b",
                " ",
                self._text,
            )
            return (unit,)
        return ()

    def _compares(self) -> bool:
        found = frames.COMPARE.search(self._text)
        if not found:
            return False
        more = frames.MORE_THAN.search(self._text)
        if more and self._felt(more["one"]) and self._felt(more["other"]):
            return bool(frames.ASKS.search(self._text[: more.start() + 4]))
        return not frames.COUNT.search(self._text) or "than" in found[0].lower()

    def _comparison(self, periods: list[Period]) -> Plan | None:
        text = self._text
        if len(periods) >= 2:
            self._text = re.sub(
                r"(?i)\bcompar\w+|\bdifference\w* between\b|\bversus\b|\bvs\b\.?", " ", text
            )
            self._drop_comparatives()
            shared = self._posts([])
            slices = [Slice(**_days(period)) for period in periods[:4]]
            return Plan("compare", Compare(slices=tuple(slices), **shared.given()))
        sides = _split(text)
        if sides is None:
            return None
        read = []
        for side in sides:
            part = _Reading(f" {side} ", [], self._lexicon, None)
            part._text = re.sub(r"(?i)\bcompar\w+|\bdifference\w* between\b", " ", part._text)
            read.append(part)
        plain = [part._posts([]) for part in read]
        felt = [asked.sentiments for asked in plain]
        if not (felt[0] and felt[1] and felt[0] != felt[1]):
            for part, side in zip(read, sides, strict=True):
                part._text = f" {side} "
                part._text = re.sub(r"(?i)\bcompar\w+|\bdifference\w* between\b", " ", part._text)
                part._drop_comparatives()
            plain = [part._posts([]) for part in read]
        given = [asked.given() for asked in plain]
        differing = [
            name
            for name in ("sentiments", "topics", "query")
            if all(name in g for g in given) and given[0][name] != given[1][name]
        ]
        if not differing:
            mixed = [{k: v for k, v in g.items() if k in ("topics", "query")} for g in given]
            if not (mixed[0] and mixed[1]):
                return None
            differing = ["topics", "query"]
        slices = [Slice(**{name: g[name] for name in differing if name in g}) for g in given]
        shared_fields = {k: v for g in given for k, v in g.items() if k not in differing}
        days = _days(periods[0]) if periods else {}
        return Plan("compare", Compare(slices=tuple(slices), **(shared_fields | days)))

    def _drop_comparatives(self) -> None:
        """What is measured by comparing is no filter: happier, complain more."""
        kept = re.sub(
            r"(?i)\b(?:more|less|fewer|better|worse|rather)\b(?:\s+(?:often|much|about))?",
            " ",
            self._text,
        )
        words = [
            " "
            if self._felt(word) and (word.lower() in COMPARATIVES or _is_verb_of_mood(word))
            else word
            for word in kept.split(" ")
        ]
        self._text = " ".join(words)

    def _extreme(self) -> tuple[str, int | None] | None:
        found = frames.EXTREME.search(self._text)
        if not found:
            return None
        felt = found["felt"] or found["word"]
        sentiment = SUPERLATIVES.get(felt.lower()) or FEELINGS[felt.lower()]
        if (found["most"] or "").lower() == "least":
            sentiment = "negative" if sentiment == "positive" else "positive"
        self._text = self._text[: found.start()] + _BREAK + self._text[found.end() :]
        number = found["n"]
        limit = (
            _count_of(number) if number else (None if found["noun"].lower().endswith("s") else 1)
        )
        return ("most_positive" if sentiment == "positive" else "most_negative"), limit

    def _limit(self) -> int | None:
        if frames.COUNT.search(self._text):
            return None
        found = self._take(frames.LIMIT)
        return _count_of(found["n"] or found["n2"]) if found else None

    # --- what posts are meant

    def _posts(self, periods: Sequence[Period]) -> _Asked:
        asked = _Asked()
        for period in periods[:1]:
            vars(asked).update(_days(period))
        if self._take(frames.NO_CAPTION):
            asked.has_caption = False
        elif self._take(frames.WITH_CAPTION):
            asked.has_caption = True
        if found := self._take(frames.DISAGREE):
            asked.disagreement = "topics" if "topic" in found[0].lower() else "sentiment"
        opposed = asked.disagreement is None and bool(frames.LOOKS_OTHERWISE.search(self._text))
        asked.sentiments = self._sentiments()
        if opposed and len(asked.sentiments) > 1:  # "sad pictures whose caption is happy"
            asked.sentiments, asked.disagreement = (), "sentiment"
        self._leave_out()
        asked.topics, asked.query = self._topics_and_query()
        return asked

    def _felt(self, word: str) -> Sentiment | None:
        low = word.lower().strip("-'")
        if low in FEELINGS:
            return FEELINGS[low]
        if low in self._lexicon.topics or low in FILLER | POSTS or len(low) < 4:
            return None
        return self._lexicon.feeling(low)

    def _sentiments(self) -> tuple[FeltAs, ...]:
        """Feelings that are named, and those that are left when some are ruled out."""
        more = frames.MORE_THAN.search(self._text)
        if more and self._felt(more["one"]) and self._felt(more["other"]):
            self._text = self._text[: more.start()] + _BREAK + self._text[more.end() :]
            felt = self._felt(more["one"])
            return (felt,) if felt else ()
        wanted: set[Sentiment] = set()
        unwanted: set[Sentiment] = set()
        pieces, last = [], 0
        for word in re.finditer(r"[A-Za-z][A-Za-z'-]*", self._text):
            sentiment = self._felt(word[0])
            if sentiment is None:
                continue
            before = self._text[last : word.start()]
            negation = frames.NEGATED.search(before)
            after = frames.LEFT_OUT_AFTER.match(self._text, word.end())
            if (
                negation
                or after
                or (unwanted and re.fullmatch(r"\s*(?:or|nor|and)\s*(?:the\s+)?", before))
            ):
                unwanted.add(sentiment)
                cut = negation.start() if negation else 0
                pieces.append(before[:cut] + _BREAK)
            else:
                wanted.add(sentiment)
                pieces.append(before + _BREAK)
            last = word.end()
        self._text = "".join(pieces) + self._text[last:]
        if not wanted and not unwanted:
            return ()
        return tuple(name for name in SENTIMENTS if name in (wanted or set(SENTIMENTS)) - unwanted)

    def _leave_out(self) -> None:
        def minus(found: re.Match[str]) -> str:
            word = found["word"].lower()
            return found[0] if word in FILLER | POSTS else f" \x00 -{word} "

        self._text = frames.LEFT_OUT.sub(minus, self._text)

    def _topics_and_query(self) -> tuple[tuple[str, ...], str]:
        topics: dict[str, None] = {}
        for title in sorted((t for t in self._lexicon.topics if " " in t), key=len, reverse=True):
            pattern = re.compile(rf"\b{re.escape(title)}\b", re.IGNORECASE)
            if self._take(pattern):
                topics[self._lexicon.topics[title]] = None
        words: list[str] = []
        for run in _runs(self._text):
            named = [self._lexicon.topics.get(word.lower()) for word in run]
            if all(named):
                topics.update(dict.fromkeys(name for name in named if name))
                continue
            for word, name in zip(run, named, strict=True):
                if name and word.lower().endswith("s") and not word.startswith("-"):
                    topics[name] = None
                else:
                    words.append(word.lower() if word.startswith("-") else word)
        return tuple(topics), " ".join(words).lower()

    def _content(self, text: str) -> list[str]:
        return [word for run in _runs(text) for word in run]

    # --- together with the last question

    def _joined(
        self,
        whole: str,
        lead: str | None,
        asked: _Asked,
        *,
        counts: bool,
        by: tuple[Facet, ...],
        order: str,
        limit: int | None,
    ) -> Plan:
        given = asked.given()
        if lead is not None and not counts and (plan := self._compared_again(given)):
            return plan
        follows = self._follows(whole, lead, given, counts=counts, by=by)
        if follows and self._previous is not None:
            given = self._taken_up(lead, given, self._previous)
            if self._previous_kind == "count" and not counts and not frames.LOOK.search(whole):
                counts, by = True, by or getattr(self._previous, "group_by", ())
        if counts:
            return Plan("count", CountPosts(**given, group_by=by))
        if order != "relevance":
            given["order"] = order
        if limit is not None:
            given["limit"] = max(1, min(limit, MOST_SHOWN))
        if not given and not follows and not _asks_for_all(whole):
            return Plan("unclear")
        return Plan("find", SearchPosts(**given))

    def _compared_again(self, given: dict[str, Any]) -> Plan | None:
        """The last comparison under another filter; None: there is none, or it is over."""
        last = self._previous
        if not isinstance(last, Compare) or not given or {"query", "topics"} & given.keys():
            return None
        if any(each.since or each.until for each in last.slices):
            return None
        return Plan("compare", Compare(**(last.model_dump(exclude_defaults=True) | given)))

    def _follows(
        self,
        whole: str,
        lead: str | None,
        given: dict[str, Any],
        *,
        counts: bool,
        by: tuple[Facet, ...],
    ) -> bool:
        """Whether it is about what the last question was about."""
        if self._previous is None:
            return False
        if lead is not None or (counts and not by and not given):  # "how many?"
            return True
        if "query" in given:
            return False
        words = set(re.findall(r"[a-z]+", whole.lower()))
        is_elliptic = len(words) <= _FEW_WORDS and not words & _WHOLE_QUESTION
        filters_alone = bool(given) and not counts and is_elliptic
        return filters_alone or bool(frames.REFER.search(whole))

    @staticmethod
    def _taken_up(lead: str | None, given: dict[str, Any], last: Posts) -> dict[str, Any]:
        """What the last question asked for, with what this one names in its place."""
        fields = last.model_dump(exclude_defaults=True)
        fields = {name: value for name, value in fields.items() if name in Posts.model_fields}
        replaced: set[str] = set()
        if {"since", "until", "month_day"} & given.keys():
            replaced |= {"since", "until", "month_day"}
        if lead == "replace" and {"query", "topics"} & given.keys():
            replaced |= {"query", "topics"}
        fields = {name: value for name, value in fields.items() if name not in replaced}
        if lead == "narrow" and given.get("query", "").startswith("-") and fields.get("query"):
            given = given | {"query": f"{fields['query']} {given['query']}"}
        return fields | given


def _is_verb_of_mood(word: str) -> bool:
    return bool(re.fullmatch(r"(?i)(?:complain|moan|rant|whin|whing|enjoy|smil|laugh)\w*", word))


def _asks_for_all(text: str) -> bool:
    words = set(re.findall(r"[a-z]+", text.lower()))
    return (
        bool(words & POSTS - {"ones", "one", "thing", "things"})
        or {"everything", "all"} & words != set()
    )


def _runs(text: str) -> list[list[str]]:
    """Words that say something, in runs of neighbours; weak words only beside others."""
    runs: list[list[str]] = [[]]
    for token in frames.TOKEN.findall(text):
        token = re.sub(r"'s?$", "", token)
        low = token.lower()
        if token[0] in "\x00,;:()" or low in FILLER or low in POSTS or len(low.strip("-'")) < 2:
            runs.append([])
        else:
            if low.startswith("-"):
                runs.append([])
            runs[-1].append(token)
    return [run for run in runs if any(word.lower() not in WEAK for word in run)]


def _split(text: str) -> tuple[str, str] | None:
    """The two sides of a comparison, at the strongest word between them."""
    for pattern in (
        r"\s(?:versus|vs\.?|compared (?:to|with)|as opposed to|against)\s", r"\s(?:than"
        r"|or)\s(?:about\s)?", r"\s(?:and|with|to|&)\s",
    ):  # fmt: skip
        found = re.search(pattern, text, re.IGNORECASE)
        if found:
            return text[: found.start()], text[found.end() :]
    return None


def _place_of(found: re.Match[str]) -> int:
    groups = found.groupdict()
    if groups.get("word"):
        return PLACES[groups["word"].lower()]
    return _count_of(groups.get("number") or groups.get("after"))


def _count_of(text: str | None) -> int:
    text = (text or "1").lower()
    return int(text) if text.isdigit() else NUMBERS[text]


def _days(period: Period) -> dict[str, Any]:
    """A period as a tool's arguments."""
    if period.month_day:
        return {"month_day": "{:02}-{:02}".format(*period.month_day)}
    days = {"since": period.since, "until": period.until}
    return {name: day.isoformat() for name, day in days.items() if day}
