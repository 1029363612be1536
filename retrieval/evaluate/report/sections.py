"""The results of an evaluation as a document to read."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from retrieval.evaluate.arms import BOTH, CAPTIONS, DESCRIBED, PICTURES, PRIMARY
from retrieval.evaluate.controls import LEVELS
from retrieval.evaluate.own_truth import AT_RANDOM, DISAGREEING, TABLE
from retrieval.evaluate.report.document import (
    Card,
    Cards,
    Document,
    Figure,
    Heading,
    Number,
    Paragraph,
    Table,
)
from retrieval.evaluate.report.plots import (
    confusion_matrix,
    grouped_bars,
    horizontal_bars,
    lines,
    reliability,
)
from retrieval.evaluate.truth import EVERY_OBJECT, NAMED_OBJECTS, PLAIN_OBJECTS
from retrieval.gallery.layout import thumbnail_path
from retrieval.records import SENTIMENTS, UNDETERMINED

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

    from retrieval.evaluate.report.document import Block, Cell, Form
    from retrieval.evaluate.results import (
        Changed,
        ChangedRank,
        Corrected,
        Differing,
        Disagreement,
        Results,
    )

_TITLES = {"sentiment": "Sentiment", "topics": "Topics", "search": "Search"}
_MEASURES = {
    "macro_f1": "macro-F1",
    "micro_f1": "micro-F1",
    "accuracy": "accuracy",
    "precision": "precision",
    "recall": "recall",
    "map": "mAP",
    "recall_at_1": "R@1",
    "recall_at_5": "R@5",
    "recall_at_10": "R@10",
    "mrr": "MRR",
    "ndcg_at_10": "nDCG@10",
    "expected_calibration_error": "ECE",
}
_ARMS = (CAPTIONS, PICTURES, BOTH, DESCRIBED)
_PRIMARY = PRIMARY.replace(" - ", " − ")


def document(results: Results, chroma_dir: Path) -> Document:
    """The whole report; every figure in it is one of `results`, which report.json holds."""
    return _Report(results, chroma_dir).document()


class _Report:
    def __init__(self, results: Results, chroma_dir: Path) -> None:
        self._results = results
        self._chroma_dir = chroma_dir
        self._tasks: Mapping[str, Any] = results["tasks"]

    def document(self) -> Document:
        blocks: list[Block] = []
        if self._tasks:
            blocks += self._summary()
        for name, write in (
            ("sentiment", self._sentiment),
            ("topics", self._topics),
            ("search", self._search),
        ):
            if name in self._tasks:
                blocks += [Heading(_TITLES[name]), *write(f"tasks.{name}")]
        if self._results["looks"] is not None:
            blocks += [Heading("How well the pictures are seen"), *self._looks("looks")]
        if self._results["own_truth"]:
            blocks += [Heading("What you said yourself"), *self._own_truth()]
        blocks += [Heading("These posts"), *self._posts()]
        if self._tasks:
            blocks += [Heading("How to read this"), *map(Paragraph, _PROTOCOL)]
        about = self._results["about"]
        return Document(
            title="What did looking at the pictures add?",
            finding=self._results["finding"],
            facts=tuple((name.replace("_", " "), str(value)) for name, value in about.items()),
            blocks=tuple(blocks),
        )

    # --- figures by their place in the results ----------------------------------------------

    def _at(self, path: str) -> Any:
        return at(self._results, path)

    def _number(self, path: str, form: Form = "score") -> Number:
        """The figure at a path: a plain number, or one with an interval beside it."""
        found = self._at(path)
        if isinstance(found, dict):
            return Number(
                found["value"], f"{path}.value", found.get("low"), found.get("high"), form
            )
        return Number(found, path, form=form)

    def _arms(self, path: str, measures: Sequence[str], title: str, note: str = "") -> Table:
        """A row an arm, a column a measure."""
        rows: list[tuple[Cell, ...]] = []
        for name, scores in self._at(path).items():
            cells: list[Cell] = [name]
            for measure in measures:
                place = f"{path}.{name}.{measure}"
                if not scores["tested"]:
                    cells.append("not tested" if measure == measures[0] else "")
                else:
                    cells.append(self._number(place) if measure in scores else "")
            rows.append(tuple(cells))
        strong = frozenset(place for place, row in enumerate(rows) if row[0] == BOTH)
        reasons = [
            f"{name}: not tested, since {scores['why']}."
            for name, scores in self._at(path).items()
            if not scores["tested"]
        ]
        columns = ("", *(_MEASURES.get(m, m.replace("_", " ")) for m in measures))
        return Table(title, columns, tuple(rows), " ".join([note, *reasons]).strip(), strong)

    def _contrast_row(self, name: str, path: str) -> tuple[Cell, ...]:
        found = self._at(path)
        if found["value"] is None:
            return (name, "not tested", "", "", found.get("why", ""))
        p: Cell = self._number(f"{path}.p", "p") if found["p"] is not None else ""
        detectable: Cell = ""
        if found["detectable"] is not None:
            detectable = self._number(f"{path}.detectable")
        return (name, self._number(path, "signed"), p, detectable, found["verdict"])

    def _contrasts(self, path: str, title: str, note: str = "") -> Table:
        rows = tuple(
            self._contrast_row(name.replace(" - ", " − "), f"{path}.{name}")
            for name in self._at(path)
        )
        return Table(title, _CONTRAST_COLUMNS, rows, note)

    # --- sections ---------------------------------------------------------------------------

    def _summary(self) -> Iterator[Block]:
        yield Heading("In short")
        rows: list[tuple[Cell, ...]] = []
        for name, task in self._tasks.items():
            place = f"tasks.{name}"
            scores: list[Cell] = [
                self._number(f"{place}.arms.{each}.{task['measure']}")
                if task["arms"][each]["tested"]
                else "not tested"
                for each in (CAPTIONS, PICTURES, BOTH)
            ]
            primary = task["primary"]
            gain: Cell = ""
            if primary["value"] is not None:
                gain = self._number(f"{place}.primary", "signed")
            p: Cell = ""
            if primary.get("p_holm") is not None:
                p = self._number(f"{place}.primary.p_holm", "p")
            verdict = primary["verdict"]
            measure = _MEASURES[task["measure"]]
            rows.append((f"{_TITLES[name]} ({measure})", *scores, gain, p, verdict))
        columns = ("", CAPTIONS, PICTURES, BOTH, _PRIMARY, "p (Holm)", "verdict")
        yield Table("One comparison a task", columns, tuple(rows), "In brackets: 95 % intervals.")
        tested = {
            name: [self._bar(f"tasks.{task}.arms.{name}") for task in self._tasks]
            for name in (CAPTIONS, PICTURES, BOTH)
        }
        groups = [_TITLES[name] for name in self._tasks]
        yield Figure(
            "summary",
            "Captions, pictures, both",
            "Bars of the main measure of each task, by arm, with 95 % intervals.",
            grouped_bars("summary", groups, tested, "main measure"),
        )

    def _bar(self, path: str) -> tuple[float, float | None, float | None] | None:
        found = self._at(path)
        if not found["tested"]:
            return None
        score = found[self._at(path.rpartition(".arms.")[0])["measure"]]
        return score["value"], score["low"], score["high"]

    def _about(self, path: str, what: str) -> Paragraph:
        task = self._at(path)
        return Paragraph(
            f"{task['question']} Tested on {task['posts']:,} {what} of {task['pictures']:,} "
            "pictures."
        )

    def _sentiment(self, path: str) -> Iterator[Block]:
        task = self._at(path)
        yield self._about(path, "captions with a known sentiment")
        yield self._arms(
            f"{path}.arms",
            ("macro_f1", "accuracy", *(f"{name}_recall" for name in SENTIMENTS)),
            "Sentiment, by what it is told from",
            f"Split: {task['split']}.",
        )
        yield self._contrasts(f"{path}.contrasts", "Differences in macro-F1")
        yield from self._oracle(path)
        if _SENTICAP in task["corpora"]:
            yield self._unseen(path)
        yield from (self._confusion(name, counts) for name, counts in task["confusion"].items())
        if task["reliability"]:
            yield self._reliability_figure(task["reliability"], "sentiment")
        yield from self._controls(path, "macro-F1")
        yield from self._changed_labels(task["changed"], "Posts whose sentiment changed")

    def _confusion(self, name: str, counts: list[list[int]]) -> Figure:
        """With a row and column for what is not determined, where anything is."""
        table, classes = np.array(counts), [*SENTIMENTS, UNDETERMINED]
        if table[:, -1].any():
            square = np.vstack([table, np.zeros_like(table[:1])])
        else:
            square, classes = table[:, :-1], classes[:-1]
        figure = f"confusion-{_slug(name)}"
        return Figure(
            figure,
            f"Said and true: {name}",
            "A table of how often each true sentiment was called which.",
            confusion_matrix(figure, square, classes, ""),
        )

    def _oracle(self, path: str) -> Iterator[Block]:
        rows: list[tuple[Cell, ...]] = [
            (
                f"the best that pictures alone could do, {name}",
                self._number(f"{path}.oracle.{name}.posts", "count"),
                self._number(f"{path}.oracle.{name}.accuracy"),
            )
            for name in self._at(f"{path}.oracle")
        ]
        writers = self._at(f"{path}.writers_polarity")
        note = "Who sees pictures alone can at best name each one's commonest sentiment."
        if _SENTICAP in self._at(f"{path}.corpora"):
            note = f"{_ON_REQUEST} {note}"
        if writers["tested"]:
            auc = self._number(f"{path}.writers_polarity.auc")
            pictures = sum(writers["pictures"].values())
            rows.append(("writers' polarity told from looks, AUC", f"{pictures:,} pictures", auc))
            note += " Writers' polarity: of pictures about which all captions have one."
        yield Table("What pictures alone could tell", ("", "posts", "accuracy"), tuple(rows), note)

    def _unseen(self, path: str) -> Block:
        unseen = self._at(f"{path}.unseen_adjectives")
        if not unseen["tested"]:
            return Paragraph(f"Sentences with unseen adjectives: not tested, {unseen['why']}.")
        rows = tuple(
            (name, self._number(f"{path}.unseen_adjectives.accuracy.{name}"))
            for name in unseen["accuracy"]
        )
        return Table(
            "Negative or positive, where no adjective of a sentence was in training",
            ("", "accuracy"),
            rows,
            f"{unseen['posts']:,} sentences, five folds over adjectives: beside it, the official "
            "split rewards remembering adjectives.",
        )

    def _topics(self, path: str) -> Iterator[Block]:
        task = self._at(path)
        yield self._about(path, "captions")
        for truth in task["by_truth"]:
            place = f"{path}.by_truth.{truth}"
            yield self._arms(
                f"{place}.arms",
                ("micro_f1", "precision", "recall", "map"),
                f"Topics; true: {truth}",
                f"{_TRUTH_NOTES[truth]} mAP is of topics that 20 pictures or more show.",
            )
            yield self._contrasts(f"{place}.contrasts", f"Differences in micro-F1; true: {truth}")
        if task["untested_topics"]:
            yield Paragraph(
                f"Untested, since nobody marks them: {', '.join(task['untested_topics'])}."
            )
        yield from self._by_topic(path)
        yield self._reliability_figure(
            {name: each["points"] for name, each in task["reliability"].items()}, "topics"
        )
        yield from self._controls(path, "micro-F1")
        yield from self._changed_labels(task["changed"], "Posts whose topics changed")

    def _by_topic(self, path: str) -> Iterator[Block]:
        topics = self._at(f"{path}.by_topic")
        shown = [name for name, each in topics.items() if each["f1"]]
        arms = [name for name in _ARMS if shown and name in topics[shown[0]]["f1"]]
        rows = []
        for name in topics:
            place = f"{path}.by_topic.{name}"
            scores: list[Cell] = [
                self._number(f"{place}.f1.{each}") if name in shown else "" for each in arms
            ]
            told: tuple[Cell, Cell, Cell] = ("", "", "")
            if (difference := topics[name]["difference"]) is not None:
                gain = self._number(f"{place}.difference", "signed")
                p = self._at(f"{place}.difference").get("p_holm")
                holm: Cell = (
                    self._number(f"{place}.difference.p_holm", "p") if p is not None else ""
                )
                told = (gain, holm, difference["verdict"])
            rows.append((name, self._number(f"{place}.pictures", "count"), *scores, *told))
        yield Table(
            "F1 by topic",
            ("", "pictures", *arms, _PRIMARY, "p (Holm)", "verdict"),
            tuple(rows),
            "Only of topics that 20 pictures or more show; true: every object.",
        )
        if shown:
            bars = {
                arm: [
                    (each["value"], each["low"], each["high"])
                    for each in (topics[name]["f1"][arm] for name in shown)
                ]
                for arm in arms
            }
            yield Figure(
                "by-topic",
                "F1 by topic",
                "Bars of F1 by topic and arm, with 95 % intervals.",
                horizontal_bars("by-topic", shown, bars, "F1"),
            )

    def _own_truth(self) -> Iterator[Block]:
        for source, found in self._results["own_truth"].items():
            path = f"own_truth.{source}"
            rows = tuple(
                (
                    name,
                    self._own(f"{path}.sentiment", name),
                    self._own(f"{path}.picture_sentiment", name),
                    self._own(f"{path}.topics", name, "micro_f1"),
                    self._own(f"{path}.topics", name, "precision"),
                    self._own(f"{path}.topics", name, "recall"),
                )
                for name in (CAPTIONS, PICTURES, BOTH)
            )
            of = f" of {found['drawn']:,} drawn" if "drawn" in found else ""
            note = (
                f"{found['posts']:,} posts{of}: {found['sentiment']['posts']:,} with a sentiment, "
                f"{found['picture_sentiment']['posts']:,} with one of the picture alone, "
                f"{found['topics']['posts']:,} with topics. {_OWN_NOTES[source]}"
            )
            if "drawn" in found and found["drawn_from"] < found["gallery"]:
                note += (
                    f" Drawn when the gallery had {found['drawn_from']:,} posts; the "
                    f"{found['gallery'] - found['drawn_from']:,} that came since had no chance."
                )
            if unknown := found["topics"]["unknown"]:
                note += f" Not topics of this gallery, and left out: {', '.join(unknown[:5])}."
            yield Table(f"How often each is right: {source}", _OWN_COLUMNS, rows, note)

    def _own(self, path: str, name: str, measure: str = "") -> Cell:
        """A share that is right, or a measure of topics; blank where nothing was said."""
        if name not in self._at(path)["arms"]:
            return ""
        return self._number(f"{path}.arms.{name}.{measure}" if measure else f"{path}.arms.{name}")

    def _search(self, path: str) -> Iterator[Block]:
        task = self._at(path)
        yield Paragraph(
            f"{task['question']} {task['posts']:,} captions each look for their own picture among "
            f"{task['gallery']:,}, which they may not find by themselves."
        )
        measures = ("recall_at_1", "recall_at_5", "recall_at_10", "mrr")
        yield self._arms(
            f"{path}.arms",
            measures,
            "Search by caption",
            "R@k: share of the queries whose picture is among the first k. MiniLM, which reads the "
            "captions, saw captions of COCO in training; where these are COCO's, all rows but "
            "pictures only are flattered.",
        )
        yield self._contrasts(f"{path}.contrasts", "Differences in R@1")
        yield Figure(
            "recall",
            "How far down the right picture is",
            "Recall by the number of pictures looked at, by arm.",
            lines(
                "recall",
                {n: points for n, points in task["recall"].items() if n in _ARMS},
                "pictures looked at",
                "share found",
            ),
        )
        one = task["one_caption_a_picture"]
        if one["tested"]:
            place = f"{path}.one_caption_a_picture"
            note = (
                f"As in most galleries. {one['posts']:,} other captions ask. The last row: what a "
                "second human caption adds in the picture's place."
            )
            yield self._arms(f"{place}.arms", measures, "With one caption a picture", note)
            yield self._contrasts(f"{place}.contrasts", "Differences in R@1, one caption a picture")
        yield from self._controls(path, "R@1")
        pairs = task["pairs"]
        if pairs["tested"]:
            yield self._arms(
                f"{path}.pairs.arms",
                ("ndcg_at_10",),
                "Short queries for two things",
                f"{pairs['queries']:,} queries such as “{pairs['examples'][0]}”; a picture of both "
                f"counts 2, of one 1. The unit is the thing, of which there are {pairs['things']}.",
            )
            yield self._contrasts(f"{path}.pairs.contrasts", "Differences in nDCG@10")
        yield self._changed_ranks(task["changed"])

    def _looks(self, path: str) -> Iterator[Block]:
        looks = self._at(path)
        if not looks["tested"]:
            yield Paragraph(f"{looks['question']} Not tested: {looks['why']}.")
            return
        yield Paragraph(
            f"{looks['question']} {looks['posts']:,} captions of {looks['pictures']:,} pictures "
            f"each look for their own among {looks['gallery']:,}; no caption is read. This "
            "compares nothing with captions: it tells how far the pictures are understood."
        )
        yield self._arms(
            f"{path}.arms",
            ("recall_at_1", "recall_at_5", "recall_at_10", "mrr"),
            "Captions that find their own picture by looks",
        )

    def _controls(self, path: str, measure: str) -> Iterator[Block]:
        shuffled = self._at(f"{path}.shuffled_pictures")
        if shuffled is not None:
            yield Table(
                "Shuffled pictures",
                ("", measure),
                (
                    (
                        f"{_PRIMARY}, every picture another's",
                        self._number(f"{path}.shuffled_pictures.gain", "signed"),
                    ),
                ),
                f"{shuffled['shuffles']} shuffles; in brackets the middle 95 %. A gain that "
                "survives this would not be from looking.",
            )
        levels = self._at(f"{path}.degradation")
        if not levels:
            return
        arms = (CAPTIONS, PICTURES, BOTH)
        rows = tuple(
            (
                level,
                *(self._number(f"{path}.degradation.{level}.arms.{each}") for each in arms),
                self._number(f"{path}.degradation.{level}.difference", "signed"),
                levels[level]["difference"]["verdict"],
            )
            for level in levels
        )
        columns = ("left of the caption", *arms, _PRIMARY, "verdict")
        yield Table(f"Where pictures begin to matter: {measure}", columns, rows)
        name = f"degradation-{_slug(path)}"
        curves = {
            arm: [(place, each["arms"][arm]["value"]) for place, each in enumerate(levels.values())]
            for arm in arms
        }
        yield Figure(
            name,
            "With less and less of the caption",
            f"{measure} with captions, pictures and both, from the full caption to none.",
            lines(
                name,
                curves,
                " · ".join(f"{place}: {level}" for place, level in enumerate(LEVELS)),
                measure,
            ),
        )

    def _reliability_figure(self, curves: Mapping[str, Any], about: str) -> Figure:
        return Figure(
            f"reliability-{about}",
            "As sure as right",
            "The share of labels that is right, by the confidence given to them.",
            reliability(f"reliability-{about}", curves),
        )

    def _changed_labels(self, changed: Sequence[Changed], title: str) -> Iterator[Block]:
        for better, told in ((True, "wrong → right"), (False, "right → wrong")):
            chosen = [each for each in changed if (each["gain"] > 0) == better]
            if chosen:
                cards = tuple(
                    self._card(
                        each["image_id"],
                        each["caption"],
                        each["said"],
                        truth=each["truth"],
                    )
                    for each in chosen
                )
                yield Cards(f"{title}: {told}", cards)

    def _changed_ranks(self, changed: Sequence[ChangedRank]) -> Cards:
        cards = tuple(
            self._card(
                each["image_id"],
                each["query"],
                {name: f"rank {rank}" for name, rank in each["ranks"].items()},
            )
            for each in changed
        )
        note = "First those whose picture came closer to the top, then those whose picture fell."
        return Cards("Queries that changed most", cards, note)

    def _card(self, image_id: str, text: str, said: Mapping[str, Any], truth: Any = None) -> Card:
        facts = {**said, **({} if truth is None else {"truth": truth})}
        return Card(
            thumbnail_path(self._chroma_dir, image_id),
            text,
            tuple((name, _in_words(value)) for name, value in facts.items()),
        )

    def _posts(self) -> Iterator[Block]:
        posts = self._at("posts")
        yield Paragraph(
            f"{posts['posts']:,} posts, {posts['captioned']:,} of them with a caption, show "
            f"{posts['pictures']:,} pictures. Here the models speak, without corrections."
        )
        arms = posts["sentiment"]
        yield Table(
            "Sentiment",
            ("", *arms),
            tuple(
                (name, *(self._number(f"posts.sentiment.{each}.{name}", "count") for each in arms))
                for name in (*SENTIMENTS, UNDETERMINED)
            ),
        )
        topics = sorted(posts["topics"], key=lambda name: (-posts["topics"][name], name))
        agreement = posts["agreement"]["topics"]
        yield Table(
            "Topics",
            ("", "posts", "agreement of caption and picture (Cohen's κ)"),
            tuple(
                (
                    name,
                    self._number(f"posts.topics.{name}", "count"),
                    self._number(f"posts.agreement.topics.{name}.kappa")
                    if name in agreement and agreement[name]["kappa"]["value"] is not None
                    else "",
                )
                for name in topics
            ),
            "κ: 1 where caption and picture always agree, 0 where they agree as by chance. A post "
            "counts under each of its topics.",
        )
        felt = posts["agreement"]["sentiment"]
        if felt["kappa"]["value"] is not None:
            yield Table(
                "Agreement on sentiment",
                ("", "posts", "Cohen's κ"),
                (
                    (
                        "caption and picture",
                        self._number("posts.agreement.sentiment.posts", "count"),
                        self._number("posts.agreement.sentiment.kappa"),
                    ),
                ),
            )
        for about, found in posts["disagreements"].items():
            if found:
                cards = tuple(self._differing(each, about) for each in found)
                yield Cards(f"Caption and picture differ: {about}", cards)
        yield from self._corrected(posts["corrected"])

    def _differing(self, each: Differing, about: Disagreement) -> Card:
        said = {name: of_arm[about] for name, of_arm in each["said"].items()}
        return self._card(each["image_id"], each["caption"], said)

    def _corrected(self, corrected: Mapping[str, Corrected]) -> Iterator[Block]:
        rows = tuple(
            (
                about,
                self._number(f"posts.corrected.{about}.posts", "count"),
                self._number(f"posts.corrected.{about}.alike", "count"),
            )
            for about, each in corrected.items()
            if each["posts"]
        )
        if rows:
            yield Table(
                "Posts that you corrected",
                ("", "posts", "the models had said the same"),
                rows,
                "Not an accuracy: people look where something seems wrong.",
            )


_SENTICAP = "senticap"  # a kind of source
_ON_REQUEST = "SentiCap's sentences were written on request, also opposite ones about one picture."

_CONTRAST_COLUMNS = ("", "difference", "p", "smallest detectable", "verdict")

_OWN_COLUMNS = (
    "", "sentiment of the post", "of the picture alone", "topics (micro-F1)", "precision", "recall",
)  # fmt: skip
_OWN_NOTES = {
    AT_RANDOM: "A sample of the posts that it was drawn from: so often each is right about any of "
    "them, within the 95 % intervals in brackets.",
    DISAGREEING: "Chosen since caption and picture disagree, so it tells which of the two to "
    "believe there, and nothing of other posts.",
    TABLE: "What columns of your table say.",
}

_TRUTH_NOTES = {
    EVERY_OBJECT: "Everything that annotators marked, however small, which favours pictures.",
    PLAIN_OBJECTS: "Only what covers 2 % of the picture or more.",
    NAMED_OBJECTS: "Only what two other captions of the picture name, which favours captions.",
}

_PROTOCOL = (
    "The unit is the picture with all its posts: intervals are from 2,000 resamples of pictures, "
    "p-values from 10,000 swaps of two arms by whole picture. One comparison a task is primary, "
    "both against captions only, and Holm's method adjusts the three; everything else is "
    "exploratory. An interval that contains 0 reads “cannot tell”; the smallest detectable "
    "difference is what four of five such studies would find.",
    "A gain in topics counts only if it holds under all three truths. Weights of the fusion of "
    "topics and of the search were fitted on 100 pictures of COCO; where these are among the "
    "pictures here, figures are development values.",
    "Both: the labels that the gallery shows, from caption and picture together. In the search, "
    "captions only is meaning and words together. Seeds are fixed: the same gallery gives the same "
    "numbers.",
)


def at(results: Any, path: str) -> Any:
    """What `results` hold under a dotted path; a name in it may have dots of its own."""
    if not path:
        return results
    fitting = [name for name in results if path == name or path.startswith(f"{name}.")]
    name = max(fitting, key=len)
    return at(results[name], path[len(name) + 1 :])


def _in_words(value: Any) -> str:
    if value is None:
        return UNDETERMINED
    if isinstance(value, list):
        return ", ".join(value) or "nothing"
    return str(value)


def _slug(text: str) -> str:
    return "".join(character if character.isalnum() else "-" for character in text)
