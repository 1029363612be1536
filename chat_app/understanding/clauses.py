"""What in a question is the request, and what is only talk around it.

People tell why they ask ("my sister says I only whine, so how many negative posts …"). Words of
that talk would be looked for, so whole clauses are left out: those that ask for nothing and are
about somebody, where another clause does ask. Times are kept whatever clause they stand in.
"""

from __future__ import annotations

import re

_POLITE = (
    r"(?:(?:please|pls|plz|so|and|but|or|ok|okay|oh|well|hey|hi|now|then|also|just|right|alright"
    r"|fine|sure"
    r"|huh|hmm|lol|ha|ah|um|ugh|wow|cool|nice|great|thanks|yes|yeah|no|nah|at least|actually"
    r"|anyway|first"
    r"|i wonder|tell me|do you know|any idea)\s+)*"
)
_ASKS = (
    r"(?:how (?:many|much|often|frequently)|number of|count\b|what\b(?! an?\b)|whats\b|which\b"
    r"|when (?:was|were|did|do|does|is|are|have)\b|where\b|wheres\b"
    r"|who\b|show\b|find\b|give\b|get me|list\b|open\b|pull up|dig (?:up|out)|bring up"
    r"|look (?:for|up)|search"
    r"|see\b|display|let me|lemme|gimme|compare\b|i (?:want|need|would like|am looking|search)\b"
    r"|(?:i'd|id) (?:like|love)\b|i'm looking|im looking|can (?:you|u|i|we)\b|could (?:you|u|i"
    r"|we)\b"
    r"|would (?:you|u)\b|will (?:you|u)\b|do i\b|did i\b|have i\b|am i\b|was i\b|were there"
    r"|are there"
    r"|is there|there (?:are|is)\b|any\b|only\b|just\b|what about|how about|do the same|same\b"
    r"|similar"
    r"|more like|not\b|without\b|except\b|leave\b|take\b|skip\b|keep\b|narrow|limit|filter|change\b"
    r"|make\b|my\b|all\b|everything\b|posts?\b|pictures?\b|photos?\b|pics?\b|if we look|if i look"
    r"|by\b|per\b)"
)
_REQUEST = re.compile(rf"\s*{_POLITE}{_ASKS}", re.IGNORECASE)
_STRONG = re.compile(
    rf"\s*{_POLITE}(?:how (?:many|much|often)|show\b|find\b|give\b|list\b|pull up|dig (?:up|out)"
    rf"|let me"
    r"|lemme|compare\b|can (?:you|u)\b|could (?:you|u)\b|do i\b|did i\b|what\b(?! an?\b)|which\b"
    r"|when (?:was|were|did|do|is)\b|where\b"
    r"|what about|how about|do the same|i want\b|i need\b|any\b|open\b|only\b|skip\b|tell me)",
    re.IGNORECASE,
)
_ABOUT_SOMEBODY = re.compile(
    r"\b(?:i|i'm|im|i've|ive|he|she|it's|its|they|we|we're|you|my|our|his|her|their|was|were|is|are"
    r"|because|asking|must|might|when things)\b",
    re.IGNORECASE,
)
_INSIDE = re.compile(
    r"\b(?:if|whether|and|so|that|but)\s+(?=(?:you|u|i|we)\s+(?:could|can|would"
    r"|might)\s+(?:please\s+)?\w+)"
    r"|(?=\b(?:could|can|would|will) (?:you|u)\b)|(?=\b(?:show me|find me|give me|let me see"
    r"|pull up|dig up)\b)"
    r"|(?=\bhow (?:many|often|much)\b)|(?=\bwhat percentage\b)",
    re.IGNORECASE,
)
_ENDS = re.compile(
    r"[.;:!?]+(?=\s|$)|,(?=\s)|\s-\s|\.{2,}|\s\(|\)\s|(?<=\s)(?:but|so)\s(?=how|what|show|where)"
)


def request_in(text: str) -> tuple[str, str]:
    """The request, and the talk around it; a question without any talk is all request."""
    clauses = [clause for clause in _ENDS.split(text) if clause and clause.strip()]
    asking = [clause for clause in clauses if _REQUEST.match(clause)]
    strong = [clause for clause in clauses if _STRONG.match(clause)]
    if not asking:
        return _inner(text)
    wanted = strong or asking
    kept, talk = [], []
    for clause in clauses:
        is_talk = clause not in wanted and _ABOUT_SOMEBODY.search(clause)
        before = clause not in wanted and clauses.index(clause) < clauses.index(wanted[0])
        if is_talk or (before and strong):
            talk.append(clause)
        else:
            request, rest = _inner(clause)
            kept.append(request)
            talk.append(rest)
    return " , ".join(kept), " , ".join(each for each in talk if each)


def _inner(clause: str) -> tuple[str, str]:
    """A request that begins inside a clause: "I wondered if you could dig up …"."""
    found = None
    for found in _INSIDE.finditer(clause):  # noqa: B007 - the last one is wanted
        pass
    if found is None or not _ABOUT_SOMEBODY.search(clause[: found.start()]):
        return clause, ""
    return clause[found.end() :], clause[: found.start()]
