"""The nouns that every part of the project shares."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Literal, get_args

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)

Sentiment = Literal["negative", "neutral", "positive"]
SENTIMENTS: tuple[Sentiment, ...] = ("negative", "neutral", "positive")  # the order of all scores
Undetermined = Literal["not determined"]
UNDETERMINED: Undetermined = (
    "not determined"  # how filters and counts call posts without a sentiment
)

Disagreement = Literal["sentiment", "topics"]  # what a caption and its picture can differ about
DISAGREEMENTS: tuple[Disagreement, ...] = ("sentiment", "topics")

FeltAs = Sentiment | Undetermined
Side = Literal["both", "caption", "image"]  # whose label: the one that holds, or one side's alone
SIDES: tuple[Side, ...] = get_args(Side)


@dataclass(frozen=True, slots=True)
class SeenObject:
    """One category of things that annotators marked in a picture."""

    category: str
    supercategory: str
    area: float  # the share of the picture its instances cover together, in [0, 1]


@dataclass(frozen=True, slots=True)
class Truth:
    """What a source knows to be true about a post. Kept apart from every prediction."""

    sentiment: Sentiment | None = None
    split: str | None = None  # the source's own train / val / test, where it has one
    marked_words: tuple[str, ...] = ()  # the words that carry the sentiment (SentiCap)
    objects: tuple[SeenObject, ...] | None = None  # None: nobody annotated this picture
    picture_sentiment: Sentiment | None = None  # of the picture alone
    topics: tuple[str, ...] | None = None  # names or titles; empty: about none; None: nobody said


@dataclass(frozen=True, slots=True)
class Post:
    """One picture with one caption, as the gallery keeps it."""

    post_id: str  # unique in the gallery, stable across runs
    image_id: str  # content hash of the picture file: 32 hexadecimal digits
    source: str  # the source it came from, "kind:location"
    root: str  # absolute folder the picture lies under
    image_path: str  # relative to `root`, with forward slashes
    caption: str  # as written; may be empty
    created_at: int | None = None  # seconds since 1970, as its clock showed it
    permalink: str | None = None
    group_id: str | None = None  # the posts of one carousel share it
    truth: Truth | None = None

    @property
    def has_caption(self) -> bool:
        """Whether there is anything to read; a caption of blanks says nothing."""
        return bool(self.caption.strip())

    @property
    def month_day(self) -> tuple[int, int] | None:
        """The month and the day that it was made; None without a date."""
        if self.created_at is None:
            return None
        day = EPOCH + timedelta(seconds=self.created_at)
        return day.month, day.day


def month_day_number(month_day: tuple[int, int]) -> int:
    """A day of the year as one number, for columns and Chroma: July 4 is 704."""
    return month_day[0] * 100 + month_day[1]


@dataclass(frozen=True, slots=True)
class Picture:
    """One picture file's content; several posts can share it."""

    image_id: str
    width: int  # pixels, as shown (after EXIF orientation)
    height: int
    description: str | None = None  # written by a machine: never the user's words, not trusted
    described_by: str | None = None  # the version of the model that wrote it


@dataclass(frozen=True, slots=True)
class IndexedFile:
    """What the last build saw of a file, so that the next one need not open it again."""

    root: str  # absolute folder
    path: str  # relative to `root`, with forward slashes
    size: int  # bytes
    modified: int  # nanoseconds since 1970
    image_id: str | None  # None: it could not be read
    problem: str | None = None  # why it could not be read, and what to do about it
    caption: str = ""  # embedded in the file
    created_at: int | None = None  # the file's own date, like a post's


@dataclass(frozen=True, slots=True)
class Reading:
    """What a model made of a caption alone; kept, because reading it again can be slow."""

    language: str | None  # ISO 639-1; None: there are no words to tell by
    sentiment: tuple[float, float, float] | None  # SENTIMENTS; None: not determined
    model: str  # the version of the sentiment model


LabelSource = Literal["caption", "image", "both", "you"]


@dataclass(frozen=True, slots=True)
class SentimentLabel:
    """How a post feels, by one source."""

    name: Sentiment | None  # None: not determined
    scores: tuple[float, float, float] | None  # of SENTIMENTS, in [0, 1]
    source: LabelSource | None

    @property
    def score(self) -> float | None:
        """The named sentiment's own score; None where nobody scored it."""
        if self.name is None or self.scores is None:
            return None
        return self.scores[SENTIMENTS.index(self.name)]


@dataclass(frozen=True, slots=True)
class TopicLabel:
    """One thing that a post is about."""

    name: str
    score: float | None  # in [0, 1]; None where nobody scored it


@dataclass(frozen=True, slots=True)
class TopicLabels:
    """What a post is about, by one source, best first."""

    shown: tuple[TopicLabel, ...]  # empty: not determined; one named "other" where nothing fits
    source: LabelSource | None

    @property
    def names(self) -> list[str]:
        """The topics' names."""
        return [topic.name for topic in self.shown]


@dataclass(frozen=True, slots=True)
class PostLabels:
    """All labels of a post: the ones that hold, and what each side says by itself."""

    language: str | None
    sentiment: SentimentLabel  # fused, or the user's own
    caption_sentiment: SentimentLabel
    image_sentiment: SentimentLabel
    topics: TopicLabels  # fused, or the user's own
    caption_topics: TopicLabels
    image_topics: TopicLabels
    described_topics: TopicLabels  # of the caption and the picture's description, where it has one

    @property
    def disagreements(self) -> tuple[Disagreement, ...]:
        """What caption and picture are not at one about, of what both of them tell.

        Their sentiments differ; both name topics and have none in common.
        """
        felt = (self.caption_sentiment.name, self.image_sentiment.name)
        told = [
            {topic.name for topic in side.shown if topic.score is not None}
            for side in (self.caption_topics, self.image_topics)
        ]
        differ = {
            "sentiment": None not in felt and felt[0] != felt[1],
            "topics": all(told) and told[0].isdisjoint(told[1]),
        }
        return tuple(about for about in DISAGREEMENTS if differ[about])


Strategy = Literal["image", "caption", "words", "hybrid"]
STRATEGIES: tuple[Strategy, ...] = get_args(Strategy)


@dataclass(frozen=True, slots=True)
class Why:
    """Why a picture was found.

    Similarities are cosines in [-1, 1]; None: the strategy does not look there, or there is
    nothing. Ranks start at 1; None: not among the nearest that were looked at.
    """

    image: float | None = None
    image_rank: int | None = None
    caption: float | None = None  # of the nearest caption
    caption_rank: int | None = None
    description: float | None = None  # of the picture's machine-written description
    description_rank: int | None = None
    words: tuple[str, ...] = ()  # of the query, that a caption holds
    words_score: float | None = None  # BM25, as a share of what the query's words can score
    words_rank: int | None = None


@dataclass(frozen=True, slots=True)
class Alike:
    """A further picture that is a hit's again, smaller or brighter, with the posts that show it."""

    posts: tuple[Post, ...]  # that pass the filters; at least one
    labels: tuple[PostLabels, ...]  # of the posts, in their order


@dataclass(frozen=True, slots=True)
class Hit:
    """One picture that a search found, with the posts that show it, best caption first."""

    rank: int
    image_id: str
    description: str | None  # of the picture, written by a machine
    score: float | None  # relevance in [0, 1], or the words' score; None: nothing was asked
    why: Why
    posts: tuple[Post, ...]  # that pass the filters
    labels: tuple[PostLabels, ...]  # of the posts, in their order
    alike: tuple[Alike, ...] = ()
    sure: bool = True  # that it has to do with what was asked; else it may

    @property
    def posts_and_copies(self) -> list[tuple[Post, PostLabels]]:
        """Every post that shows the picture or a copy of it, with its labels."""
        shown = [(self.posts, self.labels), *((each.posts, each.labels) for each in self.alike)]
        return [pair for posts, labels in shown for pair in zip(posts, labels, strict=True)]


@dataclass(frozen=True, slots=True)
class Found:
    """The answer to one query."""

    hits: tuple[Hit, ...]  # the sure ones first, best first
    passing: int  # pictures that the filters let through
    held_back: int  # of the nearest ones, how many were left out as having nothing to do with it
