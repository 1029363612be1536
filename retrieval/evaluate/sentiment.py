"""How posts feel: captions, pictures and both, against the sentiment they were written with."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from retrieval.evaluate.arms import (
    BOTH,
    CAPTIONS,
    LEAST_PICTURES,
    PICTURES,
    PRIMARY,
    SECOND,
    arm,
    contrast,
    contrasts,
    figure,
    untested,
)
from retrieval.evaluate.bounds import (
    KNOWN,
    OTHERS,
    WEIGHTS,
    as_scores,
    by_weight,
    changed,
    commonest_sentiments,
    pictures_alone,
    weighed,
)
from retrieval.evaluate.controls import (
    degradation,
    degraded,
    second_captions,
    shuffled,
    shuffled_rows,
)
from retrieval.evaluate.material import most_changed
from retrieval.evaluate.metrics import (
    accuracy,
    confusion_counts,
    macro_f1,
    mean,
    recall_of,
    reliability_points,
    winner_calibration_error,
)
from retrieval.evaluate.statistics import (
    FOLDS,
    SEED,
    disjoint_folds,
    folds_of,
    interval,
    summed_by_picture,
)
from retrieval.evaluate.tfidf import tfidf
from retrieval.evaluate.truth import marked_adjectives, sentiment_truth, splits
from retrieval.labels.labeller import choose_sentiment_model
from retrieval.labels.scores import NOT_DETERMINED, is_known, sentiment_codes
from retrieval.labels.vader import VaderModel, vader_features
from retrieval.records import SENTIMENTS

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from retrieval.evaluate.material import Material
    from retrieval.evaluate.results import (
        Arm,
        Bound,
        Changed,
        Figure,
        FittedWeight,
        Kind,
        Level,
        MeasureName,
        PictureWeight,
        SentimentTask,
        Share,
        Shuffled,
        Unseen,
        WritersPolarity,
    )
    from retrieval.evaluate.statistics import Counts, Measure
    from retrieval.labels.scores import Codes, Scores

    Rows = NDArray[np.int64]

_TEST = "test"
_SHOWN = 4
_LEAST_TRAINED_ON = 200  # sentences, for a model to be trained on them
_NEGATIVE, _NEUTRAL, _POSITIVE = range(3)
_MEASURES: dict[MeasureName, Measure] = {
    "macro_f1": macro_f1,
    "accuracy": accuracy,
    "negative_recall": recall_of(_NEGATIVE),
    "neutral_recall": recall_of(_NEUTRAL),
    "positive_recall": recall_of(_POSITIVE),
}
_TRAINED, _TFIDF = "caption vectors and VADER, trained on the others", "TF-IDF"
_KINDS: dict[str, Kind] = {SECOND: "reference", KNOWN: "bound", OTHERS: "bound"}
_LEAST_FITTED = 100  # pictures, for a weight to be fitted to them
_CANNOT_SEE = "no encoder of these pictures can tell how they feel"

_WHY_NOT = {
    CAPTIONS: "no caption is in a language that the sentiment model knows",
    PICTURES: _CANNOT_SEE,
    BOTH: _CANNOT_SEE,
    SECOND: "no picture has a second caption",
}


def evaluate_sentiment(material: Material, models: Sequence[str] = ()) -> SentimentTask | None:
    """Everything about sentiment; None where nobody knows the truth.

    `models` are further sentiment models to compare, as --sentiment-model names them.
    """
    truth = sentiment_truth(material.posts)
    captioned = np.array([post.has_caption for post in material.posts], dtype=np.bool_)
    known = np.flatnonzero((truth != NOT_DETERMINED) & captioned)
    if not len(known):
        return None
    split = np.array([each or "" for each in splits(material.posts)])
    test = known[split[known] == _TEST]
    rows = test if len(test) else known
    return _Sentiment(material, rows, known, truth, models).result()


class _Sentiment:
    """Tests on the source's test split, where it has one."""

    def __init__(
        self,
        material: Material,
        rows: Rows,
        known: Rows,
        truth: Codes,
        models: Sequence[str],
    ) -> None:
        self._material = material
        self._rows = rows
        self._known = known
        self._all_truth = truth
        self._truth = truth[rows]
        self._posts = [material.posts[row] for row in rows]
        self._captions = [post.caption for post in self._posts]
        self._pictures = material.pictures[rows]
        self._draws = material.draws(len(np.unique(self._pictures)))
        self._models = models

    def result(self) -> SentimentTask:
        scores = self._arms()
        counts = {name: self._counts(each) for name, each in scores.items() if each is not None}
        arms: dict[str, Arm] = {}
        for name, each in scores.items():
            kind: Kind = _KINDS.get(name, "arm")
            if each is None:
                arms[name] = untested(kind, _WHY_NOT[name])
                continue
            arms[name] = arm(kind, counts[name], _MEASURES, self._draws)
            arms[name]["expected_calibration_error"] = self._calibration(each)
        arms |= self._baselines()
        others = (PICTURES, SECOND, KNOWN, OTHERS)
        above = contrasts(counts, others, macro_f1, self._draws, _WHY_NOT)
        return {
            "question": "How does the post feel?",
            "measure": "macro_f1",
            "posts": len(self._rows),
            "pictures": len(self._draws[0]),
            "by_class": dict(
                zip(SENTIMENTS, np.bincount(self._truth, minlength=3).tolist(), strict=True)
            ),
            "split": self._split(),
            "corpora": self._material.corpora(self._rows.tolist()),
            "primary": above[PRIMARY].copy(),
            "arms": arms,
            "contrasts": above,
            "oracle": self._oracle(),
            "bound": self._bound(scores),
            "picture_weight": self._picture_weight(scores),
            "writers_polarity": self._writers_polarity(),
            "unseen_adjectives": self._unseen_adjectives(),
            "confusion": self._confusion(scores),
            "reliability": self._reliability(scores),
            "shuffled_pictures": self._shuffled(scores),
            "degradation": self._degraded() if scores[PICTURES] is not None else {},
            "changed": self._changed(scores),
        }

    def _split(self) -> str:
        return _TEST if len(self._rows) < len(self._known) else "everything that has truth"

    def _arms(self) -> dict[str, Scores | None]:
        arrays = self._material.arrays
        caption = arrays.caption_sentiment[self._rows]
        image = arrays.image_sentiment[self._rows]
        second = second_captions(self._captions, self._pictures)
        other = np.where((second >= 0)[:, None], caption[second], np.nan).astype(np.float32)
        sees = bool(is_known(image).any())
        fusion = self._material.fusion
        arms = {
            CAPTIONS: caption if is_known(caption).any() else None,
            PICTURES: image if sees else None,
            BOTH: arrays.sentiment[self._rows] if sees else None,
            SECOND: fusion.fused_sentiment(caption, other) if is_known(other).any() else None,
        }
        if self._readers is not None:
            known, others = self._readers
            arms[KNOWN] = fusion.fused_sentiment(caption, known)
            arms[OTHERS] = fusion.fused_sentiment(caption, others)
        return arms

    @cached_property
    def _readers(self) -> tuple[Scores, Scores] | None:
        """Who knows each picture's commonest sentiment, and who knows that of its other captions.

        None: no picture has several captions whose truth is known.
        """
        others = commonest_sentiments(self._truth, self._pictures, of_others=True)
        if (others == NOT_DETERMINED).all():
            return None
        sure = pictures_alone(self._truth, self._pictures)
        known = commonest_sentiments(self._truth, self._pictures)
        return as_scores(known, sure), as_scores(others, sure)

    def _bound(self, scores: Mapping[str, Scores | None]) -> Bound | None:
        caption, known = scores[CAPTIONS], scores.get(KNOWN)
        if caption is None or known is None or self._readers is None:
            return None
        fusion = self._material.fusion
        reached = by_weight(fusion, self._truth, caption, self._readers[0])
        best = int(reached.argmax())
        return {
            "pictures_alone": pictures_alone(self._truth, self._pictures),
            "weight": fusion.sentiment[1],
            "changed": changed(caption, known),
            "posts": len(self._truth),
            "best": {"weight": WEIGHTS[best], "macro_f1": float(reached[best])},
        }

    def _picture_weight(self, scores: Mapping[str, Scores | None]) -> PictureWeight | None:
        """What the weight of the picture's side changes, and what one fitted here would."""
        caption, image, both = (scores[name] for name in (CAPTIONS, PICTURES, BOTH))
        if caption is None or image is None or both is None:
            return None
        return {
            "prior": self._material.fusion.sentiment[1],
            "posts": len(self._truth),
            "changed": changed(caption, both),
            "fitted": self._fitted(caption, image, both),
        }

    def _fitted(self, caption: Scores, image: Scores, both: Scores) -> FittedWeight | None:
        """The weight that does best on the other folds' pictures, scored on each fold."""
        if len(self._draws[0]) < _LEAST_FITTED:
            return None
        fusion, folds = self._material.fusion, folds_of(self._pictures)
        fused = np.empty_like(caption)
        chosen = []
        for fold in range(FOLDS):
            train, test = folds != fold, folds == fold
            chosen.append(self._best_weight(caption[train], image[train], train))
            fused[test] = weighed(fusion, chosen[-1]).fused_sentiment(caption[test], image[test])
        counts = self._counts(fused)
        return {
            "weight": self._best_weight(caption, image, np.ones(len(caption), dtype=np.bool_)),
            "folds": chosen,
            "macro_f1": figure(counts, macro_f1, self._draws),
            "above_captions": contrast(counts, self._counts(caption), macro_f1, self._draws),
            "above_prior": contrast(counts, self._counts(both), macro_f1, self._draws),
        }

    def _best_weight(self, caption: Scores, image: Scores, rows: NDArray[np.bool_]) -> float:
        """The least of those that do best."""
        reached = by_weight(self._material.fusion, self._truth[rows], caption, image)
        return WEIGHTS[int(reached.argmax())]

    def _baselines(self) -> dict[str, Arm]:
        majority = int(np.bincount(self._truth, minlength=3).argmax())
        always = np.full(len(self._rows), majority, dtype=np.int8)
        found = {
            f"always {SENTIMENTS[majority]}": arm(
                "baseline", self._counts_of(always), _MEASURES, self._draws
            ),
            "VADER": self._model(VaderModel.spec, "baseline"),
            "TF-IDF": self._tfidf(),
        }
        for spec in self._models:
            if spec != VaderModel.spec:
                found[f"model {spec}"] = self._model(spec, "model")
        return found

    def _model(self, spec: str, kind: Kind) -> Arm:
        """Another model of captions' sentiment, on the same captions."""
        model = choose_sentiment_model(spec, self._material.caption_encoder)
        scores = model.scores(self._captions, self._material.caption_vectors(self._rows))
        found = arm(kind, self._counts(scores), _MEASURES, self._draws)
        found["expected_calibration_error"] = self._calibration(scores)
        return found

    def _tfidf(self) -> Arm:
        """A model of words, trained on the posts with truth that are not tested."""
        others = np.setdiff1d(self._known, self._rows)
        others = others[~np.isin(self._material.pictures[others], self._pictures)]
        truth = self._all_truth[others]
        if len(others) < _LEAST_TRAINED_ON or len(set(truth.tolist())) < 2:
            return untested("baseline", f"{len(others)} posts with truth to train on are too few")
        scores = _trained_on_words(
            [self._material.posts[row].caption for row in others], truth, self._captions
        )
        return arm("baseline", self._counts(scores), _MEASURES, self._draws)

    def _counts(self, scores: Scores) -> Counts:
        return self._counts_of(sentiment_codes(scores))

    def _counts_of(self, found: Codes) -> Counts:
        return summed_by_picture(self._pictures, confusion_counts(self._truth, found))

    def _calibration(self, scores: Scores) -> float:
        known = is_known(scores)
        truth = self._truth[known].astype(np.int64)
        return winner_calibration_error(scores[known], truth) if known.any() else 0.0

    def _oracle(self) -> dict[str, Share]:
        """The best that anyone could do who sees the pictures alone: each one's commonest truth."""
        polar = self._truth != _NEUTRAL
        found: dict[str, Share] = {}
        for name, rows in (("polar posts", polar), ("all posts", np.ones_like(polar))):
            if not rows.any():
                continue
            accuracy = pictures_alone(self._truth[rows], self._pictures[rows])
            found[name] = {"posts": int(rows.sum()), "accuracy": {"value": accuracy}}
        return found

    def _writers_polarity(self) -> WritersPolarity:
        """How well looks alone part the pictures about which all sentences have one polarity."""
        image = self._material.arrays.image_sentiment[self._rows]
        names, first = np.unique(self._pictures, return_index=True)
        polarity = [set(self._truth[self._pictures == name].tolist()) for name in names]
        chosen = [
            (int(row), sides == {_POSITIVE})
            for row, sides in zip(first, (each - {_NEUTRAL} for each in polarity), strict=True)
            if len(sides) == 1
        ]
        positive = np.array([side for _, side in chosen], dtype=np.bool_)
        about = {"positive": int(positive.sum()), "negative": int((~positive).sum())}
        if not is_known(image).any():
            return {"tested": False, "why": _CANNOT_SEE, "pictures": about}
        if not positive.any() or positive.all():
            return {"tested": False, "why": "no pictures of both polarities", "pictures": about}
        from sklearn.metrics import roc_auc_score

        scores = image[[row for row, _ in chosen]]
        leaning = scores[:, _POSITIVE] - scores[:, _NEGATIVE]
        random = np.random.default_rng(SEED)
        drawn = []
        for _ in range(len(self._draws)):
            rows = random.integers(0, len(leaning), len(leaning))
            if positive[rows].any() and not positive[rows].all():
                drawn.append(roc_auc_score(positive[rows], leaning[rows]))
        low, high = interval(np.array(drawn))
        auc: Figure = {"value": float(roc_auc_score(positive, leaning)), "low": low, "high": high}
        if len(chosen) < LEAST_PICTURES:
            auc["low"] = auc["high"] = None
        return {"tested": True, "pictures": about, "auc": auc}

    def _unseen_adjectives(self) -> Unseen:
        """Sentences none of whose marked adjectives were in training: no pair can be memorised.

        In SentiCap nearly all adjectives are connected by sentences that have several.
        """
        rows = [r for r in self._known.tolist() if self._all_truth[r] != _NEUTRAL]
        adjectives = {row: marked_adjectives(self._material.posts[row]) for row in rows}
        rows = [row for row in rows if adjectives[row]]
        if len(rows) < _LEAST_TRAINED_ON:
            why = f"{len(rows)} sentences with marked adjectives are too few"
            return {"tested": False, "why": why}
        neutral = [r for r in self._known.tolist() if self._all_truth[r] == _NEUTRAL]
        tested: list[int] = []
        scores: dict[str, list[Scores]] = {_TRAINED: [], _TFIDF: []}
        for fold in disjoint_folds([adjectives[row] for row in rows]):
            train, test = ([rows[place] for place in places] for places in fold)
            if test and len(train) >= _LEAST_TRAINED_ON:
                tested += test
                for name, each in self._trained([*train, *neutral], test).items():
                    scores[name].append(each)
        return self._binary(np.array(tested, dtype=np.int64), scores)

    def _trained(self, train: Sequence[int], test: Sequence[int]) -> dict[str, Scores]:
        """The caption model's recipe and TF-IDF, trained on some posts; scores of others."""
        texts = [[self._material.posts[row].caption for row in rows] for rows in (train, test)]
        truth = self._all_truth[list(train)]
        inputs = [
            np.hstack([self._material.caption_vectors(np.array(rows)), vader_features(captions)])
            for rows, captions in zip((train, test), texts, strict=True)
        ]
        return {
            _TRAINED: _logistic(inputs[0], truth, inputs[1]),
            _TFIDF: _trained_on_words(texts[0], truth, texts[1]),
        }

    def _binary(self, rows: Rows, scores: Mapping[str, list[Scores]]) -> Unseen:
        """Which of the two polarities is likelier, against the truth."""
        if not len(rows):
            return {"tested": False, "why": "no fold has sentences to train and to test on"}
        truth, pictures = self._all_truth[rows] == _POSITIVE, self._material.pictures[rows]
        draws = self._material.draws(len(np.unique(pictures)))
        compound = vader_features([self._material.posts[row].caption for row in rows])[:, 0]
        ways = {name: np.concatenate(parts) for name, parts in scores.items()}
        said = {name: each[:, _POSITIVE] > each[:, _NEGATIVE] for name, each in ways.items()}
        said["VADER"] = compound > 0
        found: dict[str, Figure] = {}
        for name, each in said.items():
            right = np.stack([each == truth, np.ones(len(rows))], axis=1)
            found[name] = figure(summed_by_picture(pictures, right), mean, draws)
        return {"tested": True, "posts": len(rows), "pictures": len(draws[0]), "accuracy": found}

    def _confusion(self, scores: Mapping[str, Scores | None]) -> dict[str, list[list[int]]]:
        """Rows the truth, columns negative, neutral, positive, not determined."""
        found: dict[str, list[list[int]]] = {}
        for name in (CAPTIONS, BOTH):
            each = scores[name]
            if each is not None:
                counts = confusion_counts(self._truth, sentiment_codes(each)).sum(axis=0)
                found[name] = counts.reshape(3, 4).astype(int).tolist()
        return found

    def _reliability(
        self, scores: Mapping[str, Scores | None]
    ) -> dict[str, list[tuple[float, float, int]]]:
        found: dict[str, list[tuple[float, float, int]]] = {}
        for name in (CAPTIONS, PICTURES, BOTH):
            each = scores[name]
            if each is not None:
                known = is_known(each)
                right = each[known].argmax(axis=1) == self._truth[known]
                found[name] = reliability_points(each[known].max(axis=1).astype(float), right)
        return found

    def _shuffled(self, scores: Mapping[str, Scores | None]) -> Shuffled | None:
        """Both, with every picture's mood from another picture."""
        caption, image = scores[CAPTIONS], scores[PICTURES]
        if caption is None or image is None:
            return None

        def both(random: np.random.Generator) -> Counts:
            other = image[shuffled_rows(self._pictures, random)]
            return self._counts(self._material.fusion.fused_sentiment(caption, other))

        return shuffled(both, self._counts(caption), macro_f1)

    def _degraded(self) -> dict[str, Level]:
        """The three arms with less and less of the caption left."""

        def counts_at(level: str) -> dict[str, Counts]:
            arrays = self._material.labels_of(degraded(self._captions, level), self._rows)
            return {
                CAPTIONS: self._counts(arrays.caption_sentiment),
                PICTURES: self._counts(arrays.image_sentiment),
                BOTH: self._counts(arrays.sentiment),
            }

        return degradation(counts_at, macro_f1, self._draws)

    def _changed(self, scores: Mapping[str, Scores | None]) -> list[Changed]:
        """The posts that looking at the picture put right, and those that it put wrong."""
        sides = {name: scores[name] for name in (CAPTIONS, PICTURES, BOTH)}
        said = {n: sentiment_codes(each) for n, each in sides.items() if each is not None}
        if BOTH not in said or CAPTIONS not in said:
            return []
        right = {name: codes == self._truth for name, codes in said.items()}
        gain = right[BOTH].astype(float) - right[CAPTIONS]
        return [
            {
                "post_id": self._posts[row].post_id,
                "image_id": self._posts[row].image_id,
                "caption": self._posts[row].caption,
                "gain": float(gain[row]),
                "truth": SENTIMENTS[self._truth[row]],
                "said": {name: _named(codes[row]) for name, codes in said.items()},
            }
            for row in most_changed(gain, self._pictures, _SHOWN)
        ]


def _named(code: int) -> str | None:
    return None if code == NOT_DETERMINED else SENTIMENTS[code]


def _trained_on_words(captions: Sequence[str], truth: Codes, others: Sequence[str]) -> Scores:
    words = tfidf(pairs=True)
    return _logistic(words.fit_transform(captions), truth, words.transform(others), strength=10.0)


def _logistic(inputs: Any, truth: Codes, others: Any, strength: float = 1.0) -> Scores:
    """Shape (len(others), 3); 0 for a class that nothing was trained on."""
    from sklearn.linear_model import LogisticRegression

    model = LogisticRegression(C=strength, max_iter=3000, random_state=SEED).fit(inputs, truth)
    scores = np.zeros((others.shape[0], len(SENTIMENTS)), dtype=np.float32)
    scores[:, model.classes_] = model.predict_proba(others)
    return scores
