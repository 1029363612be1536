"""`python -m retrieval.labels "caption"`: which labels a post would get, and why."""

from __future__ import annotations

import argparse
import sys
from typing import TYPE_CHECKING, Any

from retrieval.captions import for_model, readable
from retrieval.cli import (
    DONE,
    a_path,
    add_chroma_dir,
    parsed,
    printable,
    read_lines,
    run,
    say,
    write_json,
)
from retrieval.config import Settings
from retrieval.errors import BadOption, NoGallery
from retrieval.records import SENTIMENTS

if TYPE_CHECKING:
    from collections.abc import Sequence

    from retrieval.encoders.base import CaptionEncoder, ImageEncoder
    from retrieval.gallery.stored_labels import LabelRecord
    from retrieval.labels.explain import Explanation, TopicEvidence
    from retrieval.labels.labeller import Labeller
    from retrieval.records import PostLabels, SentimentLabel

_TOPICS_SHOWN = 6


def main(argv: Sequence[str] | None = None) -> int:
    """Label what was given and print it."""
    settings = Settings.from_environment()
    arguments = parsed(_parser(settings), argv)
    return run(lambda: _label(arguments, settings))


def _parser(settings: Settings) -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m retrieval.labels",
        description="Say which labels a caption, a picture, or both would get, and why. Uses the "
        "models and topics of the gallery, or the defaults where there is none.",
    )
    parser.add_argument("caption", nargs="?", help='a caption, such as "best coffee in town"')
    parser.add_argument("--image", type=a_path, metavar="FILE", help="the picture it goes with")
    parser.add_argument(
        "--captions",
        type=a_path,
        metavar="FILE",
        help="label every line of a file instead, and print one JSON object a line",
    )
    parser.add_argument("--sentiment-model", metavar="NAME", help="as in python -m indexer build")
    parser.add_argument(
        "--topics", type=a_path, metavar="FILE", help="as in python -m indexer build"
    )
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    add_chroma_dir(parser, settings)
    return parser


def _label(arguments: argparse.Namespace, settings: Settings) -> int:
    if arguments.captions is not None and (arguments.caption or arguments.image):
        raise BadOption("give either --captions FILE, or one caption and --image FILE")
    if arguments.captions is None and arguments.caption is None and arguments.image is None:
        raise BadOption("give a caption, --image FILE, both, or --captions FILE")
    captions = arguments.captions and list(map(readable, read_lines(arguments.captions)))
    from retrieval.labels.explain import Explainer
    from retrieval.pictures import read_picture

    image_encoder, caption_encoder, labeller = _models(arguments, settings)
    explainer = Explainer(labeller, image_encoder, caption_encoder)
    if captions is not None:
        view = explainer.label(captions)
        for row, caption in enumerate(captions):
            write_json(_labels_json(caption, view.labels(row)))
        return DONE
    picture = (
        None if arguments.image is None else read_picture(arguments.image, image_encoder.short_side)
    )
    explanation = explainer.explain(readable(arguments.caption or ""), picture)
    if arguments.json:
        write_json(_explanation_json(explanation))
    else:
        sys.stdout.write("\n".join(_explanation_lines(explanation)) + "\n")
    return DONE


def _models(
    arguments: argparse.Namespace, settings: Settings
) -> tuple[ImageEncoder, CaptionEncoder, Labeller]:
    """The gallery's own, where there is one."""
    from retrieval.encoders.choose import choose_image_encoder
    from retrieval.encoders.sentence import SentenceEncoder
    from retrieval.gallery.manifest import read_manifest
    from retrieval.gallery.stored_encoders import stored_encoders
    from retrieval.labels.labeller import choose_labeller

    image: ImageEncoder
    caption: CaptionEncoder
    stored: LabelRecord | None = None
    try:
        manifest = read_manifest(arguments.chroma_dir)
        image, caption = stored_encoders(manifest.encoders, settings.cache_dir)
        stored = manifest.labels
    except NoGallery:
        image = choose_image_encoder(
            "packaged" if arguments.image is None else "auto", cache_dir=settings.cache_dir, say=say
        )
        caption = SentenceEncoder(cache_dir=settings.cache_dir)
    labeller = choose_labeller(
        arguments.sentiment_model,
        arguments.topics,
        stored,
        image,
        caption,
        cache_dir=settings.cache_dir,
    )
    if labeller.sentiment.note:
        say(labeller.sentiment.note)
    return image, caption, labeller


def _labels_json(caption: str, labels: PostLabels) -> dict[str, Any]:
    scores = labels.sentiment.scores or (None, None, None)
    return {
        "caption": caption,
        "sentiment": labels.sentiment.name,
        "sentiment_scores": dict(zip(SENTIMENTS, scores, strict=True)),
        "topics": [{"name": topic.name, "score": topic.score} for topic in labels.topics.shown],
        "language": labels.language,
    }


def _explanation_json(explanation: Explanation) -> dict[str, Any]:
    labels = explanation.labels
    return {
        **_labels_json(explanation.caption, labels),
        "source": labels.sentiment.source or labels.topics.source,
        "by_caption": _side_json(labels.caption_sentiment, labels.caption_topics.names),
        "by_image": _side_json(labels.image_sentiment, labels.image_topics.names),
        "topic_scores": [_topic_json(topic) for topic in explanation.topic_scores],
        "word_influences": [
            {"word": word, "influence": influence}
            for word, influence in explanation.word_influences
        ],
        "classes": [{"name": name, "share": share} for name, share in explanation.classes],
        "topic_words": [{"word": word, "topic": topic} for word, topic in explanation.topic_words],
    }


def _side_json(sentiment: SentimentLabel, topics: list[str]) -> dict[str, Any]:
    return {"sentiment": sentiment.name, "topics": topics or None}


def _topic_json(topic: TopicEvidence) -> dict[str, Any]:
    return {
        "name": topic.name,
        "score": topic.score,
        "caption": topic.caption,
        "image": topic.image,
        "nearest_phrase": topic.phrase,
        "likeness": topic.likeness,
        "picture_nearest_phrase": topic.picture_phrase,
    }


def _explanation_lines(explanation: Explanation) -> list[str]:
    labels = explanation.labels
    lines = []
    if explanation.caption:
        lines.append(f"“{printable(for_model(explanation.caption))}”")
    lines.append(f"sentiment  {_in_words(labels.sentiment)}")
    if labels.sentiment.source == "both":
        lines.append(f"  caption  {_in_words(labels.caption_sentiment)}")
        lines.append(f"  picture  {_in_words(labels.image_sentiment)}")
    if labels.sentiment.name is None:
        lines.append(f"  {_why_not(labels)}")
    if explanation.word_influences:
        told = ", ".join(f"{printable(w)} {i:+.2f}" for w, i in explanation.word_influences[:8])
        lines.append(f"  words    {told}")
    shown = ", ".join(
        topic.name if topic.score is None else f"{topic.name} {topic.score:.2f}"
        for topic in labels.topics.shown
    )
    lines.append(f"topics     {shown or 'not determined'}")
    if explanation.topic_words:
        told = ", ".join(f"{printable(word)} → {topic}" for word, topic in explanation.topic_words)
        lines.append(f"  words    {told}")
    if explanation.classes:
        told = ", ".join(f"{name} {share:.2f}" for name, share in explanation.classes)
        lines.append(f"  picture  {told}")
    lines += [_topic_line(topic) for topic in explanation.topic_scores[:_TOPICS_SHOWN]]
    lines.append(f"language   {labels.language or 'no words to tell by'}")
    return lines


def _in_words(sentiment: SentimentLabel) -> str:
    if sentiment.name is None or sentiment.scores is None:
        return "not determined"
    scores = ", ".join(f"{n} {s:.2f}" for n, s in zip(SENTIMENTS, sentiment.scores, strict=True))
    return f"{sentiment.name} ({scores})"


def _why_not(labels: PostLabels) -> str:
    if labels.language not in (None, "en"):
        return (
            f"the caption's language ({labels.language}) is not one that the sentiment model was "
            "trained for; a multilingual --sentiment-model is"
        )
    return "there is no caption, and the encoder of the pictures cannot judge moods"


def _topic_line(topic: TopicEvidence) -> str:
    sides = [
        f"{side} {score:.2f}"
        for side, score in (("caption", topic.caption), ("picture", topic.image))
        if score is not None
    ]
    near = topic.phrase or topic.picture_phrase
    return f"  {topic.score:.2f}  {topic.name:20} {', '.join(sides):29}  near “{near}”"


if __name__ == "__main__":
    raise SystemExit(main())
