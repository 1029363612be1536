"""`python -m retrieval.evaluate`: what did looking at the pictures add? Flags, wiring, files."""

from __future__ import annotations

import argparse
import json
import re
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING

from retrieval.cli import DONE, a_path, add_chroma_dir, open_console, parsed, write_json
from retrieval.config import Settings
from retrieval.errors import StorageFailed
from retrieval.files import check_folder, foreign, json_value
from retrieval.progress import add_progress, run_telling

if TYPE_CHECKING:
    from collections.abc import Sequence

    from retrieval.evaluate.report.document import Document
    from retrieval.evaluate.results import Results, Tasks
    from retrieval.gallery.generation import Generation

_JSON, _PLOTS = "report.json", "plots"


def main(argv: Sequence[str] | None = None) -> int:
    """Evaluate a gallery and write the report."""
    settings = Settings.from_environment()
    arguments = parsed(_parser(settings), argv)
    return run_telling(arguments, lambda: _evaluate(arguments, settings))


def _parser(settings: Settings) -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m retrieval.evaluate",
        description="Compare what captions tell with what captions and pictures tell, for "
        "sentiment, topics and search, on everything in the gallery whose truth is known; "
        "describe the rest.",
    )
    parser.add_argument(
        "--out",
        type=a_path,
        default=settings.reports_dir,
        metavar="DIR",
        help="where report.md, report.html, report.json and plots/ go (default: %(default)s; "
        "environment: REPORTS_DIR)",
    )
    parser.add_argument(
        "--sentiment-models",
        type=_models,
        default=[],
        metavar="NAMES",
        help="compare these models of captions' sentiment as well, such as "
        "head,vader,cardiffnlp/twitter-roberta-base-sentiment-latest",
    )
    parser.add_argument("--json", action="store_true", help="print report.json instead of tables")
    add_progress(parser)
    add_chroma_dir(parser, settings)
    return parser


def _models(text: str) -> list[str]:
    names = [name.strip() for name in text.split(",")]
    if not all(names):
        raise argparse.ArgumentTypeError(f"{text!r} has an empty name; write head,vader")
    return list(dict.fromkeys(names))


def _evaluate(arguments: argparse.Namespace, settings: Settings) -> int:
    from retrieval.evaluate.report.compose import document
    from retrieval.gallery.generation import Generation

    _check_out(arguments.out)
    settings.keep_libraries_tidy()
    generation = Generation.open(arguments.chroma_dir)
    results = _results(generation, arguments, settings)
    report = document(results, arguments.chroma_dir)
    text = json.dumps(results, indent=1, ensure_ascii=False, allow_nan=False)
    _write(arguments.out, report, text)
    if arguments.json:
        write_json(results, indent=1)
    else:
        _show(report)
    wrote = "report.html, report.md, report.json and plots/"
    arguments.progress.say(f"wrote {wrote} to {arguments.out}")
    return DONE


def _results(generation: Generation, arguments: argparse.Namespace, settings: Settings) -> Results:
    """Everything that the report shows, as plain JSON."""
    from retrieval.evaluate.arms import TASKS, adjusted
    from retrieval.evaluate.bounds import senticap_bound
    from retrieval.evaluate.looks import evaluate_looks
    from retrieval.evaluate.material import Material
    from retrieval.evaluate.own_posts import describe_posts
    from retrieval.evaluate.own_truth import evaluate_own_truth
    from retrieval.evaluate.report.finding import finding
    from retrieval.evaluate.search import evaluate_search
    from retrieval.evaluate.sentiment import evaluate_sentiment
    from retrieval.evaluate.topics import evaluate_topics
    from retrieval.gallery.stored_encoders import stored_encoders
    from retrieval.labels.checks import read_checks
    from retrieval.labels.overrides import Overrides, read_overrides
    from retrieval.labels.view import LabelView

    encoders = stored_encoders(generation.manifest.encoders, settings.cache_dir)
    material = Material(generation, *encoders, settings.cache_dir)
    tasks: Tasks = {}
    with arguments.progress.stage("score", len(TASKS) + 1) as advance:
        if (sentiment := evaluate_sentiment(material, arguments.sentiment_models)) is not None:
            tasks["sentiment"] = sentiment
        advance(1)
        if (topics := evaluate_topics(material)) is not None:
            tasks["topics"] = topics
        advance(1)
        if (search := evaluate_search(material)) is not None:
            tasks["search"] = search
        advance(1)
        looks = evaluate_looks(material)
        advance(1)
    if arguments.sentiment_models and "sentiment" not in tasks:
        arguments.progress.say(
            "no post has a known sentiment, so --sentiment-models has nothing to compare"
        )
    tested = adjusted(tasks)
    view = LabelView.of(generation, Overrides({}))
    own = evaluate_own_truth(material, view, read_checks(arguments.chroma_dir))
    posts = describe_posts(material, view, read_overrides(arguments.chroma_dir))
    return {
        "finding": finding(tested, own, senticap_bound(), looks, made_up=posts["made_up"]),
        "about": _about(generation),
        "tasks": tested,
        "senticap_bound": senticap_bound(),
        "looks": looks,
        "own_truth": own,
        "posts": posts,
    }


def _about(generation: Generation) -> dict[str, str | int]:
    """What the numbers depend on."""
    from retrieval.evaluate.statistics import PERMUTATIONS, RESAMPLES, SEED

    manifest = generation.manifest
    labels = manifest.labels
    assert labels is not None, "a published generation has labels"
    return {
        "gallery": manifest.named,
        "pictures_by": manifest.encoders.image.fingerprint,
        "captions_by": manifest.encoders.caption.fingerprint,
        "sentiment_by": labels.sentiment,
        "topics_by": f"taxonomy {labels.taxonomy[:12]}, {labels.fusion}",
        "seed": SEED,
        "resamples": RESAMPLES,
        "permutations": PERMUTATIONS,
        "commit": _commit(),
    }


def _commit() -> str:
    """Of the program, where it runs from a checkout."""
    try:
        done = subprocess.run(
            ["git", "describe", "--always", "--dirty", "--abbrev=12"],  # noqa: S607
            cwd=Path(__file__).parent,
            capture_output=True,
            text=True,
            check=True,
            timeout=10,
        )
    except (OSError, subprocess.SubprocessError):
        return "not from a checkout"
    return done.stdout.strip()


def _check_out(folder: Path) -> None:
    """Make the folder before anything is computed.

    Raises:
        BadOption: it is a file, or holds something else than a report.
        StorageFailed: it cannot be made.

    """
    check_folder(folder, "a report", "--out", is_ours=_is_report(folder))
    try:
        (folder / _PLOTS).mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise StorageFailed(f"cannot write to {folder}: {error.strerror}") from error


def _is_report(folder: Path) -> bool:
    """Whether this command wrote what lies there, or was stopped before it wrote anything."""
    try:
        fields = json_value((folder / _JSON).read_text("utf-8"))
    except FileNotFoundError:
        return foreign(folder) == [folder / _PLOTS] and not foreign(folder / _PLOTS)
    except (OSError, ValueError):
        return False
    return isinstance(fields, dict) and {"finding", "about", "tasks", "posts"} <= fields.keys()


def _write(folder: Path, report: Document, text: str) -> None:
    """Write all files of the report.

    Raises:
        StorageFailed: the folder cannot be written.

    """
    from retrieval.evaluate.report.html import html
    from retrieval.evaluate.report.markdown import markdown

    plots = folder / _PLOTS
    try:
        (folder / _JSON).write_text(text + "\n", "utf-8")  # first: it marks the folder as ours
        for old in _plots_of(folder / "report.md"):
            (plots / old).unlink(missing_ok=True)
        for figure in report.figures:
            (plots / f"{figure.name}.svg").write_text(figure.svg, "utf-8")
        (folder / "report.md").write_text(markdown(report), "utf-8")
        (folder / "report.html").write_text(html(report), "utf-8")
    except OSError as error:
        raise StorageFailed(f"cannot write to {folder}: {error.strerror}") from error


def _plots_of(report: Path) -> list[str]:
    """The plots that an earlier report shows: other files beside them are not ours."""
    if not report.is_file():
        return []
    return re.findall(rf"\]\({_PLOTS}/([\w-]+\.svg)\)", report.read_text("utf-8", "replace"))


def _show(report: Document) -> None:
    from retrieval.evaluate.report.terminal import print_document

    print_document(report, open_console())


if __name__ == "__main__":
    raise SystemExit(main())
