"""What in a question is the request, and what is only talk around it.

People tell why they ask ("my sister says I only whine, so how many negative posts …"). Words of
that talk would be looked for, so only the clauses that ask are kept, with what belongs to them:
the things named right before them, and what is added after them.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from chat_app.understanding import frames
from chat_app.understanding.spans import runs_of
from chat_app.understanding.words import NUMBERS, POSTS, any_of

_POSTS = POSTS - {"things", "thing", "stuff"}  # those are of anything
_BEFORE = (
    r"(?:(?:please|pls|plz|so|and|but|or|ok|okay|oh|well|hey|hi|now|then|also|just|right|alright"
    r"|fine|sure|huh|hmm|hm|lol|ha|ah|um|ugh|wow|cool|nice|great|thanks|yes|yeah|no|nah|at least"
    r"|actually|anyway|first|namely|wait|honestly|i wonder|tell me|do you know|any idea|dear)\s+)*"
)
_ASKS = (
    r"(?:how (?:many|much|often|frequently)\b|number of\b|count\b|what\b(?! an?\b)|whats\b|which\b"
    r"|when (?:was|were|did|do|does|is|are|have)\b|where (?:is|are|did|do|were)\b|wheres\b|who\b"
    r"|show\b|find\b|give\b|get me\b|list\b|open\b|pull\b|dig\b|bring up\b|look (?:for|up|at)\b"
    r"|search\b|see\b|display\b|let me\b|lemme\b|compare\b|check\b|fetch\b|split\b|sort\b"
    r"|i (?:want|need|would like)\b"
    r"(?! (?:you )?to (?!see|find|look|know|check|compare|count|show|have|get))"
    r"|i (?:am looking|search)\b|i'?d (?:like|love)\b|i'?m looking\b"
    r"|(?:by|per|each|every) (?:year|month|topic|account|source|mood)\b|let'?s\b"
    rf"|(?:all|{any_of(NUMBERS.keys() - {'a', 'an', 'one'})}|\d+)\s+(?:[\w-]+\s+){{0,3}}"
    rf"{any_of(_POSTS)}\b"
    r"|can (?:you|u|i|we)\b|could (?:you|u|i|we)\b|would (?:you|u)\b|will (?:you|u)\b"
    r"|(?:do|did|have|am|was|were) i\b|were there\b|are there\b|is there\b|got any\b|have i got\b"
    r"|treat me with\b|keep (?:only|just)\b|group\b|fetch\b"
    r"|(?:is|are) (?:my|the|our|his|her|their)\b|repeat\b"
    r"|was it\b|is it\b|gimme\b|break\b|what if\b|whatever\b|any\b|anything\b|everything\b|only\b"
    r"|what about\b|how about\b|do (?:it|the same)\b|same\b"
    r"|similar\b|more like\b|without\b|except\b|skip\b|switch\b|swap\b|narrow\b|limit\b"
    r"|filter\b|change\b|make\b(?! me\b))"
)
_STRONG = re.compile(rf"\s*{_BEFORE}{_ASKS}", re.IGNORECASE)
_NAMES_POSTS = re.compile(rf"\b{any_of(_POSTS - {'one', 'shot'})}\b", re.IGNORECASE)
_NOUNS = re.compile(rf"\b{any_of(_POSTS - {'one', 'ones', 'shot'})}\b", re.IGNORECASE)
_NARRATIVE = re.compile(
    r"\b(?:i|it|i'm|im|i've|ive|i'll|he|she|it's|its|that's|thats|they|they're|we|we're|you|you're|his|her|their"
    r"|was|were|is|are|has|have|had|because|while|asking|says|said|keeps|wants|swears|told|must"
    r"|might|nobody|no one|when things|before i)\b",
    re.IGNORECASE,
)
_POINTS_BACK = re.compile(r"\b(?:it|them|all|any|one|they|that|those|these)\b", re.IGNORECASE)
_INSIDE = re.compile(
    r"\b(?:if|whether)\s+(?=(?:you|u|i|we)\b)"
    r"|(?=\b(?:could|can|would|will) (?:you|u)\b)"
    r"|(?=\b(?:show|find|give|get) me\b|\blet me see\b|\bpull up\b|\bdig up\b|\bcount\b)"
    r"|(?=\bhow (?:many|often|much)\b|\bwhat (?:percentage|share)\b|\bwhat'?s my\b)"
    r"|(?=\b(?:find|fetch|show|pull up|dig up|bring up) (?:the|my|all|some|any)\b)"
    r"|\b(?:i'?d (?:love|like)|i would (?:so |really |dearly )?(?:love|like)"
    r"|i (?:want|need)) to (?=(?:find|see|look|check|know|count|compare)\b)"
    r"|(?=\b(?:did|have|do|was|am) i\b)|(?=\bi (?:post|posted|write|share)\w* more\b)"
    r"|\band (?:i |we )?need\b(?=[\w' ]* (?:photos|pictures|posts|pics|images)\b)"
    r"|(?=\bwhat (?:have|did) i\b)|(?=\bhow my (?:mood|sentiment|feelings?)\b)",
    re.IGNORECASE,
)
_GOES_ON = re.compile(
    r"\s*(?:as long as|but|only|without|not|except|where|which|who|with|from|in|the ones?"
    r"|that(?!'?s (?:my|more|just|so|what|why|how|me)\b| (?:was|is)\b))\b",
    re.IGNORECASE,
)
_BEFORE_POSTS = 4  # words that a clause which names posts begins with, before it does
_PREAMBLE = 4  # words, which is less than some things have that are looked for
_ANYWAY = re.compile(
    r"^.*\b(?:(?<!thanks )anyways?|long story short)\s*[!,.:]+(?=\s+\w+\s*\S)", re.IGNORECASE
)
_ASKING = 2  # how sure one clause has to be, for the others to be talk
_ABOUT = re.compile(r".*\b(?:about|of)\s+", re.IGNORECASE)
_BY_WHICH = re.compile(r"\b(?:which|what|who)\b.*\b(?:more|most|less)\b", re.IGNORECASE)
_EITHER = re.compile(r"\w+ or \w+", re.IGNORECASE)
_AND_SO = re.compile(r"\band (?:now|so|then|i)\b|\bbut\b", re.IGNORECASE)
_SENTENCE = re.compile(r"[.!?…]+(?=\s|$)|\.{2,}")
_CLAUSE = re.compile(r"[;:]+(?=\s|$)|,(?=\s)|\s[-—]+\s|\s\(|\)\s?")


@dataclass(frozen=True, slots=True)
class _Clause:
    text: str
    sentence: int
    goes_on: bool  # there is a question before it that it may take up

    @property
    def asks(self) -> int:
        """How sure it is that it asks for something."""
        is_strong = _STRONG.match(self.text) is not None or self._takes_up
        embedded = _INSIDE.search(self.text) is not None
        names = _NAMES_POSTS.search(self.text) is not None
        return 3 * is_strong + 2 * (embedded and not is_strong) + names

    @property
    def _takes_up(self) -> bool:
        """Whether it begins like a follow-up: "and in 2021", "just the 2019 ones"."""
        lead = (
            frames.REPLACE.match(self.text)
            or frames.NARROW.match(self.text)
            or frames.AMONG.match(self.text)
        )
        return self.goes_on and bool(lead and not _NARRATIVE.search(self.text, lead.end()))

    @property
    def points_at_last(self) -> bool:
        """Whether what it is about was named by the question before."""
        return self.goes_on and (self._takes_up or frames.AMONG.search(self.text) is not None)

    @property
    def is_narrative(self) -> bool:
        named = _NOUNS.search(self.text)  # "the library posts where I was miserable"
        begins = self.text[: named.start()] if named else ""
        if named and len(begins.split()) <= _BEFORE_POSTS and not _NARRATIVE.search(begins):
            return False
        return _NARRATIVE.search(self.text) is not None


def without_preamble(text: str) -> str:
    """What is asked for once somebody has told of themselves: "…, anyway! …", "I am bored: …"."""
    text = _ANYWAY.sub(" ", text)
    before, colon, after = text.partition(": ")
    is_talk = len(before.split()) >= _PREAMBLE and _NARRATIVE.search(before)
    if not colon or not is_talk or _NOUNS.search(before) or _POINTS_BACK.search(after):
        return text
    return f" {after}" if runs_of(after) else text


def request_in(text: str, *, goes_on: bool = False) -> tuple[str, str]:
    """The request, and the talk around it; a question without any talk is all request.

    `goes_on`: there was a question before it.
    """
    clauses = [
        _Clause(clause, number, goes_on)
        for number, sentence in enumerate(_SENTENCE.split(text))
        for clause in _CLAUSE.split(sentence)
        if clause and clause.strip()
    ]
    most = max((clause.asks for clause in clauses), default=0)
    if len(clauses) < 2 or most == 0:
        return _inner(text) if most else _after_talk(clauses, text)
    if most < _ASKING:
        return _after_talk(clauses, text)
    asking = [place for place, clause in enumerate(clauses) if clause.asks == most]
    first, kept = asking[0], set(asking)
    sentences = {clauses[place].sentence for place in asking}
    for place, clause in enumerate(clauses):
        added = place > first and clause.sentence in sentences
        if added and (not clause.is_narrative or _GOES_ON.match(clause.text)):
            kept.add(place)
    if first and _BY_WHICH.search(clauses[first].text) and _EITHER.search(clauses[first - 1].text):
        kept.add(first - 1)  # "cats or dogs, which do I post more?"
    inner = {place: _inner(clauses[place].text) for place in kept}
    asked, own = inner[first]
    if _POINTS_BACK.search(asked) and _ABOUT.match(own):
        inner[first] = (f"{asked} , {_AND_SO.split(_ABOUT.sub('', own))[0]}", "")
    elif not clauses[first].points_at_last and not any(
        runs_of(request) for request, _ in inner.values()
    ):
        _add_what_is_pointed_at(clauses, first, inner)
    request = " , ".join(inner[place][0] for place in sorted(inner))
    talk = [clause.text for place, clause in enumerate(clauses) if place not in inner]
    return request, " , ".join([*talk, *(rest for _, rest in inner.values() if rest)])


def _add_what_is_pointed_at(
    clauses: list[_Clause], first: int, inner: dict[int, tuple[str, str]]
) -> None:
    """The things right before a request that only points at them: "neon signs: did I post any?"."""
    if not _POINTS_BACK.search(inner[first][0]) and len(clauses[first].text.split()) > 2:
        return
    nearest_first = sorted(range(first), key=lambda place: (clauses[place].asks == 0, -place))
    for place in nearest_first:
        clause = clauses[place]
        thing = _ABOUT.sub("", _inner(clause.text)[0]) if clause.is_narrative else clause.text
        if clause.is_narrative and thing == clause.text:
            continue
        if runs_of(thing) or clause.asks:
            inner[place] = (thing, "")
            return


def _after_talk(clauses: list[_Clause], text: str) -> tuple[str, str]:
    """Without any clause that asks: what is named, once somebody has told of themselves."""
    if not any(clause.is_narrative for clause in clauses):
        return text, ""
    last = clauses[-1].sentence
    named = [place for place, each in enumerate(clauses) if not each.is_narrative]
    of_last = [place for place in named if clauses[place].sentence == last]
    of_posts = [place for place in named if clauses[place].asks]
    first = next((p for p in of_posts or of_last or named if runs_of(clauses[p].text)), None)
    if first is None:
        return text, ""
    kept = [
        place
        for place, each in enumerate(clauses)
        if place == first or (place > first and (place in named or _GOES_ON.match(each.text)))
    ]
    told = [each.text for place, each in enumerate(clauses) if place not in kept]
    return " , ".join(clauses[place].text for place in kept), " , ".join(told)


def _inner(clause: str) -> tuple[str, str]:
    """A request that begins inside a clause: "I wondered if you could dig up …"."""
    for found in _INSIDE.finditer(clause):
        before = clause[: found.start()]
        if _NARRATIVE.search(before) and not _STRONG.match(clause):
            return clause[found.end() :], before
    return clause, ""
