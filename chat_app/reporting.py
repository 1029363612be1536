"""The report of the last evaluation, and making it anew."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from chat_app.building import Child, OneAtATime
from retrieval.errors import BadInput, GalleryLocked
from retrieval.files import json_value
from retrieval.gallery.layout import checks_path

if TYPE_CHECKING:
    from pathlib import Path

    from retrieval.gallery.manifest import Manifest


@dataclass(frozen=True, slots=True)
class Report:
    """One evaluation, as it was written."""

    html: str  # self-contained
    results: str  # JSON
    made_at: datetime  # UTC
    gallery: str  # the generation that it is about; see `Manifest.named`

    def is_of(self, manifest: Manifest) -> bool:
        """Whether the gallery is still what the report is about."""
        return self.gallery == manifest.named


class Reporting(OneAtATime):
    """A server's one report, and the evaluation that makes it anew."""

    def __init__(self, chroma_dir: Path, folder: Path) -> None:
        super().__init__()
        self.folder = folder
        self._chroma_dir = chroma_dir

    def report(self) -> Report | None:
        """The report that lies in the folder, whoever made it; None: there is none.

        Raises:
            BadInput: it cannot be read, or is none.

        """
        try:
            results = (self.folder / "report.json").read_text("utf-8")
            html = (self.folder / "report.html").read_text("utf-8")
            made = (self.folder / "report.html").stat().st_mtime
            gallery = str(json_value(results)["about"]["gallery"])
        except (FileNotFoundError, NotADirectoryError):
            return None
        except OSError as error:
            raise BadInput(f"cannot read the report in {self.folder}: {error.strerror}") from error
        except (ValueError, KeyError, TypeError):
            raise BadInput(
                f"{self.folder} holds no report that can be read; make it anew, or move away what "
                "is there"
            ) from None
        return Report(html, results, datetime.fromtimestamp(made, UTC), gallery)

    def is_before_checks(self, report: Report) -> bool:
        """Whether posts were checked after the report was made."""
        try:
            checked = checks_path(self._chroma_dir).stat().st_mtime
        except OSError:
            return False
        return datetime.fromtimestamp(checked, UTC) > report.made_at

    def start(self) -> None:
        """Start an evaluation; its report replaces the one that is there.

        Raises:
            GalleryLocked: one is at work already.

        """
        with self._lock:
            if self.is_at_work:
                raise GalleryLocked("a report is being made already; wait until it is done")
            flags = ["--chroma-dir", str(self._chroma_dir), "--out", str(self.folder)]
            command = ["retrieval.evaluate", *flags, "--progress", "json", "--json"]
            self._child = Child("evaluate", str(self._chroma_dir), command)
