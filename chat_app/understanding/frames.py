"""How people ask: the phrases that say what is to be done with which posts."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from chat_app.understanding.words import FEELINGS, NUMBERS, PLACES, POSTS, SUPERLATIVES, any_of

if TYPE_CHECKING:
    from retrieval.catalog.facets import Facet
    from retrieval.catalog.ordering import Order

# --- talk that looks for nothing -------------------------------------------------------------

AFRESH = re.compile(
    r"\s*(?:(?:ok|okay|no|well|actually),?\s+)?(?:forget (?:that|it|about (?:that|it))|never ?mind"
    r"|(?:a )?(?:new|different|other|another) (?:question|search|topic)|start (?:over|again)|reset"
    r"|(?:scrap|scratch) (?:that|it|the \w+))\b[\s,.;:!-]*(?:and\b|then\b)?",
    re.IGNORECASE,
)
POLITE = (
    r"(?:(?:please|pls|plz|can you|could you|would you|will you|can u|i want (?:you )?to"
    r"|i'd like (?:you )?to|i need (?:you )?to|i want u to|just|now|then|ok|okay|hey|so|and|go and"
    r"|help me|let's|lets|kindly|also|while you(?:'re|r| are) at it)[\s,]+)*"
)
CHANGES = re.compile(
    rf"\s*{POLITE}(?:delete|remove|erase|get rid of|take (?:\w+ )?(?:down|off)\b|trash|edit"
    r"|rewrite|rename|hide|archive|relabel|retag|untag|tag|mark|correct|fix|repost|publish|upload"
    r"|unpublish|download|email|send|translate"
    r"|crop|rotate|backup|back up|share (?:this|that|it|them|these|those|my|the)"
    r"|post (?:this|that|it|a|an|the|my|something|new|for me)"
    r"|write (?:me )?(?:a|an|new|the|captions?)\b|add (?:a |the )?captions?\b"
    r"|change (?!to\b|it to (?:19|20)|that to (?:19|20))|make (?:it|them|this|that|these|those|my"
    r"|all)"
    r"(?:\s\w+){0,3}\s(?:private|public|positive|negative|neutral|hidden))\b",
    re.IGNORECASE,
)
CAN_ONLY_LOOK = re.compile(
    r"\b(?:filters?|from (?:the )?(?:results?|list|search))\b", re.IGNORECASE
)
HELP = re.compile(
    r"\s*(?:(?:hi|hello|hey|ok|so|please)[\s,!.]+)*(?:help(?: me)?(?: please)?\s*$"
    r"|what (?:else )?(?:can|could|do|are|is)?\s*(?:you|u|i|this|it)(?: are| is)?(?: \w+)?(?: to)?"
    r" (?:do|ask|answer|find|search|know|understand|help)\b(?! about\b.*\d)(?: me)?(?: with| for)?"
    r"(?: me)?(?:,? please)?\s*$"
    r"|what (?:can|could) (?:you|u|i|this|it) do (?:with|for|about) (?:my|me|these|the)\b[\s\w]*$"
    r"|how (?:do|does|can|should) (?:i|you|this|it|one) (?:use|work|ask|search|start|function)"
    r"|who are (?:you|u)|what are (?:you|u)(?: for)?$|what is this|instructions|commands"
    r"|give me (?:some )?"
    r"(?:examples?|ideas)|(?:show me )?(?:some )?examples?$|what (?:kind|kinds|sort|sorts|type"
    r"|types) of questions)",
    re.IGNORECASE,
)


# --- what is to be done -----------------------------------------------------------------------

NOUN = any_of(POSTS)
PLACE = re.compile(
    rf"\b(?:the\s+)?(?:(?P<word>{any_of(PLACES)})(?:\s+{NOUN}|\s+(?:hit|result))?"
    r"|(?:number|no\.?|nr\.?|num|#)\s*(?P<number>\d{1,2}|one|two|three|four|five|six|seven|eight"
    r"|nine|ten)|(?:post|picture|photo|pic|image"
    r"|result)\s+"
    rf"(?P<after>\d{{1,2}}|{any_of([n for n in NUMBERS if n not in ('a', 'an')])}))\b(?!"
    rf"\s+(?:of(?! (?:these|those|them)\b)|time|half|ever|i\b))",
    re.IGNORECASE,
)
NEXT = re.compile(  # to the post that was looked at
    rf"\b(?:the )?(?:(?P<way>next|previous)(?: {NOUN})?"
    rf"|{NOUN} (?P<way2>after|before)(?: (?:it|that|this))?)"
    r"(?: one)?(?: please)?\W*$",
    re.IGNORECASE,
)
HASH = re.compile(
    r"#\s?(?P<number>\d{1,2})\b"
    r"|^\s*(?:open|show)\s+(?:me\s+)?(?P<opened>\d{1,2})\s*$"
    r"|\b(?:similar to|like)\s+(?:the\s+)?(?P<after>\d{1,2})\b",
    re.IGNORECASE,
)
SIMILAR = re.compile(
    r"\b(?:similar|alike|(?:more|others?|pictures|photos|posts|something|anything|ones"
    r"|stuff|else)\s+like|more of (?:that|this|it|the same)"
    r"|looks?\s+like|resembl\w+|siblings|same (?:kind|vein|style|sort)|like (?=the|number|no|#"
    r"|that one|this one))\b",
    re.IGNORECASE,
)
SHOW = re.compile(
    r"\b(?:show|open|see|tell|about|what|what's|whats|which|describe|explain|details?|more"
    r"|enlarge|zoom|bigger|big|closer|larger|full"
    r"|look|view|info|when|where|who|why|expand|give|display)\b",
    re.IGNORECASE,
)
_SAID_FIRST = (
    "ok|okay|so|well|hmm|hm|yes|no|nah|yeah|cool|nice|great|lovely|beautiful|perfect|interesting"
    "|thanks|please|wait|actually|ha|haha|hahaha|lol|wow|oh|ooh|aww|fine|right|now|then"
)
REPLACE = re.compile(
    rf"\s*(?:(?:{_SAID_FIRST}|and|but)[\s,.!]+)*(?:what about|whatabout|how about|how bout|what of"
    r"|(?:(?:do|make|run|try) )?(?:the )?same (?:thing |question |search |comparison |count |one "
    r"|again )?(?:again )?(?:for|with|but for|but with|but)"
    r"|how (?:does|do|did) (?:that|it|this|things) (?:look|compare|go) (?:for|in|with)"
    r"|(?:does|is|was) (?:that|it) (?:still )?(?:hold|true|so|the same)"
    r"(?: (?:for|in))?(?= since|\b)"
    r"|now (?:for|with|do|try)|(?:swap|change|switch) (?:it|that|them) (?:for|to|with)|try"
    r"|do(?: it)?"
    r"(?: for)?)\b",
    re.IGNORECASE,
)
NARROW = re.compile(
    rf"\s*(?:(?:{_SAID_FIRST}|same thing|same again|same|and|but)[\s,.!]+)*"
    r"(?:(?:i|we|you|he|she|they) (?:wants?|needs?|means?|meant) (?:only|just)|(?:show|give|find"
    r"|list|keep|look at)\s+(?:me\s+)?(?:only|just)|what if (?:you |i |we )?(?:only |just )"
    r"(?:look(?:ed)? (?:only )?at)?|(?:and|only|just|now|but|also|then|or|plus|instead|rather"
    r"|limit (?:it|that|this|them)?\s*to|(?:let'?s )?(?:keep|stick|hold) (?:it )?(?:to|with)"
    r"|how about (?=(?:in|with|on|at|from)\b)|what about (?=(?:in|with|on|at|from)\b)"
    r"|(?:skip|go|go back|stick|back|switch) to"
    r"|narrow (?:it|that|this|them)?\s*(?:down)?\s*to|filter|make (?:it|that)"
    r"|change (?:it|that)?\s*to"
    r"|restrict (?:it|that)?"
    r"\s*to)\b|(?=(?:not|without|except|no"
    r"(?! (?:others?|more|thanks|idea|doubt|problem|worries|rush))|nothing|minus|excluding"
    r"|none)\b))",
    re.IGNORECASE,
)
REFER = re.compile(
    r"\b(?:those|them|these|there|of it|the ones|ones|that list|the list|the results?|it|back then"
    r"|at that time|as well|too)\b",
    re.IGNORECASE,
)
LIKEWISE = re.compile(r"\b(?:the )?same way\b|\blikewise\b", re.IGNORECASE)
AMONG = re.compile(
    r"\b(?:(?:of|among|amongst|from|in|within) (?:all )?(?:them|those|these)"
    r"(?! \w*(?:days|times|years))"
    r"|(?:only|just) (?:the|those|these)?\s*ones|^\W*(?:the|those) ones? (?:with|where|who|that|in"
    r"|on|at)|^\W*(?:(?:and|but|so) )?(?:what|how) about (?:in|with|on|at)"
    r"|^\W*(?:(?:and|but|so|now|then) )?(?:only|just|give only|keep only) (?:such|with|where|in)"
    r"|in any of (?:them|those|these))\b",
    re.IGNORECASE,
)
COUNT = re.compile(
    r"\b(?:how (?:many|often|much)|howmany|tally|headcount|number of|amount of|count(?: of)?"
    r"|total(?: of)?"
    r"|how frequently)\b",
    re.IGNORECASE,
)
SHARE = re.compile(
    r"\b(?:what\s+)?(?:share|percentage|percent|proportion|portion|fraction|ratio|part|%)\b(?:\s+of)?",
    re.IGNORECASE,
)
GROUPS: dict[str, Facet] = {
    **{name: name for name in ("year", "month", "topic", "source", "sentiment")},
    **dict.fromkeys(("topics", "theme", "subject", "category"), "topic"),
    **dict.fromkeys(("mood", "feeling", "emotion"), "sentiment"),
    "account": "source",
}
GROUP = "|".join(sorted(GROUPS, key=len, reverse=True))
BY = re.compile(
    rf"\b(?:by|per|each|every|for each|for every|(?<=many )a|(?<=posts )a|(?:split|break|group)"
    rf" (?:(?:that|it|them|those|these|\x00) )?(?:up |down )?(?:by|on)"
    rf"|grouped by|broken down by|in each"
    rf"|in every|according to|across)\s+(?:the\s+)?(?P<one>{GROUP})s?(?:\s*(?:and|x|,|by|per"
    rf"|&)\s*(?:by\s+)?(?P<two>{GROUP})s?)?\b"
    rf"|\b(?P<yearly>yearly|annually|monthly)\b",
    re.IGNORECASE,
)
ABOUT_MOOD = re.compile(r"\b(?:mood|moods|sentiment|feelings?|emotions?)\b", re.IGNORECASE)
HOW_FELT = re.compile(
    r"\bhow (?:do|did|have|does) i (?:usually |generally )?(?:feel|felt)\b(?: about)?"
    r"|\b(?:what(?:'s| is|s)|what was) my (?:mood|feeling|attitude) (?:about|on|of|towards"
    r"|like in)\b",
    re.IGNORECASE,
)
YEARS = re.compile(r"\byears?\b", re.IGNORECASE)
OVER_TIME = re.compile(
    r"\b(?:over|through(?:out)?|across)?\s*(?:the\s+)?(?:time|years|months)\b"
    r"|\b(?:mood|sentiment|feeling|emotion)s?\b|\b(?:develop|chang|evol)\w*|\btimeline\b|\btrend\b",
    re.IGNORECASE,
)
MOST_OF_GROUP = re.compile(  # "which of my accounts has the most …"
    r"\b(?:which|what)\s+(?:of (?:my|the) )?(?P<of>account|source|mood|sentiment)s?\b"
    r"(?=.*\bmost\b)",
    re.IGNORECASE,
)
WHICH_PERIOD = re.compile(
    r"\b(?:in\s+)?(?:which|what)\s+(?:year|month)s?\b|\bwhen\b|\bmost\b|\b(?:year|month)s?\b",
    re.IGNORECASE,
)
PERIOD_FOLLOWS = re.compile(
    r"(?:year|month|week|weekend|night|day|summer|winter|spring|autumn|fall|half)s?\b"
)
NOUN_FOLLOWS = re.compile(rf"(?:[\w'-]+\s+){{0,3}}?{NOUN}")
NOUN_AT_END = re.compile(rf"{NOUN}\s*$", re.IGNORECASE)
THIS_AT_END = re.compile(r"\b(?:this|that|it)(?: one)?\s*$", re.IGNORECASE)
COMPARING = re.compile(r"\bcompar\w+|\bdifference\w* between\b|\bversus\b|\bvs\b\.?", re.IGNORECASE)
MORE_OR_LESS = re.compile(
    r"\b(?:more|less|fewer|better|worse|rather)\b(?:\s+(?:often|much|about))?", re.IGNORECASE
)
VERB_OF_MOOD = re.compile(r"(?:complain|moan|rant|whin|whing|enjoy|smil|laugh)\w*")
BETWEEN_SIDES = (  # the strongest first
    r"\s(?:versus|vs\.?|compared (?:to|with)|as opposed to|against)\s",
    r"\s(?:than|or)\s(?:about\s)?",
    r"\s(?:and|with|to|&)\s",
)
SORT = re.compile(
    r"\b(?:(?:start|begin)(?:ing)?\s+with|sort(?:ed)?|order(?:ed)?)\s+"
    r"(?:them\s+|it\s+|these\s+|those\s+)?(?:by\s+)?(?:the\s+)?"
    r"(?P<by>oldest|earliest|newest|latest|date|most positive|most negative|happiest|saddest)"
    r"(?:\s+first)?|\b(?P<first>oldest|earliest|newest|latest|happiest|saddest)\s+first\b",
    re.IGNORECASE,
)
ORDERS: dict[str, Order] = {
    **dict.fromkeys(("oldest", "earliest"), "oldest"),
    **dict.fromkeys(("newest", "latest", "date"), "newest"),
    **dict.fromkeys(("most positive", "happiest"), "most_positive"),
    **dict.fromkeys(("most negative", "saddest"), "most_negative"),
}
LOOKS_OTHERWISE = re.compile(
    r"\b(?:pictures?|photos?|images?|pics?)\b.*\b(?:but|while|although|though"
    r"|yet)\b.*\b(?:captions?"
    r"|text|words)\b|\b(?:captions?|text|words)\b.*\b(?:but|while|although|though|yet)\b.*\b"
    r"(?:pictures?|photos?|images?|pics?)\b",
    re.IGNORECASE,
)
MOOD_OVER_TIME = re.compile(
    r"\b(?:mood|moods|sentiment|sentiments|feelings?|emotions?)\b.*\b(?:over|through(?:out)?"
    r"|across|during|develop\w*|chang\w*|evol\w*"
    r"|time(?:line)?)\b|\bover (?:the )?(?:time|years|months)\b.*\b(?:mood|sentiment|feelings?)\b"
    r"|\bmood\w* (?:timeline|trend|history)\b",
    re.IGNORECASE,
)
MOST_TOPIC = re.compile(
    rf"\b(?:(?:what|which)\s+(?:kinds? of\s+)?(?:topics?|themes?|subjects?|things"
    rf"|stuff)\b(?=.*\b(?:most\w*|often|main\w*|usually|post|about|common|popular|do i|are)\b)"
    rf"|(?:what|wat)\b.*\b(?:post|posted|posting|write|share|talk|about)\b.*\b(?:most\w*|the most"
    rf"|mainly|usually|all the time|often)\b"
    rf"|(?:top|main|favou?rite|common\w*|biggest|most frequent|popular)\s+(?:{GROUP})s?"
    rf"|my topics|what (?:do i|i|did i|have i) (?:speak|talk|write|post)\w*"
    rf"(?: about)?(?: the)? most)\b",
    re.IGNORECASE,
)
WHEN = re.compile(
    r"\b(?:(?:in\s+)?(?:which|what|wich)\s+(?P<unit>year|month)s?|when)\b(?=.*\b(?:most|happiest"
    r"|saddest|best|worst|angriest|grumpiest|least"
    r"|more|highest|often|funniest|loneliest)\b)|\b(?:my"
    r"|the)?\s*(?P<mood>" + any_of(SUPERLATIVES) + r")\s+"
    r"(?P<unit2>year|month)s?\b",
    re.IGNORECASE,
)
EXTREME = re.compile(
    rf"\b(?:my\s+|the\s+)?(?:(?P<n0>\d{{1,2}}|{any_of(NUMBERS)})\s+)?(?:(?P<most>most|least)\s+"
    rf"(?P<felt>{any_of(FEELINGS)})|(?P<word>{any_of(SUPERLATIVES)}))"
    rf"(?:\s+(?P<n>\d{{1,2}}|{any_of(NUMBERS)}))?\s+(?P<noun>{NOUN})\b",
    re.IGNORECASE,
)
FIRST_OR_LAST = re.compile(
    rf"\b(?:my|the)?\s*(?:very\s+)?(?P<old>first|oldest|earliest)\b(?:\s+(?P<n>\d{{1,2}}"
    rf"|{any_of(NUMBERS)}))?(?=(?:\s+[\w'-]+){{0,3}}?\s+{NOUN}|\s+(?:time|ever))"
    rf"|\b(?:my|the)?\s*(?:very\s+)?(?P<new>last|latest|newest|most recent"
    rf"|recent)\b(?:\s+(?P<n2>\d{{1,2}}"
    rf"|{any_of(NUMBERS)}))?(?=(?:\s+[\w'-]+){{0,3}}?\s+{NOUN}|\s+time)"
    rf"|\b(?:my\s+|the\s+)?(?:(?P<n3>\d{{1,2}}|{any_of(NUMBERS)})\s+)?(?:(?P<old2>oldest|earliest)"
    rf"|(?P<new2>latest|newest|most recent))\b(?:\s+(?P<n4>\d{{1,2}}|{any_of(NUMBERS)}))?",
    re.IGNORECASE,
)
LIMIT = re.compile(
    rf"\b(?:top|the|any|only|just)?\s*(?P<n>\d{{1,2}}"
    rf"|{any_of([n for n in NUMBERS if n not in ('a', 'an')])})(?=(?:\s+(?!years?|months?"
    rf"|weeks?|days?)[\w'-]+){{0,2}}?\s+{NOUN}\b)"
    r"|\btop\s+(?P<n2>\d{1,2})\b"
    rf"|\b(?P<n3>\d{{1,2}}|{any_of([n for n in NUMBERS if n not in ('a', 'an')])})"
    r" (?:(?:will|would|should) (?:do|be)|(?:is|are) enough|max(?:imum)?|at most)\b",
    re.IGNORECASE,
)
COMPARE = re.compile(
    r"\b(?:compar\w+|versus|vs\.?|difference\w* between)\b"
    r"|\b(?:more|less|fewer|rather|better|worse|happier|sadder|angrier|grumpier|gloomier"
    r"|unhappier|funnier|nicer)\b.*\b(?:than|or)\b|\bor\b.*\bmore\b",
    re.IGNORECASE,
)
NO_CAPTION = re.compile(
    r"\b(?:without|with no|no have|not have|no|missing|lacking|that lack|have no|has no|never got"
    r"|never had"
    r"|having no|dont have|don't have|doesn't have)\s+(?:any\s+|a\s+)?"
    r"(?:captions?|text|words|description)\b|\b(?:uncaptioned|captionless|caption-less"
    r"|not captioned)\b",
    re.IGNORECASE,
)
WITH_CAPTION = re.compile(
    r"\b(?:leave out|drop|skip|hide|omit|not)\s+(?:(?:all|any|the|those|ones|posts|pictures)\s+)*"
    r"(?:without|with no)\s+(?:a\s+|any\s+)?captions?\b"
    r"|\b(?:with|that have|having)\s+(?:a\s+|some\s+)?captions?\b|\bcaptioned\b",
    re.IGNORECASE,
)
DISAGREE = re.compile(
    r"(?:\b(?:not|n't)\b.*\bthe same (?:mood|feeling|topic|thing)\b)"
    r"|(?:\b(?:captions?|text)\b.*\b(?:pictures?|photos?|images?|pics?)\b"
    r"|\b(?:pictures?|photos?|images?|pics?)\b.*\b(?:captions?|text)\b)(?=.*\bdifferent\b)"
    r"|(?:\b(?:do|does|did)(?: not|n't|nt)\s+|\bnot\s+)(?:match|agree|fit|go together)\b"
    r"|\b(?:disagree\w*|contradict\w*|mismatch\w*|conflict\w*|differ\b|at odds"
    r"|(?:say|tell)\s+(?:something\s+)?(?:different|else))\b",
    re.IGNORECASE,
)
OF_BOTH_SIDES = re.compile(
    r"\b(?:captions?|text|words|pictures?|images?|photos?|topics?|moods?|sentiments?|between"
    r"|different"
    r"|things|stories|at all|each other|with|whose)\b",
    re.IGNORECASE,
)
NOT = (
    r"\b(?:not|no|never|non|isn't|isnt|aren't|arent|wasn't|wasnt|weren't|werent|without"
    r"|except(?:\s+for)?|excluding|minus|nothing|none"
    r"|anything but|other than|don't|dont|didn't|didnt|neither|nor|skip|leave out)(?:\s+"
    r"|-)(?:(?:the|any|a|an|so|very|at all|really|too"
    r"|that|those|being|all|of|ones?|posts?|pictures?|feeling|feel|look|looking|about|quite"
    r"|particularly|my|just|exactly)\s+)*$"
)
NEGATED = re.compile(NOT, re.IGNORECASE)
MORE_THAN = re.compile(
    r"\b(?:more|rather)\s+(?P<one>[\w-]+)\s+than\s+(?P<other>[\w-]+)", re.IGNORECASE
)
OF_POSTS = re.compile(rf"(?:\s+[\w'-]+)?\s+{NOUN}\b", re.IGNORECASE)
SOMEBODY_FELT = re.compile(
    r"\b(?:feel|felt|feeling|was|were|am|i'm|im|look|looks|looked|sound|sounds|being|been|get|got"
    r"|mood|more|less|most|least|so|too|really|not|than|ones?|posts?|pictures?|photos?)\s+"
    r"(?:(?:so|very|really|too|a|bit|about|all|or|and|the)\s+)*$",
    re.IGNORECASE,
)
LEFT_OUT_AFTER = re.compile(r"\s*(?:ones?|posts?|pictures?|stuff|things)?\s*out\b", re.IGNORECASE)
AND_ALSO = re.compile(r"\s*(?:or|nor|and)\s*(?:the\s+)?", re.IGNORECASE)
LOOK = re.compile(
    r"\b(?:show|see|list|display|find|look(?! only)|fish|pull|view)\b.*\b(?:those|them|these|it"
    r"|ones|that)\b|\bwhich (?:ones?\b|(?:of|among) (?:them|those|these)\b)"
    rf"|^\s*{POLITE}(?:show|list|see|display)(?: me)?(?: please)?\s*$",
    re.IGNORECASE,
)
TRAILING_ONLY = re.compile(r"\b(?:only|instead)\s*$", re.IGNORECASE)
ASKS = re.compile(
    r"(?<!that )(?<!which )(?<!ones )\b(?:were|are|was|is|am|do|did|have|has|had|which|what|who"
    r"|does"
    r"|compare|how)\b(?! (?:are|look|were|is)\b)(?=.*\bmore\b)",
    re.IGNORECASE,
)
LEFT_OUT = re.compile(
    r"\b(?:but\s+no|but\s+not|and\s+no|none\s+with|without|except(?:\s+for)?|excluding|minus|no"
    r"|not|(?:(?:that|which)\s+)?(?:isn'?t|aren'?t|(?:is|are)\s+not)(?=\s+(?:in|on|at|of|with)\b))"
    r"\s+(?:(?:in|on|at|of)\s+)?(?:any\s+|the\s+|a\s+|with\s+)?(?P<word>[a-z][\w'-]*)",
    re.IGNORECASE,
)


BARE_PLACE = re.compile(
    rf"(?:(?:ok|okay|and|so|please|show|open|see|tell|me|about|what|is|what's|in|more|give|the|a"
    rf"|details|of|on|describe)\s+)*"
    rf"(?:{any_of(PLACES)})(?:\s+(?:one|post|picture|photo|pic|image|result"
    rf"|hit))?(?:\s+please)?",
    re.IGNORECASE,
)

THANKS_FIRST = re.compile(
    r"(?:[^?]*[,!.])?\s*(?:(?:ok|okay|oh|aww?|yum|great|nice|cool|perfect|lovely|very kind|ha|lol"
    r"|many|alright|right|well)[\s,!.]+)*"
    r"(?:thanks|thank you|thx|ty|cheers|tysm|much appreciated"
    r"|that(?:'s| is| was) (?:all|it|everything)"
    r"(?: (?:that )?(?:i|we) (?:need|needed|wanted|want))?"
    r"(?: for (?:now|today))?\s*$)",
    re.IGNORECASE,
)
ANY_REQUEST = re.compile(
    rf"\b(?:show|find|how|what|which|when|where|only|just|and|but|now|any|give|posts?|pictures?"
    rf"|photos?|similar|compare)\b|\d|{PLACE.pattern}",
    re.IGNORECASE,
)
ASKS_FOR_HELP = re.compile(
    r"\bwhat (?:else )?(?:can|could|may|are|do) (?:you|u|i|this)(?: \w+)? (?:do|help|ask)\b"
    r"|\bwhat (?:kinds?|sorts?|types?) of (?:things|questions|stuff)\b|\bhow does this work\b"
    r"|\bwhat (?:you|u|this) (?:can|could) (?:do|answer)\b|\bwhat are (?:you|u) able to do\b"
    r"|\bhow (?:do|does|can|could|would|should) (?:i|we|you|one) (?:\w+ )?(?:correct|fix|change"
    r"|edit|delete|remove|hide|add|upload|import|export|download|relabel|share)\b",
    re.IGNORECASE,
)
IN_THE_LIST = re.compile(
    r"\b(?:in|of|on|from) (?:the|this|that|your) (?:list|results?)\b", re.IGNORECASE
)
PLACE_ALONE = re.compile(
    rf"\b(?:the\s+)?{any_of(PLACES)}\s+(?:one|picture|post|photo|pic|image|result)\b"
    r"(?=\s*(?:[,;?!.\x00]|$|looks?\b|is\b|has\b|please\b|in (?:full|detail)\b|up\b|again\b))",
    re.IGNORECASE,
)
EXTREME_ALONE = re.compile(
    rf"\W*(?:(?:which|what)(?: one)?(?: of (?:them|these|those))? (?:is|was|looks?)\s+)?"
    rf"(?:the\s+|my\s+|and\s+|now\s+)*(?:(?P<n>\d{{1,2}}|{any_of(NUMBERS)})\s+)?"
    rf"(?P<word>{any_of(SUPERLATIVES)})(?:\s+ones?)?\W*",
    re.IGNORECASE,
)
NUMBER_ALONE = re.compile(
    rf"(?:\b(?:only|just|make it|first|top|have)\s+|^\s*)(?P<n>\d{{1,2}}"
    rf"|{any_of([n for n in NUMBERS if n not in ('a', 'an', 'one')])})\s*(?:please\s*)?$",
    re.IGNORECASE,
)
OPEN_THAT = re.compile(
    r"\b(?:open|enlarge|zoom in on) (?:that|this|it)(?: (?:one|post|picture|photo))?(?: up)?"
    r"(?:,? please)?\s*$",
    re.IGNORECASE,
)
THAT = re.compile(r"\b(?:that|it|this)(?: one)?\b", re.IGNORECASE)
# What is said in passing, with words that would mean something elsewhere.
IDIOMS = re.compile(
    r"^\s*(?:(?:oh|ah|ooh|aww?|ha|mm)[\s,!.]+)?(?:great|nice|perfect"
    r"|fair|lovely|beautiful|cool|wow|aw+)(?: (?:stuff|work|job|news))?\s*"
    r"[,!.]+(?=\s+\w)|\b(?:let'?s|we(?:'ll| can)?|i'll) (?:start|begin|kick) (?:off )?with\b"
    r"|\bshall we\b"
    r"|\bbe honest\b|\bdrum ?roll\b"
    r"|\b(?:of|off) course(?: (?:i|he|she|it|they|we|you) (?:do|does|did|is|are))?\b"
    r"|\bfor good measure\b|\bstory of my life\b|\bdeep breath\b|\bi don'?t know\b"
    r"|\b(?:fish|dig|pull) (?:those|them|these|it) out(?: for me)?\b|\bin (?:the )?(?:frame|shot)\b"
    r"|\b(?:it is|is it) possible to\b|\brandom (?:one|question)\b|\bmy (?:past|former|old) self\b"
    r"|\bgood (?:morning|evening|night|day|luck|idea|one|point|question)\b"
    r"|\bno good\b"
    r"|\b(?:i'?d|i would|would) (?:really )?(?:love|like) to\b|\btouch wood\b|\bbest (?:regards"
    r"|wishes)\b"
    r"|\b(?:come to think of it|long story short|(?:where )?(?:are they|is it) hiding)\b"
    r"|\b(?:let'?s (?:dream|end on a high note)|(?:the |on the )?opposite)\b[:,]?"
    r"|\b(?:let'?s )?(?:kill (?:some )?time\b:?|change the subject\b)"
    r"|\b(?:m{3,}|h{1,}m{2,}|o+h{2,}|a+h{2,}|a+w{2,}|lmf?ao|tho|omf?g)\b,?"
    r"|\bcan you settle (?:it|this|that)\b|,? i mean *$"
    r"|\([^()]*(?:,|\b(?:i|he|she|we|they|it|you)\b)[^()]*\)|\bfor (?:that|this|it|those|them) *$"
    r"|\b(?:do|does|did|have|has) (?:the|our) (?!most|more|same|last)[\w-]+ "
    r"(?=(?:post(?:ed)?|put|shared?|upload(?:ed)?|publish(?:ed)?)\b)|\bthat takes me back\b"
    r"|\bnot (?:that|so|too) bad\b|,? that(?:'s| is) (?:all|everything) (?:i|we) need\b.*$"
    r"|,?\s*\bwould be (?:so |really |just )?(?:lovely|nice|great|good|wonderful|perfect|ideal|fun"
    r"|brilliant|helpful|handy|amazing)\b|\bi need (?:some )?cheering up\b:?"
    r"|\bwould do the trick\b|\bdrop the rest\b"
    r"|\bin them(?=\W*$)|\bhappy to\b|\b(?:i'?m|im) (?:sorry|afraid)\b|\bsad to say\b"
    r"|\bfair enough\b|\bnice one\b",
    re.IGNORECASE,
)
REPLACED = re.compile(  # a side of the last comparison
    r"\b(?:(?:put|take|use|try) )?(?P<new>[\w' -]+?) (?:instead of|rather than) (?:the |my )?"
    r"(?P<old>[\w'-]+(?: [\w'-]+)?)\W*$"
    r"|\b(?:swap|replace|exchange) (?:the |my )?(?P<old2>[\w' -]+?) (?:for|with|by)"
    r" (?P<new2>[\w' -]+?)\W*$",
    re.IGNORECASE,
)
PURPOSES = re.compile(  # what posts are wanted for: "so I can brag", "to cheer me up"
    r",? so (?:that )?(?:i|we) (?:can|could)\b[^,.!?]*|\bas (?:evidence|proof|inspiration)\b"
    r"|\bfor (?:the|my|our|a|an) (?:kids|family|wall|fridge|desk|album|website|portfolio|blog"
    r"|newsletter|presentation|slide ?show|profile|scrapbook|card|calendar|speech|photo ?book)\b"
    r"|\b(?:make|cheer) me (?:up|smile|laugh|jealous|hungry|feel|happy|proud|cry)\b[\w' ]*"
    r"|\bbefore i [\w' ]+$|(?<!want )(?<!like )(?<!need )(?<!love )(?<!able )(?<!please )"
    r"\bto (?:prove|cheer|convince|impress|remind|brag|decide|settle|print|hang"
    r"|show (?!me\b|us\b|only\b))[\w' ]*(?=$|[,.;:!?])",
    re.IGNORECASE,
)
TAKEN_BACK = re.compile(  # "the bicycle no sorry the tractor", "in May no in June"
    r"^.*\b(?:no|oh),? (?:sorry|wait|hang on|hold on),? "
    r"(?=(?:open )?the (?:\w+ )(?:one|post|picture)\b|(?:just|only|show|find|how|what|which)\b)"
    r"|\b(?:the |a |an )?(?:(?:nineteen|twenty) )?[\w-]+(?: one)?,? (?:(?:no|oh|or),? ){0,2}"
    r"(?:sorry|wait|i mean(?! *$)),? (?:i mean )?(?:the |a )?(?=\w)"
    r"|\b(?:19|20)\d\d,? (?:er|uh|um|ehm)?,? ?no,? (?=(?:19|20)\d\d\b)"
    r"|\b(?P<before>in|on|from|of|about|with|at)(?: \w+){1,2},? (?:uh |um )?no,? (?=(?P=before) )",
    re.IGNORECASE,
)
