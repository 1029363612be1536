"""What an evaluation finds: plain JSON with names, which report.json holds as it is.

Every figure of a report is known by its path in here, such as
`tasks.topics.arms.both.micro_f1.value`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, NotRequired, TypedDict

if TYPE_CHECKING:
    from retrieval.records import Disagreement

Kind = Literal["arm", "baseline", "reference", "model", "bound"]
Verdict = Literal["better", "worse", "cannot tell", "not by every truth", "not tested"]
TaskName = Literal["sentiment", "topics", "search"]
MeasureName = Literal[
    "macro_f1", "accuracy", "negative_recall", "neutral_recall", "positive_recall",
    "micro_f1", "precision", "recall", "map",
    "recall_at_1", "recall_at_5", "recall_at_10", "mrr", "ndcg_at_10",
]  # fmt: skip


class Figure(TypedDict):
    """A measure with its 95 % interval."""

    value: float | None  # None: not defined
    low: NotRequired[float | None]  # None: of too few pictures; absent: known without any
    high: NotRequired[float | None]


class Scores(TypedDict, total=False):
    """What one arm reaches, by `MeasureName`: those that its task measures."""

    macro_f1: Figure
    accuracy: Figure
    negative_recall: Figure
    neutral_recall: Figure
    positive_recall: Figure
    micro_f1: Figure
    precision: Figure
    recall: Figure
    map: Figure
    recall_at_1: Figure
    recall_at_5: Figure
    recall_at_10: Figure
    mrr: Figure
    ndcg_at_10: Figure


class Arm(Scores):
    """One way to tell, and how well it does."""

    kind: Kind
    tested: bool
    why: NotRequired[str]  # it was not tested
    expected_calibration_error: NotRequired[float]


class Contrast(TypedDict):
    """What one arm has above another, on the same pictures."""

    value: float | None  # None: not tested
    verdict: Verdict
    why: NotRequired[str]  # it was not tested
    low: NotRequired[float | None]
    high: NotRequired[float | None]
    p: NotRequired[float | None]  # None: of too few pictures, or of pairs that share things
    p_holm: NotRequired[float]  # where several comparisons are adjusted so that all hold at once
    detectable: NotRequired[float | None]  # the least that four of five such studies would find


class Shuffled(TypedDict):
    """What both have above captions only when every picture stands for another."""

    shuffles: int
    gain: Figure


class Level(TypedDict):
    """One step of the captions' degradation."""

    arms: dict[str, Figure]  # captions only, pictures only and both
    difference: Contrast  # both above captions only
    better_side: str  # captions only or pictures only, whichever does better here
    against_better: Contrast  # both above that one


class Task(TypedDict):
    """What all tasks tell."""

    question: str
    measure: MeasureName  # the main one
    posts: int
    pictures: int
    primary: Contrast  # both above captions only
    arms: dict[str, Arm]
    shuffled_pictures: Shuffled | None  # None: no picture tells anything
    degradation: dict[str, Level]  # by what is left of the captions; {}: not tested


class Changed(TypedDict):
    """A post that looking at its picture put right, or put wrong."""

    post_id: str
    image_id: str
    caption: str
    gain: float
    truth: str | list[str]
    said: dict[str, str | list[str] | None]  # by arm


class Share(TypedDict):
    """How many of some posts are right."""

    posts: int
    accuracy: Figure


class WritersPolarity(TypedDict):
    """How well looks part pictures about which all sentences have one polarity."""

    tested: bool
    why: NotRequired[str]
    pictures: dict[str, int]  # by polarity
    auc: NotRequired[Figure]


class Unseen(TypedDict):
    """Sentences none of whose marked adjectives were in training."""

    tested: bool
    why: NotRequired[str]
    posts: NotRequired[int]
    pictures: NotRequired[int]
    accuracy: NotRequired[dict[str, Figure]]  # by model


class BestWeight(TypedDict):
    """The weight of the picture's side that does best, chosen on the very posts it is scored on."""

    weight: float
    macro_f1: float


class Bound(TypedDict):
    """What a reader who knew each picture's commonest sentiment could add to captions."""

    pictures_alone: float  # how often that sentiment is the post's, and so how sure the reader is
    weight: float  # the shipped one, of the picture's side
    changed: int  # labels that this reader changes with it
    posts: int
    best: BestWeight  # no weight gives more


class SenticapBound(Bound):
    """The same measured once on SentiCap, whose figures every report quotes."""

    made_by: str
    data: str
    sentiment_by: str
    seed: int
    resamples: int
    pictures: int
    arms: dict[str, Arm]  # captions, known, others
    contrasts: dict[str, Contrast]  # above captions


class FittedWeight(TypedDict):
    """A weight of the picture's side that was fitted to posts whose truth is known."""

    weight: float  # fitted to all of them: reported, and not used
    folds: list[float]  # fitted without each fold's pictures, by which the figures are made
    macro_f1: Figure
    above_captions: Contrast
    above_prior: Contrast


class PictureWeight(TypedDict):
    """How much the picture has to say about how a post feels."""

    prior: float  # what labels are made with: nobody measured it
    posts: int
    changed: int  # labels that the picture changed
    fitted: FittedWeight | None  # None: of too few pictures


class SentimentTask(Task):
    """How posts feel."""

    by_class: dict[str, int]
    split: str
    corpora: list[str]  # the kinds of sources that the tested posts are from, such as senticap
    contrasts: dict[str, Contrast]
    oracle: dict[str, Share]
    bound: Bound | None  # None: no picture has several captions whose truth is known
    picture_weight: PictureWeight | None  # None: no picture tells how it feels
    writers_polarity: WritersPolarity
    unseen_adjectives: Unseen
    confusion: dict[str, list[list[int]]]
    reliability: dict[str, list[tuple[float, float, int]]]
    changed: list[Changed]


class ByTruth(TypedDict):
    """Topics by one way of saying what is true."""

    labels: int
    map_topics: list[str]  # that enough pictures show, for their average precision to count
    arms: dict[str, Arm]
    contrasts: dict[str, Contrast]


class ByTopic(TypedDict):
    """One topic."""

    pictures: int  # that show it
    f1: dict[str, Figure]  # by arm; {}: too few pictures show it
    difference: Contrast | None  # both above captions only, with the other topics' adjusted


class Reliability(TypedDict):
    """How sure an arm is, and how right."""

    expected_calibration_error: float
    points: list[tuple[float, float, int]]


class TopicsTask(Task):
    """What posts are about."""

    topics: list[str]
    titles: dict[str, str]  # how people call each topic
    untested_topics: list[str]
    helped: list[str]  # topics that looking at the pictures made better, beyond chance
    harmed: list[str]
    by_truth: dict[str, ByTruth]
    by_topic: dict[str, ByTopic]
    reliability: dict[str, Reliability]
    changed: list[Changed]


class OneCaption(TypedDict):
    """The search with one caption a picture."""

    tested: bool
    why: NotRequired[str]
    posts: NotRequired[int]
    pictures: NotRequired[int]
    arms: NotRequired[dict[str, Arm]]
    contrasts: NotRequired[dict[str, Contrast]]


class Pairs(TypedDict):
    """The search for two things at once."""

    tested: bool
    why: NotRequired[str]
    queries: NotRequired[int]
    things: NotRequired[int]  # that the pairs are of: the unit of resampling
    examples: NotRequired[list[str]]
    arms: NotRequired[dict[str, Arm]]
    contrasts: NotRequired[dict[str, Contrast]]


class ChangedRank(TypedDict):
    """A query whose picture moved when looks were added."""

    image_id: str
    query: str
    gain: float
    ranks: dict[str, int]  # by arm, from 1


class SearchTask(Task):
    """Which picture is meant."""

    gallery: int
    contrasts: dict[str, Contrast]
    recall: dict[str, list[tuple[int, float]]]
    one_caption_a_picture: OneCaption
    pairs: Pairs
    changed: list[ChangedRank]


class Tasks(TypedDict, total=False):
    """The tasks about which something is known."""

    sentiment: SentimentTask
    topics: TopicsTask
    search: SearchTask


class Looks(TypedDict):
    """Whether captions find their own pictures by looks: no comparison, but it needs no truth."""

    question: str
    tested: bool
    why: NotRequired[str]
    posts: NotRequired[int]
    pictures: NotRequired[int]
    gallery: NotRequired[int]
    arms: NotRequired[dict[str, Arm]]  # pictures only, and chance


class Right(Figure):
    """A share of posts that are right."""

    right: int


class OwnSentiment(TypedDict):
    """How posts feel, as somebody said."""

    posts: int
    arms: dict[str, Right]  # {}: nobody said


class OwnTopics(TypedDict):
    """What posts are about, as somebody said."""

    posts: int
    unknown: list[str]
    arms: dict[str, Scores]  # {}: nobody said


class OwnTruth(TypedDict):
    """How right each arm is about posts whose truth the user said."""

    drawn: NotRequired[int]
    drawn_from: NotRequired[int]
    gallery: NotRequired[int]
    posts: int
    sentiment: OwnSentiment
    picture_sentiment: OwnSentiment
    topics: OwnTopics


class Said(TypedDict):
    """What one arm says of a post."""

    sentiment: str | None
    topics: list[str]


class Differing(TypedDict):
    """A post whose caption and picture are not at one."""

    post_id: str
    image_id: str
    caption: str
    said: dict[str, Said]  # by arm


class Agreement(TypedDict):
    """How often caption and picture say the same."""

    posts: int
    kappa: Figure


class Agreements(TypedDict):
    """The same by label."""

    sentiment: Agreement
    topics: dict[str, Agreement]


class Corrected(TypedDict):
    """Posts that people corrected."""

    posts: int
    alike: int  # of which the models had said the same


class Posts(TypedDict):
    """What can be said about posts that nobody labelled."""

    posts: int
    pictures: int
    captioned: int
    with_truth: int
    made_up: bool  # all come with the project, and nobody posted them
    sentiment: dict[str, dict[str, int]]  # by arm and class
    topics: dict[str, int]
    topic_titles: dict[str, str]  # how people call each
    topics_undetermined: int
    agreement: Agreements
    disagreements: dict[Disagreement, list[Differing]]
    corrected: dict[str, Corrected]


class Results(TypedDict):
    """A whole evaluation."""

    finding: str  # in plain words
    about: dict[str, str | int]
    tasks: Tasks
    senticap_bound: SenticapBound
    looks: Looks | None  # None: too few captioned pictures
    own_truth: dict[str, OwnTruth]
    posts: Posts
