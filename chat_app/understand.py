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
from chat_app.when import Period, find_period
from chat_app.words import WORDS
from retrieval.records import SENTIMENTS

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import date

    from retrieval.catalog.facets import Facet
    from retrieval.records import FeltAs, Sentiment

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
    text = _spelt(_tidy(question), lexicon)
    if plan := _small_talk(text):
        return plan
    if found := _AFRESH.match(text):
        text, previous = text[found.end() :], None
    return _Reading(text, today, lexicon, previous).plan()


# --- the question as text -------------------------------------------------------------------

_BREAK = " \x00 "  # where something was taken out: what stood apart does not grow together


def _tidy(question: str) -> str:
    text = question.replace("’", "'").replace("‘", "'").replace("–", "-")
    text = re.sub(r"[“”\"]", " ", text)
    return f" {' '.join(text.split()).strip(' ?!.')} "


def _spelt(text: str, lexicon: Lexicon) -> str:
    """Misspelt words that matter as they should be; what is an English word stays as it is."""

    def mended(found: re.Match[str]) -> str:
        word = found[0]
        low = word.lower()
        if len(low) < 4 or low in _KNOWN or low in lexicon.topics or lexicon.is_word(low):
            return word
        return next((known for known in _MENDABLE if _one_slip(low, known)), word)

    return re.sub(r"[A-Za-z]+", mended, text)


def _one_slip(word: str, known: str) -> bool:
    """Whether one letter is missing, too many, another, or two are swapped (Damerau 1964)."""
    if abs(len(word) - len(known)) > 1 or word[0] != known[0]:
        return False
    start = next((i for i, (a, b) in enumerate(zip(word, known, strict=False)) if a != b), None)
    if start is None:
        return True
    rest, right = word[start:], known[start:]
    swapped = len(rest) > 1 and rest[1] + rest[0] + rest[2:] == right
    return swapped or rest[1:] == right[1:] or rest == right[1:] or rest[1:] == right


def _alternatives(words: object) -> str:
    ordered = sorted(words, key=len, reverse=True)  # type: ignore[call-overload]
    return "(?:" + "|".join(re.escape(word) for word in ordered) + ")"


def _words(name: str) -> frozenset[str]:
    return frozenset(WORDS["talk"][name].split())


_FEELINGS: dict[str, Sentiment] = {
    word: name for name in SENTIMENTS for word in WORDS["feelings"][name].split()
}
_SUPERLATIVES: dict[str, Sentiment] = {
    word: name for name in ("positive", "negative") for word in WORDS["superlatives"][name].split()
}
_PLACES: dict[str, int] = WORDS["places"]
_NUMBERS: dict[str, int] = WORDS["numbers"]
_POSTS, _FILLER = _words("posts"), _words("filler")
_MONTHS = [name for names in WORDS["months"] for name in names if len(name) > 3]
_MENDABLE = [
    *_FEELINGS, *_MONTHS, *WORDS["seasons"], *WORDS["weekdays"], *WORDS["feasts"],
    *(word for words in WORDS["topics"].values() for word in words.split()),
    "similar", "compare", "between", "pictures", "photos", "posts", "year", "month", "many",
    "without", "caption", "yesterday", "percent", "topic", "topics", "delete", "thanks", "since",
    "before", "after", "show", "last", "week", "weekend", "everything",
]  # fmt: skip
_KNOWN = _POSTS | _FILLER | set(_MENDABLE)


# --- talk that looks for nothing -------------------------------------------------------------

_AFRESH = re.compile(
    r"\s*(?:(?:ok|okay|no|well|actually),?\s+)?(?:forget (?:that|it|about (?:that|it))|never ?mind"
    r"|(?:a )?(?:new|different|other|another) (?:question|search|topic)|start (?:over|again)|reset"
    r"|scrap that)\b[\s,.;:!-]*(?:and\b|then\b)?",
    re.IGNORECASE,
)
_POLITE = (
    r"(?:(?:please|pls|plz|can you|could you|would you|will you|can u|i want (?:you )?to"
    r"|i'd like (?:you )?to|i need (?:you )?to|i want u to|just|now|then|ok|okay|hey|so|and|go and"
    r"|help me|let's|lets|kindly|also)[\s,]+)*"
)
_CHANGES = re.compile(
    rf"\s*{_POLITE}(?:delete|remove|erase|get rid of|trash|edit|rewrite|rename|hide|archive|relabel"
    r"|retag|untag|tag|mark|correct|fix|repost|publish|upload|unpublish|download|email|send"
    r"|translate"
    r"|crop|rotate|backup|back up|share (?:this|that|it|them|these|those|my|the)"
    r"|post (?:this|that|it|a|an|the|my|something|new|for me)|write (?:me )?(?:a|an|new|the)\b"
    r"|change (?!to\b|it to (?:19|20)|that to (?:19|20))|make (?:it|them|this|that|these|those|my"
    r"|all)"
    r"(?:\s\w+){0,3}\s(?:private|public|positive|negative|neutral|hidden))\b",
    re.IGNORECASE,
)
_CAN_ONLY_LOOK = re.compile(
    r"\b(?:filters?|from (?:the )?(?:results?|list|search))\b", re.IGNORECASE
)
_HELP = re.compile(
    r"\s*(?:(?:hi|hello|hey|ok|so|please)[\s,!.]+)*(?:help(?: me)?(?: please)?$"
    r"|what (?:else )?(?:can|could|do)"
    r" (?:you|u|i|this)(?: \w+)? (?:do|ask|answer|find|search|know|understand)\b(?! about\b.*\d)"
    r"|how (?:do|does|can|should) (?:i|you|this|it|one) (?:use|work|ask|search|start|function)"
    r"|who are (?:you|u)|what are (?:you|u)(?: for)?$|what is this|instructions|commands"
    r"|give me (?:some )?"
    r"(?:examples?|ideas)|(?:show me )?(?:some )?examples?$|what (?:kind|kinds|sort|sorts|type"
    r"|types) of questions)",
    re.IGNORECASE,
)


def _small_talk(text: str) -> Plan | None:
    words = re.findall(r"[a-z']+", text.lower())
    if words and set(words) <= _words("thanks") and not _places_in(text):
        return Plan("thanks")
    if words and set(words) <= _words("greetings") | {"there", "you", "how", "are"}:
        return Plan("help")
    if _HELP.match(text):
        return Plan("help")
    if _CHANGES.match(text) and not _CAN_ONLY_LOOK.search(text):
        return Plan("refusal")
    return None


def _places_in(text: str) -> bool:
    return bool(_PLACE.search(text))


# --- what is to be done -----------------------------------------------------------------------

_NOUN = _alternatives(_POSTS)
_PLACE = re.compile(
    rf"\b(?:the\s+)?(?:(?P<word>{_alternatives(_PLACES)})(?:\s+{_NOUN}|\s+(?:hit|result))?"
    r"|(?:number|no\.?|nr\.?|num|#)\s*(?P<number>\d{1,2})|(?:post|picture|photo|pic|image"
    r"|result)\s+"
    rf"(?P<after>\d{{1,2}}|{_alternatives([n for n in _NUMBERS if n not in ('a', 'an')])}))\b(?!"
    rf"\s+(?:of|time|half|ever|i\b))",
    re.IGNORECASE,
)
_HASH = re.compile(r"#\s?(?P<number>\d{1,2})\b")
_SIMILAR = re.compile(
    r"\b(?:similar|alike|(?:more|others?|pictures|photos|posts|something|anything|ones"
    r"|stuff)\s+like"
    r"|looks?\s+like|resembl\w+|same kind|like (?=the|number|no|#|that one|this one))\b",
    re.IGNORECASE,
)
_SHOW = re.compile(
    r"\b(?:show|open|see|tell|about|what|what's|whats|which|describe|explain|details?|more"
    r"|enlarge|zoom"
    r"|look|view|info|when|where|who|why|expand|give|display)\b",
    re.IGNORECASE,
)
_REPLACE = re.compile(
    r"\s*(?:(?:ok|okay|and|so|well|hmm|now|then|cool|nice|great|thanks)[\s,]+)*(?:what about"
    r"|whatabout|how about"
    r"|how bout|what of|(?:the )?same (?:thing |question |search |one |again )?(?:for|with"
    r"|but for|but with|but)"
    r"|now (?:for|with|do|try)|try|do)\b",
    re.IGNORECASE,
)
_NARROW = re.compile(
    r"\s*(?:(?:ok|okay|so|well|hmm|yes|no|yeah|cool|nice|great|thanks|please)[\s,]+)*(?:(?:show"
    r"|give|find|list|keep)"
    r"\s+(?:me\s+)?(?:only|just)|(?:and|only|just|now|but|also|then|or|plus|instead|rather"
    r"|limit (?:it|that|them)?\s*to"
    r"|narrow (?:it|that|them)?\s*(?:down)?\s*to|filter|make (?:it|that)|change (?:it|that)?\s*to"
    r"|restrict (?:it|that)?"
    r"\s*to)\b|(?=(?:not|without|except|no|nothing|minus|excluding|none)\b))",
    re.IGNORECASE,
)
_REFER = re.compile(
    r"\b(?:those|them|these|there|of it|the ones|ones|that list|the list|the results?|it)\b",
    re.IGNORECASE,
)
_COUNT = re.compile(
    r"\b(?:how (?:many|often|much)|howmany|number of|amount of|count(?: of)?|total(?: of)?"
    r"|how frequently)\b",
    re.IGNORECASE,
)
_SHARE = re.compile(
    r"\b(?:what\s+)?(?:share|percentage|percent|proportion|fraction|ratio|part|%)\b(?:\s+of)?",
    re.IGNORECASE,
)
_GROUPS: dict[str, Facet] = {
    **{name: name for name in ("year", "month", "topic", "source", "sentiment")},
    **dict.fromkeys(("topics", "theme", "subject", "category"), "topic"),
    **dict.fromkeys(("mood", "feeling", "emotion"), "sentiment"),
    "account": "source",
}
_GROUP = "|".join(sorted(_GROUPS, key=len, reverse=True))
_BY = re.compile(
    rf"\b(?:by|per|each|every|for each|for every|(?<=many )a|(?<=posts )a|split(?: up)? by"
    rf"|grouped by|broken down by|in each"
    rf"|in every|according to|across)\s+(?:the\s+)?(?P<one>{_GROUP})s?(?:\s*(?:and|x|,|by|per"
    rf"|&)\s*(?:by\s+)?(?P<two>{_GROUP})s?)?\b"
    rf"|\b(?P<yearly>yearly|annually|monthly)\b",
    re.IGNORECASE,
)
_MOOD_OVER_TIME = re.compile(
    r"\b(?:mood|moods|sentiment|sentiments|feelings?|emotions?)\b.*\b(?:over|through(?:out)?"
    r"|across|during|develop\w*|chang\w*|evol\w*"
    r"|time(?:line)?)\b|\bover (?:the )?(?:time|years|months)\b.*\b(?:mood|sentiment|feelings?)\b"
    r"|\bmood\w* (?:timeline|trend|history)\b",
    re.IGNORECASE,
)
_MOST_TOPIC = re.compile(
    rf"\b(?:(?:what|which)\s+(?:kinds? of\s+)?(?:topics?|themes?|subjects?|things"
    rf"|stuff)\b(?=.*\b(?:most\w*|often|main\w*|usually|post|about|common|popular|do i|are)\b)"
    rf"|(?:what|wat)\b.*\b(?:post|posted|posting|write|share|talk|about)\b.*\b(?:most\w*|the most"
    rf"|mainly|usually|all the time|often)\b"
    rf"|(?:top|main|favou?rite|common\w*|biggest|most frequent|popular)\s+(?:{_GROUP})s?"
    rf"|my topics)\b",
    re.IGNORECASE,
)
_WHEN = re.compile(
    r"\b(?:(?:in\s+)?(?:which|what|wich)\s+(?P<unit>year|month)s?|when)\b(?=.*\b(?:most|happiest"
    r"|saddest|best|worst|angriest|grumpiest|least"
    r"|more|highest|often|funniest|loneliest)\b)|\b(?:my|the)\s+(?P<mood>\w+)\s+(?P<unit2>year"
    r"|month)s?\b",
    re.IGNORECASE,
)
_EXTREME = re.compile(
    rf"\b(?:my\s+|the\s+)?(?:(?P<most>most|least)\s+(?P<felt>positive|negative|happy|sad)"
    rf"|(?P<word>{_alternatives(_SUPERLATIVES)}))"
    rf"(?:\s+(?P<n>\d{{1,2}}|{_alternatives(_NUMBERS)}))?\s+(?P<noun>{_NOUN})\b",
    re.IGNORECASE,
)
_FIRST_OR_LAST = re.compile(
    rf"\b(?:my|the)?\s*(?:very\s+)?(?P<old>first|oldest|earliest)\b(?:\s+(?P<n>\d{{1,2}}"
    rf"|{_alternatives(_NUMBERS)}))?(?=(?:\s+[\w'-]+){{0,3}}?\s+{_NOUN}|\s+(?:time|ever))"
    rf"|\b(?:my|the)?\s*(?:very\s+)?(?P<new>last|latest|newest|most recent"
    rf"|recent)\b(?:\s+(?P<n2>\d{{1,2}}"
    rf"|{_alternatives(_NUMBERS)}))?(?=(?:\s+[\w'-]+){{0,3}}?\s+{_NOUN}|\s+time)",
    re.IGNORECASE,
)
_LIMIT = re.compile(
    rf"\b(?:top|the|any|only|just)?\s*(?P<n>\d{{1,2}}"
    rf"|{_alternatives([n for n in _NUMBERS if n not in ('a', 'an')])})(?=(?:\s+(?!years?|months?"
    rf"|weeks?|days?)[\w'-]+){{0,2}}?\s+{_NOUN}\b)"
    r"|\btop\s+(?P<n2>\d{1,2})\b",
    re.IGNORECASE,
)
_COMPARE = re.compile(
    r"\b(?:compar\w+|versus|vs\.?|difference\w* between)\b"
    r"|\b(?:more|less|fewer|rather|better|worse|happier|sadder|angrier|grumpier|gloomier"
    r"|unhappier|funnier|nicer)\b.*\b(?:than|or)\b",
    re.IGNORECASE,
)
_SIDES = re.compile(
    r"\s(?:versus|vs\.?|compared (?:to|with)|against|as opposed to|or rather|or|than|and|with|to"
    r"|&)\s",
    re.IGNORECASE,
)
_NO_CAPTION = re.compile(
    r"\b(?:without|with no|no|missing|lacking|that lack|have no|has no|having no|dont have"
    r"|don't have|doesn't have)\s+(?:any\s+|a\s+)?"
    r"(?:captions?|text|words|description)\b|\b(?:uncaptioned|captionless|caption-less"
    r"|not captioned)\b",
    re.IGNORECASE,
)
_WITH_CAPTION = re.compile(
    r"\b(?:with|that have|having)\s+(?:a\s+|some\s+)?captions?\b|\bcaptioned\b", re.IGNORECASE
)
_DISAGREE = re.compile(
    r"\b(?:where|when|whose|that|which|with)?\s*(?:the\s+)?(?:captions?|text|words?)?\s*(?:and|&"
    r"|vs)?\s*(?:the\s+)?(?:pictures?|images?|photos?)?"
    r"\s*(?:do not|don't|dont|does not|doesn't|doesnt)?\s*(?:disagree\w*|contradict\w*"
    r"|mismatch\w*|not match|conflict\w*|say different things"
    r"|tell different (?:things|stories)|differ\b)(?:\s+(?:about|on|in"
    r"|over)(?:\s+the)?(?:\s+(?:topics?|sentiments?|mood))?)?"
    r"(?:\s+(?:each other|with\b.*?(?:captions?|pictures?|images?|photos?)))?",
    re.IGNORECASE,
)
_NOT = (
    r"\b(?:not|no|never|non|isn't|isnt|aren't|arent|wasn't|wasnt|weren't|werent|without"
    r"|except(?:\s+for)?|excluding|minus|nothing|none"
    r"|anything but|other than|don't|dont|didn't|didnt|neither|nor|skip|leave out)(?:\s+"
    r"|-)(?:(?:the|any|a|an|so|very|at all|really|too"
    r"|that|those|being|all|of|ones?|posts?|pictures?|feeling|feel|look|looking|about|quite"
    r"|particularly|my|just|exactly)\s+)*$"
)
_NEGATED = re.compile(_NOT, re.IGNORECASE)
_MORE_THAN = re.compile(
    r"\b(?:more|rather)\s+(?P<one>[\w-]+)\s+than\s+(?P<other>[\w-]+)", re.IGNORECASE
)
_ASKS = re.compile(
    r"\s*(?:so |and |hey |ok |well )*(?:were|are|was|is|am|do|did|have|has|had|which|what|who"
    r"|does|compare|how)\b",
    re.IGNORECASE,
)
_LEFT_OUT = re.compile(
    r"\b(?:but\s+no|but\s+not|and\s+no|without|except(?:\s+for)?|excluding|minus|no"
    r"|not)\s+(?:any\s+|the\s+|a\s+|with\s+)?(?P<word>[a-z][\w'-]*)",
    re.IGNORECASE,
)
_TOKEN = re.compile(r"\x00|[,;:()]|-?[^\W_][\w'’-]*", re.UNICODE)
_WEAK = frozenset(WORDS["talk"]["weak"].split())


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

    def __init__(self, text: str, today: date, lexicon: Lexicon, previous: Plan | None) -> None:
        self._text = text
        self._today = today
        self._lexicon = lexicon
        self._previous = previous.posts if previous else None
        self._previous_kind = previous.kind if previous else None

    def plan(self) -> Plan:
        whole = self._text
        lead = self._lead() if self._previous is not None else None
        order, limit = self._first_or_last()
        periods = self._periods()
        if found := self._one_post(lead):
            return found
        if self._compares() and (plan := self._comparison(periods)):
            return plan
        by = self._groups()
        counts = bool(self._take(_COUNT)) or bool(by)
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
        for name, pattern in (("replace", _REPLACE), ("narrow", _NARROW)):
            found = pattern.match(self._text)
            if found:
                self._text = " " + self._text[found.end() :]
                return name
        return None

    def _periods(self) -> list[Period]:
        periods: list[Period] = []
        while len(periods) < 4 and (named := find_period(self._text, self._today)):
            periods.append(named.period)
            self._text = self._text[: named.start] + _BREAK + self._text[named.end :]
        return periods

    def _first_or_last(self) -> tuple[str, int | None]:
        """First and last in time; places in a list that was shown are something else."""
        found = _FIRST_OR_LAST.search(self._text)
        if not found:
            return "relevance", None
        if self._previous is not None and (
            _SIMILAR.search(self._text) or _BARE_PLACE.fullmatch(self._text.strip())
        ):
            return "relevance", None
        after = self._text[found.end() :].strip().lower()
        if re.match(
            r"(?:year|month|week|weekend|night|day|summer|winter|spring|autumn|fall|half)s?\b",
            after,
        ):
            return "relevance", None
        number = found["n"] or found["n2"]
        plural = re.match(rf"(?:[\w'-]+\s+){{0,3}}?{_NOUN}", after)
        several = bool(plural and plural[0].endswith("s"))
        self._text = self._text[: found.start()] + " " + self._text[found.end() :]
        limit = _count_of(number) if number else (None if several else 1)
        return ("oldest" if found["old"] else "newest"), limit

    def _one_post(self, lead: str | None) -> Plan | None:
        found = _HASH.search(self._text) or _PLACE.search(self._text)
        if self._previous is None and not (found and found.groupdict().get("number")):
            if _SIMILAR.search(self._text) and found:
                return Plan("similar", FindSimilar(number=_place_of(found)))
            return None
        similar = _SIMILAR.search(self._text)
        if similar and not found and re.search(r"\b(?:this|that|it)(?: one)?\s*$", self._text):
            return Plan("similar", FindSimilar(number=1))
        if not found:
            return None
        if similar:
            return Plan("similar", FindSimilar(number=_place_of(found)))
        rest = self._text[: found.start()] + self._text[found.end() :]
        if lead == "replace" or _SHOW.search(self._text) or not self._content(rest):
            return Plan("show", ShowPost(number=_place_of(found)))
        return None

    # --- counting and comparing

    _shares = False

    def _groups(self) -> tuple[Facet, ...]:
        if _MOOD_OVER_TIME.search(self._text):
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
        if found := self._take(_BY):
            if found["yearly"]:
                return ("month",) if found["yearly"].lower() == "monthly" else ("year",)
            names = [_GROUPS[found[name].lower()] for name in ("one", "two") if found[name]]
            return tuple(dict.fromkeys(names))
        if found := self._take(_SHARE):
            self._shares = True
            return ("sentiment",)
        if self._take(_MOST_TOPIC):
            return ("topic",)
        if found := _WHEN.search(self._text):
            mood = (found["mood"] or "").lower()
            if mood and mood not in _SUPERLATIVES and mood not in ("best", "worst"):
                return ()
            unit = _GROUPS[(found["unit"] or found["unit2"] or "month").lower()]
            self._text = re.sub(
                r"(?i)\b(?:in\s+)?(?:which|what|wich)\s+(?:year|month)s?\b|\bwhen\b|\bmost\b"
                r"|\b(?:year|month)s?\b",
                " ",
                self._text,
            )
            return (unit,)
        return ()

    def _compares(self) -> bool:
        found = _COMPARE.search(self._text)
        if not found:
            return False
        more = _MORE_THAN.search(self._text)
        if more and self._felt(more["one"]) and self._felt(more["other"]):
            return bool(_ASKS.match(self._text))
        return not _COUNT.search(self._text) or "than" in found[0].lower()

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
            part = _Reading(f" {side} ", self._today, self._lexicon, None)
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
            if self._felt(word) and (word.lower() in _COMPARATIVES or _is_verb_of_mood(word))
            else word
            for word in kept.split(" ")
        ]
        self._text = " ".join(words)

    def _extreme(self) -> tuple[str, int | None] | None:
        found = _EXTREME.search(self._text)
        if not found:
            return None
        felt = found["felt"] or found["word"]
        sentiment = _SUPERLATIVES.get(felt.lower()) or _FEELINGS[felt.lower()]
        if (found["most"] or "").lower() == "least":
            sentiment = "negative" if sentiment == "positive" else "positive"
        self._text = self._text[: found.start()] + _BREAK + self._text[found.end() :]
        number = found["n"]
        limit = (
            _count_of(number) if number else (None if found["noun"].lower().endswith("s") else 1)
        )
        return ("most_positive" if sentiment == "positive" else "most_negative"), limit

    def _limit(self) -> int | None:
        if _COUNT.search(self._text):
            return None
        found = self._take(_LIMIT)
        return _count_of(found["n"] or found["n2"]) if found else None

    # --- what posts are meant

    def _posts(self, periods: Sequence[Period]) -> _Asked:
        asked = _Asked()
        for period in periods[:1]:
            vars(asked).update(_days(period))
        if self._take(_NO_CAPTION):
            asked.has_caption = False
        elif self._take(_WITH_CAPTION):
            asked.has_caption = True
        if found := self._take(_DISAGREE):
            asked.disagreement = "topics" if "topic" in found[0].lower() else "sentiment"
        asked.sentiments = self._sentiments()
        self._leave_out()
        asked.topics, asked.query = self._topics_and_query()
        return asked

    def _felt(self, word: str) -> Sentiment | None:
        low = word.lower().strip("-'")
        if low in _FEELINGS:
            return _FEELINGS[low]
        if low in self._lexicon.topics or low in _KNOWN or len(low) < 4:
            return None
        return self._lexicon.feeling(low)

    def _sentiments(self) -> tuple[FeltAs, ...]:
        """Feelings that are named, and those that are left when some are ruled out."""
        more = _MORE_THAN.search(self._text)
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
            negation = _NEGATED.search(before)
            if negation or (unwanted and re.fullmatch(r"\s*(?:or|nor|and)\s*(?:the\s+)?", before)):
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
            return found[0] if word in _FILLER | _POSTS else f" \x00 -{word} "

        self._text = _LEFT_OUT.sub(minus, self._text)

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
        refers = self._previous is not None and bool(_REFER.search(whole))
        filters_alone = bool(given) and "query" not in given and len(whole.split()) <= 6
        follows = self._previous is not None and (
            lead is not None or (refers and "query" not in given) or (filters_alone and not counts)
        )
        if follows and self._previous is not None:
            base = self._previous.model_dump(exclude_defaults=True)
            fields = {k: v for k, v in base.items() if k in Posts.model_fields}
            if {"since", "until", "month_day"} & given.keys():
                fields = {
                    k: v for k, v in fields.items() if k not in ("since", "until", "month_day")
                }
            if lead == "replace" and ("query" in given or "topics" in given):
                fields = {k: v for k, v in fields.items() if k not in ("query", "topics")}
            if (
                lead == "narrow"
                and "query" in given
                and given["query"].startswith("-")
                and fields.get("query")
            ):
                given["query"] = f"{fields['query']} {given['query']}"
            given = fields | given
            shows = (
                re.search(r"\b(?:show|see|list|display|find)\b", whole, re.IGNORECASE) and refers
            )
            if self._previous_kind == "count" and not counts and not shows:
                counts, by = True, by or getattr(self._previous, "group_by", ())
        if counts:
            return Plan("count", CountPosts(**given, group_by=by))
        search = dict(given)
        if order != "relevance":
            search["order"] = order
        if limit is not None:
            search["limit"] = max(1, min(limit, MOST_SHOWN))
        if not search and not follows and not _asks_for_all(whole):
            return Plan("unclear")
        return Plan("find", SearchPosts(**search))


_BARE_PLACE = re.compile(
    rf"(?:(?:ok|okay|and|so|please|show|open|see|tell|me|about|what|is|what's|in|more|give|the|a"
    rf"|details|of|on|describe)\s+)*"
    rf"(?:{_alternatives(_PLACES)})(?:\s+(?:one|post|picture|photo|pic|image|result"
    rf"|hit))?(?:\s+please)?",
    re.IGNORECASE,
)
_COMPARATIVES = frozenset(
    word
    for word in _FEELINGS
    if word.endswith("ier") or word in ("better", "worse", "sadder", "nicer")
)


def _is_verb_of_mood(word: str) -> bool:
    return bool(re.fullmatch(r"(?i)(?:complain|moan|rant|whin|whing|enjoy|smil|laugh)\w*", word))


def _asks_for_all(text: str) -> bool:
    words = set(re.findall(r"[a-z]+", text.lower()))
    return (
        bool(words & _POSTS - {"ones", "one", "thing", "things"})
        or {"everything", "all"} & words != set()
    )


def _runs(text: str) -> list[list[str]]:
    """Words that say something, in runs of neighbours; weak words only beside others."""
    runs: list[list[str]] = [[]]
    for token in _TOKEN.findall(text):
        token = re.sub(r"'s?$", "", token)
        low = token.lower()
        if token[0] in "\x00,;:()" or low in _FILLER or low in _POSTS or len(low.strip("-'")) < 2:
            runs.append([])
        else:
            if low.startswith("-"):
                runs.append([])
            runs[-1].append(token)
    return [run for run in runs if any(word.lower() not in _WEAK for word in run)]


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
        return _PLACES[groups["word"].lower()]
    return _count_of(groups.get("number") or groups.get("after"))


def _count_of(text: str | None) -> int:
    text = (text or "1").lower()
    return int(text) if text.isdigit() else _NUMBERS[text]


def _days(period: Period) -> dict[str, Any]:
    """A period as a tool's arguments."""
    if period.month_day:
        return {"month_day": "{:02}-{:02}".format(*period.month_day)}
    days = {"since": period.since, "until": period.until}
    return {name: day.isoformat() for name, day in days.items() if day}
