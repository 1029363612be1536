"""Figures of an evaluation by their place in the results, as cells and tables of a report."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from retrieval.evaluate.arms import BOTH, CAPTIONS, DESCRIBED, PICTURES, PRIMARY
from retrieval.evaluate.report.document import Card, Number, Table
from retrieval.gallery.layout import thumbnail_path
from retrieval.records import UNDETERMINED

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from retrieval.evaluate.report.document import Cell, Form
    from retrieval.evaluate.results import Results

SIDES = (CAPTIONS, PICTURES, BOTH)
MEASURES = {
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
}
_EXPLAINED = {
    "macro_f1": "Macro-F1: F1, the harmonic mean of precision and recall, of each sentiment, and "
    "their mean.",
    "micro_f1": "Micro-F1: the harmonic mean of precision and recall over all labels of all posts.",
    "accuracy": "Accuracy: the share that is right.",
    "precision": "Precision: how many of the labels shown are right. Recall: how many of the right "
    "ones are shown.",
    "map": "mAP: of each topic, how far in front the posts that show it are ranked (average "
    "precision), and the mean.",
    "recall_at_1": "R@k: the share of queries whose picture is among the first k.",
    "mrr": "MRR: the mean of 1 / rank.",
    "ndcg_at_10": "nDCG@10: how good the first ten are, against the best ten that there could be.",
    "difference": "p: how often chance alone brings such a difference. Smallest detectable: what "
    "four of five studies of this size would find.",
    "kappa": "Cohen's κ: 1 where caption and picture always agree, 0 where they agree as by "
    "chance.",
    "holm": "p (Holm): how often chance alone would bring such a difference, adjusted for how many "
    "are looked at.",
}
MINUS_PRIMARY = PRIMARY.replace(" - ", " − ")


@dataclass(frozen=True)
class ResultsReader:
    """The results, what people call the topics in them, and where thumbnails lie."""

    results: Results
    chroma_dir: Path
    _explained: set[str] = field(default_factory=set)

    def at(self, path: str) -> Any:
        """What the results hold under a dotted path."""
        return at(self.results, path)

    def number(self, path: str, form: Form = "score") -> Number:
        """The figure at a path: a plain number, or one with an interval beside it."""
        found = self.at(path)
        if isinstance(found, dict):
            return Number(
                found["value"], f"{path}.value", found.get("low"), found.get("high"), form
            )
        return Number(found, path, form=form)

    def title(self, topic: str) -> str:
        """What people call a topic."""
        return self.results["posts"]["topic_titles"].get(topic, topic)

    def explained(self, *measures: str) -> str:
        """What measures are, where each first appears."""
        fresh = [each for each in measures if each in _EXPLAINED and each not in self._explained]
        self._explained.update(fresh)
        return " ".join(_EXPLAINED[each] for each in fresh)

    def arms(self, path: str, measures: Sequence[str], title: str, note: str = "") -> Table:
        """A row an arm that was tested, a column a measure; the note says why others were not."""
        arms = self.at(path)
        tested = [name for name, scores in arms.items() if scores["tested"]]
        rows: list[tuple[Cell, ...]] = [
            (
                name,
                *(
                    self.number(f"{path}.{name}.{measure}") if measure in arms[name] else ""
                    for measure in measures
                ),
            )
            for name in tested
        ]
        strong = frozenset(place for place, name in enumerate(tested) if name == BOTH)
        columns = ("", *(MEASURES.get(m, m.replace("_", " ")) for m in measures))
        notes = filter(None, [note, *_reasons(arms), self.explained(*measures)])
        return Table(title, columns, tuple(rows), " ".join(notes), strong)

    def contrasts(self, path: str, title: str, note: str = "") -> list[Table]:
        """The differences of arms that were tested; why others were not is said with the arms."""
        rows = [
            self._contrast(name.replace(" - ", " − "), f"{path}.{name}")
            for name, found in self.at(path).items()
            if found["value"] is not None
        ]
        if not rows:
            return []
        columns = ("", "verdict", "difference", "p", "smallest detectable")
        notes = " ".join(filter(None, [note, self.explained("difference")]))
        return [Table(title, columns, tuple(rows), notes)]

    def _contrast(self, name: str, path: str) -> tuple[Cell, ...]:
        found = self.at(path)
        p: Cell = self.number(f"{path}.p", "p") if found["p"] is not None else ""
        detectable: Cell = ""
        if found["detectable"] is not None:
            detectable = self.number(f"{path}.detectable")
        return (name, found["verdict"], self.number(path, "signed"), p, detectable)

    def card(self, image_id: str, text: str, said: Mapping[str, Any], truth: Any = None) -> Card:
        """A post with what is said of it."""
        facts = {**said, **({} if truth is None else {"truth": truth})}
        return Card(
            thumbnail_path(self.chroma_dir, image_id),
            text,
            tuple((name, self._in_words(value)) for name, value in facts.items()),
        )

    def _in_words(self, value: Any) -> str:
        if value is None:
            return UNDETERMINED
        if isinstance(value, list):
            return ", ".join(map(self.title, value)) or "nothing"
        return str(value)


def _reasons(arms: Mapping[str, Any]) -> list[str]:
    """Why arms were not tested, each reason once; nothing of descriptions, which are optional."""
    names: dict[str, list[str]] = {}
    for name, scores in arms.items():
        if not scores["tested"] and name != DESCRIBED:
            names.setdefault(scores["why"], []).append(name)
    return [f"Not tested: {' and '.join(each)}, since {why}." for why, each in names.items()]


def at(results: Any, path: str) -> Any:
    """What `results` hold under a dotted path; a name in it may have dots of its own."""
    if not path:
        return results
    fitting = [name for name in results if path == name or path.startswith(f"{name}.")]
    name = max(fitting, key=len)
    return at(results[name], path[len(name) + 1 :])


def slug(text: str) -> str:
    """The text as part of a figure's name."""
    return "".join(character if character.isalnum() else "-" for character in text)
