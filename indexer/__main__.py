"""`python -m indexer build | relabel | overrides | status | forget`: flags, wiring and printing."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from indexer import summary
from retrieval.cli import (
    DONE,
    FAILED,
    a_path,
    add_chroma_dir,
    count,
    parsed,
    positive_int,
    say,
    write_json,
)
from retrieval.config import Settings
from retrieval.errors import BadOption
from retrieval.files import real_path
from retrieval.progress import add_progress, run_telling
from retrieval.records import SENTIMENTS

if TYPE_CHECKING:
    from collections.abc import Sequence

    from indexer.build import BuildOptions
    from indexer.describers.base import Describer
    from indexer.overrides import Corrections
    from indexer.sources.base import SourceRequest
    from retrieval.labels.overrides import Field


def main(argv: Sequence[str] | None = None) -> int:
    """Run one of the indexer's commands."""
    settings = Settings.from_environment()
    arguments = parsed(_parser(settings), argv)
    return run_telling(arguments, lambda: arguments.command(arguments, settings))


def _parser(settings: Settings) -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m indexer", description="Bring posts into the gallery and keep it up to date."
    )
    parser.set_defaults(progress="bar")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    _add_build(commands, settings)
    _add_relabel(commands, settings)
    _add_overrides(commands, settings)
    status = commands.add_parser("status", help="say what is in the gallery")
    status.set_defaults(command=_status)
    forget = commands.add_parser("forget", help="take a source's posts out of the gallery again")
    forget.add_argument("source", metavar="SOURCE", help="its location, or its name in `status`")
    forget.set_defaults(command=_forget)
    add_progress(forget)
    for command in (status, forget):
        command.add_argument("--json", action="store_true", help="print one JSON object")
        add_chroma_dir(command, settings)
    return parser


def _add_build(
    commands: argparse._SubParsersAction[argparse.ArgumentParser], settings: Settings
) -> None:
    build = commands.add_parser(
        "build",
        help="read posts from a source and index what is new or has changed",
        description="Read posts from a source and index what is new or has changed. Posts that "
        "left the source leave the gallery; other sources' posts stay as they are.",
    )
    build.set_defaults(command=_build)
    build.add_argument(
        "input",
        nargs="?",
        type=a_path,
        metavar="INPUT",
        help="a folder of pictures, a table (CSV, TSV, JSON, JSONL, Parquet), or a SentiCap or "
        "COCO annotation file (default: data/posts/ if it holds anything, else the sample gallery)",
    )
    what = build.add_argument_group("what is read")
    what.add_argument(
        "--images",
        action="append",
        type=a_path,
        default=[],
        metavar="DIR",
        help="where the pictures lie that a file names; can be given several times",
    )
    what.add_argument(
        "--source", metavar="KIND", help="read INPUT as this kind instead of looking at it"
    )
    what.add_argument(
        "--columns",
        type=_columns,
        default={},
        metavar="FIELD=NAME,…",
        help="which column of a table holds what, such as picture=photo_file,caption=text",
    )
    what.add_argument(
        "--coco-annotations",
        type=a_path,
        metavar="DIR",
        help="join SentiCap with the COCO annotations in DIR, by picture",
    )
    what.add_argument(
        "--final-dataset",
        type=a_path,
        metavar="DIR",
        default=Path("data/final_dataset"),
        help="where --coco-annotations writes the joined table (default: %(default)s)",
    )
    what.add_argument("--no-captions", action="store_true", help="index the pictures alone")
    what.add_argument(
        "--limit",
        type=positive_int,
        metavar="N",
        help="index only the first N posts, and remove none",
    )
    how = build.add_argument_group("how it is encoded")
    how.add_argument(
        "--clip",
        default="auto",
        metavar="MODEL",
        help="the picture encoder: auto, packaged, a preset (default, best, multilingual), "
        "ARCHITECTURE/TAG as open_clip names it, ARCHITECTURE=FILE, or a checkpoint's folder; "
        "auto takes the gallery's own, else CLIP where its weights can be had, else the packaged "
        "encoder (default: %(default)s)",
    )
    how.add_argument(
        "--sentence-model",
        metavar="NAME",
        help="the caption encoder: a sentence-transformers name or folder (default: the "
        "gallery's own, else all-MiniLM-L6-v2)",
    )
    how.add_argument(
        "--device", default="auto", help="auto, cpu, cuda or mps (default: %(default)s)"
    )
    labels = build.add_argument_group("how it is labelled")
    _add_label_flags(labels)
    labels.add_argument(
        "--describe",
        default="off",
        metavar="MODEL",
        help="have a model write a description of each picture: off, auto (BLIP, if its weights "
        "are here), a captioner's folder or name on the hub, or endpoint:MODEL for a vision model "
        "behind OPENAI_BASE_URL (default: %(default)s)",
    )
    labels.add_argument(
        "--allow-upload",
        action="store_true",
        help="permit --describe endpoint:MODEL to send pictures, scaled down, off this machine",
    )
    run_ = build.add_argument_group("how it runs")
    run_.add_argument("--dry-run", action="store_true", help="say what would be done; do nothing")
    run_.add_argument(
        "--rebuild",
        action="store_true",
        help="encode all posts of all known sources anew (and those of INPUT, if given); the "
        "gallery stays usable meanwhile",
    )
    run_.add_argument(
        "--publish-every",
        type=positive_int,
        default=120,
        metavar="SECONDS",
        help="let searches see what is done so far this often (default: %(default)s)",
    )
    run_.add_argument("--json", action="store_true", help="print one JSON object")
    add_progress(run_)
    add_chroma_dir(build, settings)


def _add_label_flags(parser: argparse._ActionsContainer) -> None:
    parser.add_argument(
        "--sentiment-model",
        metavar="NAME",
        help="what reads a caption's sentiment: head, vader, or a transformers text classifier by "
        "its name on the hub or its folder (default: the gallery's own, else the best that fits)",
    )
    parser.add_argument(
        "--topics",
        type=a_path,
        metavar="FILE",
        help="the topics that posts are sorted into (default: the gallery's own, else "
        "retrieval/labels/topics.toml)",
    )


def _add_relabel(
    commands: argparse._SubParsersAction[argparse.ArgumentParser], settings: Settings
) -> None:
    relabel = commands.add_parser(
        "relabel",
        help="label all posts again, with other topics or another sentiment model",
        description="Label all posts again from their stored vectors and captions. No picture is "
        "opened; corrections stay.",
    )
    relabel.set_defaults(command=_relabel)
    _add_label_flags(relabel)
    relabel.add_argument("--json", action="store_true", help="print one JSON object")
    add_progress(relabel)
    add_chroma_dir(relabel, settings)


def _add_overrides(
    commands: argparse._SubParsersAction[argparse.ArgumentParser], settings: Settings
) -> None:
    overrides = commands.add_parser(
        "overrides",
        help="correct the labels of posts",
        description="Correct labels. A correction wins over every model, and stays when posts are "
        "renamed, indexed or labelled again, or encoded by another model.",
    )
    actions = overrides.add_subparsers(required=True, metavar="ACTION")
    set_ = actions.add_parser("set", help="say what is right about a post")
    set_.set_defaults(command=_set_override)
    set_.add_argument("post_id", metavar="POST_ID")
    set_.add_argument("--sentiment", choices=SENTIMENTS)
    set_.add_argument(
        "--topics",
        type=_names,
        metavar="NAME,…",
        help="what it is about, up to three; other: no topic fits",
    )
    clear = actions.add_parser("clear", help="take a post's correction back")
    clear.set_defaults(command=_clear_override)
    clear.add_argument("post_id", metavar="POST_ID")
    clear.add_argument("--sentiment", action="store_true", help="only the sentiment's")
    clear.add_argument("--topics", action="store_true", help="only the topics'")
    list_ = actions.add_parser("list", help="print the corrections in force")
    list_.set_defaults(command=_list_overrides)
    export = actions.add_parser("export", help="write them to a file")
    export.set_defaults(command=_export_overrides)
    export.add_argument("--force", action="store_true", help="overwrite the file if it is there")
    import_ = actions.add_parser("import", help="add those of a file, which win over those here")
    import_.set_defaults(command=_import_overrides)
    for action in (export, import_):
        action.add_argument("file", type=a_path, metavar="FILE")
    for action in (set_, clear, list_, export, import_):
        action.add_argument("--json", action="store_true", help="print JSON")
        add_chroma_dir(action, settings)


def _names(text: str) -> list[str]:
    return [name.strip() for name in text.split(",")]


def _columns(text: str) -> dict[str, str]:
    pairs = [pair.partition("=") for pair in text.split(",")]
    if not all(field and equals and name for field, equals, name in pairs):
        raise argparse.ArgumentTypeError(
            f"{text!r} is not of the form FIELD=NAME,FIELD=NAME, such as picture=file,caption=text"
        )
    return {field.strip(): name.strip() for field, _, name in pairs}


def _build(arguments: argparse.Namespace, settings: Settings) -> int:
    _check_flags(arguments)
    from indexer.build import build, encoder_in_view, plan_only

    request, options = _request(arguments), _options(arguments, settings)
    if arguments.dry_run:
        from indexer.preview import look_at

        planned = plan_only(request, options)
        preview = look_at(planned, encoder_in_view(options))
        _answer(arguments, summary.plan_json(planned, preview), summary.plan_text(planned, preview))
        return DONE
    report = build(request, options, arguments.progress)
    _answer(arguments, report.as_json(), summary.build_text(report, options.chroma_dir))
    return DONE if report.posts else FAILED


def _check_flags(arguments: argparse.Namespace) -> None:
    """Refuse unusable flags before anything is imported that takes seconds.

    Raises:
        BadOption: names the flag's value and what is allowed.

    """
    from indexer.sources.registry import KINDS
    from retrieval.encoders.choose import check_clip_value
    from retrieval.encoders.networks import DEVICES

    check_clip_value(arguments.clip)
    if arguments.device not in DEVICES:
        raise BadOption(f"unknown device {arguments.device!r}; choose from {', '.join(DEVICES)}")
    if arguments.rebuild and arguments.limit is not None:
        raise BadOption(
            "--rebuild starts from nothing and --limit reads only the first posts, so the others "
            "would be lost; give one of the two"
        )
    if arguments.source is not None and arguments.source not in KINDS:
        raise BadOption(f"unknown source {arguments.source!r}; choose from {', '.join(KINDS)}")


def _request(arguments: argparse.Namespace) -> SourceRequest | None:
    """The source that was named; None where none was, which a rebuild takes for all it knows."""
    from indexer.sources.base import SourceRequest
    from indexer.sources.registry import default_location

    if arguments.input is None and arguments.rebuild:
        return None
    annotations: Path | None = arguments.coco_annotations
    return SourceRequest(
        location=real_path(arguments.input or default_location()),
        kind=arguments.source,
        image_roots=tuple(map(real_path, arguments.images)),
        columns=arguments.columns,
        coco_annotations=annotations and real_path(annotations),
        captions=not arguments.no_captions,
    )


def _options(arguments: argparse.Namespace, settings: Settings) -> BuildOptions:
    from indexer.build import BuildOptions

    return BuildOptions(
        chroma_dir=arguments.chroma_dir,
        cache_dir=settings.cache_dir,
        clip=arguments.clip,
        sentence_model=arguments.sentence_model,
        device=arguments.device,
        sentiment_model=arguments.sentiment_model,
        topics=arguments.topics and real_path(arguments.topics),
        describer=_describer(arguments, settings),
        rebuild=arguments.rebuild,
        limit=arguments.limit,
        publish_every=arguments.publish_every,
        final_dataset=arguments.final_dataset,
    )


def _describer(arguments: argparse.Namespace, settings: Settings) -> Describer | None:
    if arguments.describe == "off":
        return None
    from indexer.describers.choose import choose_describer, no_captioner_here

    describer = choose_describer(
        arguments.describe,
        device=arguments.device,
        base_url=settings.openai_base_url,
        api_key=settings.openai_api_key,
        allow_upload=arguments.allow_upload,
    )
    if describer is None:
        arguments.progress.say(no_captioner_here())
    return describer


def _relabel(arguments: argparse.Namespace, settings: Settings) -> int:
    from indexer.relabel import relabel

    report = relabel(
        arguments.chroma_dir,
        settings.cache_dir,
        sentiment_model=arguments.sentiment_model,
        topics=arguments.topics and real_path(arguments.topics),
        progress=arguments.progress,
    )
    _answer(arguments, summary.relabel_json(report), summary.relabel_text(report))
    return DONE


def _set_override(arguments: argparse.Namespace, _settings: Settings) -> int:
    corrections = _corrections(arguments)
    corrections.correct(arguments.post_id, arguments.sentiment, arguments.topics)
    said = {"sentiment": arguments.sentiment, "topics": arguments.topics}
    _answer(arguments, {"post_id": arguments.post_id, **said}, f"corrected {arguments.post_id}")
    return DONE


def _clear_override(arguments: argparse.Namespace, _settings: Settings) -> int:
    from retrieval.labels.overrides import FIELDS

    fields: list[Field] = [name for name in FIELDS if getattr(arguments, name)]
    _corrections(arguments).clear(arguments.post_id, fields)
    text = f"the models speak again about {arguments.post_id}"
    _answer(arguments, {"post_id": arguments.post_id}, text)
    return DONE


def _list_overrides(arguments: argparse.Namespace, _settings: Settings) -> int:
    corrected = _corrections(arguments).in_force()
    _answer(arguments, summary.corrections_json(corrected), summary.corrections_text(corrected))
    return DONE


def _export_overrides(arguments: argparse.Namespace, _settings: Settings) -> int:
    exported = _corrections(arguments).export(arguments.file, force=arguments.force)
    text = f"{count(exported, 'correction')} written to {arguments.file}"
    _answer(arguments, {"exported": exported}, text)
    return DONE


def _import_overrides(arguments: argparse.Namespace, _settings: Settings) -> int:
    imported = _corrections(arguments).import_(arguments.file)
    _answer(arguments, {"imported": imported}, f"{count(imported, 'correction')} imported")
    return DONE


def _corrections(arguments: argparse.Namespace) -> Corrections:
    from indexer.overrides import Corrections

    return Corrections(arguments.chroma_dir, say=say)


def _status(arguments: argparse.Namespace, _settings: Settings) -> int:
    from indexer.status import read_status

    status = read_status(arguments.chroma_dir)
    _answer(arguments, status.as_json(), summary.status_text(status))
    return DONE


def _forget(arguments: argparse.Namespace, settings: Settings) -> int:
    from indexer.forget import forget

    removed = forget(arguments.source, arguments.chroma_dir, settings.cache_dir, arguments.progress)
    _answer(arguments, {"removed": removed}, f"{count(removed, 'post')} left the gallery")
    return DONE


def _answer(arguments: argparse.Namespace, as_json: object, as_text: str) -> None:
    if arguments.json:
        write_json(as_json)
    else:
        sys.stdout.write(as_text + "\n")


if __name__ == "__main__":
    raise SystemExit(main())
