"""The contract of models that put into words what a picture shows."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from retrieval.captions import for_model, readable

if TYPE_CHECKING:
    from collections.abc import Sequence

    from PIL.Image import Image

MAX_CHARACTERS = 300  # of a description: two or three sentences; more is a model that rambles


class Describer(Protocol):
    """Puts into words what pictures show. Cheap to construct; weights load at first use."""

    @property
    def spec(self) -> str:
        """How to ask for this describer again on a command line."""

    @property
    def version(self) -> str:
        """Names the model; equal versions give comparable descriptions. May load the weights."""

    @property
    def uploads(self) -> bool:
        """Whether pictures leave this machine."""

    def describe(self, pictures: Sequence[Image]) -> list[str | None]:
        """One line of plain text for each upright RGB picture, at most MAX_CHARACTERS long.

        None for a picture that could not be described: it costs itself only.
        """


def one_line(text: str) -> str | None:
    """A model's answer as a description: clean, on one line, cut; None if nothing is left.

    What a model writes is as little to be trusted as what a stranger does: a picture can have
    text in it that tells the model what to say.
    """
    return for_model(readable(text))[:MAX_CHARACTERS].rstrip() or None


def loaded(picture: Image) -> Image | None:
    """The picture in RGB, or None where its file turns out to be broken or it has no pixels."""
    try:
        rgb = picture.convert("RGB")  # reads the file, if that was put off until now
    except (OSError, ValueError, SyntaxError):  # what Pillow's readers raise
        return None
    return rgb if all(rgb.size) else None
