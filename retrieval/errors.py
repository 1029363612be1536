"""What can go wrong that the user can mend.

Every message names the thing, says what is allowed, and says what to do. They are raised deep and
printed at the edges (the command lines, later the chat's tools and page); any other exception is
a bug and keeps its traceback.
"""

_SHOWN = 60  # characters of a value in a message


class GalleryError(Exception):
    """The base of everything a user can mend."""


class BadInput(GalleryError):
    """A source cannot be read as it is: names the file and, in a table, the row and column."""


class BadOption(GalleryError):
    """A flag's value is not one of those allowed."""


class NoGallery(GalleryError):
    """There is no gallery to read, or nothing of it has been published yet."""


class GalleryDamaged(GalleryError):
    """The gallery's own files cannot be read."""


class GalleryLocked(GalleryError):
    """Another process is writing to the gallery."""


class EncoderMismatch(GalleryError):
    """The gallery was built with other encoders than those asked for."""


class SchemaMismatch(GalleryError):
    """The gallery was written by another version of this program."""


class WeightsUnavailable(GalleryError):
    """An encoder's weights cannot be had, or are not the ones they should be."""


class EndpointFailed(GalleryError):
    """A model's endpoint cannot be reached, or refuses the key, the model or the request."""


class StorageFailed(GalleryError):
    """The disk is full, read-only, or otherwise refuses what has to be written."""


def shown(value: object) -> str:
    """A value as a message shows it: in one line, cut where it is long."""
    written = repr(value)
    return written if len(written) <= _SHOWN else f"{written[:_SHOWN]}…"
