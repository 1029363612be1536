"""How the gallery lies in Chroma: two collections, one a vector space. Chroma lives only here.

`images` holds one record a picture, in the image encoder's space; `captions` one a captioned
post, in the sentence encoder's. They are never mixed: texts and pictures form two clouds even in
one space, so a shared collection would rank by kind instead of by meaning.
"""

from __future__ import annotations

from contextlib import contextmanager
from threading import Lock
from typing import TYPE_CHECKING, Any

from retrieval.errors import GalleryDamaged, GalleryError
from retrieval.files import check_storage, real_path
from retrieval.gallery.layout import database_path, journal_files, remove_chroma
from retrieval.gallery.lock import last_write, reader_lock
from retrieval.gallery.manifest import read_manifest
from retrieval.records import month_day_number

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence
    from pathlib import Path

    from chromadb.api import ClientAPI
    from chromadb.api.models.Collection import Collection
    from numpy.typing import NDArray

    from retrieval.gallery.manifest import EncoderRecord, Encoders, Manifest
    from retrieval.records import Picture, Post, PostLabels

IMAGES, CAPTIONS = "images", "captions"

_BATCH = 5_000  # records; Chroma refuses more than 5,461 in one call
_COSINE = {"hnsw": {"space": "cosine"}}  # the default is l2
_DAMAGED = (
    "Chroma's files in {} are damaged, or of other encoders than the gallery's; any build mends "
    "that: python -m indexer build"
)
_UNFINISHED = (
    "a build of {} was interrupted, and Chroma holds more than is published; finish it with: "
    "python -m indexer build"
)


class Collections:
    """The two collections, opened for writing. Hold the writer's lock while it is open."""

    def __init__(self, chroma_dir: Path, encoders: Encoders) -> None:
        """Open the collections of these encoders, or create them."""
        folder = _open_folder(chroma_dir)
        with folder.lock:
            folder.close()
        self._client = _open_client(chroma_dir)
        try:
            self.images = _open_collection(self._client, IMAGES, encoders.image)
            self.captions = _open_collection(self._client, CAPTIONS, encoders.caption)
        except BaseException:
            self.close()
            raise

    def close(self) -> None:
        """Let go of the folder, so that another process can open it."""
        self._client.close()  # type: ignore[attr-defined]

    def put_pictures(
        self, pictures: Sequence[tuple[Picture, Post, PostLabels, NDArray[Any]]]
    ) -> None:
        """Add or replace pictures, each with a post that shows it, its labels and its vector."""
        _upsert(
            self.images,
            [picture.image_id for picture, *_ in pictures],
            [post.image_path for _, post, *_ in pictures],
            [picture_metadata(picture, post, labels) for picture, post, labels, _ in pictures],
            [vector for *_, vector in pictures],
        )

    def put_captions(self, posts: Sequence[tuple[Post, PostLabels, NDArray[Any]]]) -> None:
        """Add or replace captioned posts, each with its labels and its caption's vector."""
        _upsert(
            self.captions,
            [post.post_id for post, *_ in posts],
            [post.caption for post, *_ in posts],
            [caption_metadata(post, labels) for post, labels, _ in posts],
            [vector for *_, vector in posts],
        )

    def update_pictures(self, pictures: Sequence[tuple[Picture, Post, PostLabels]]) -> None:
        """Give pictures that are there other labels."""
        for part in _batches(len(pictures)):
            self.images.update(
                ids=[picture.image_id for picture, *_ in pictures[part]],
                metadatas=[picture_metadata(*about) for about in pictures[part]],
            )

    def update_captions(self, posts: Sequence[tuple[Post, PostLabels]]) -> None:
        """Give captioned posts that are there other labels."""
        for part in _batches(len(posts)):
            self.captions.update(
                ids=[post.post_id for post, _ in posts[part]],
                metadatas=[caption_metadata(*about) for about in posts[part]],
            )

    def remove_captions(self, post_ids: Sequence[str]) -> None:
        """Remove captions; unknown ids are passed over."""
        _delete(self.captions, post_ids)

    def remove_pictures(self, image_ids: Sequence[str]) -> None:
        """Remove pictures; unknown ids are passed over."""
        _delete(self.images, image_ids)

    def ids(self) -> tuple[set[str], set[str]]:
        """The ids in `images` and in `captions`."""
        return _all_ids(self.images), _all_ids(self.captions)

    def counts(self) -> tuple[int, int]:
        """The number of records in `images` and in `captions`."""
        return self.images.count(), self.captions.count()


class ChromaReader:
    """Chroma's own index of one published generation, for queries. Safe to share between threads.

    A query holds the shared side of the lock, so that a build never waits for long. While a writer
    is at work, when it left work unpublished, when something newer is published and when Chroma's
    files are broken there is no answer, and the caller scans the generation instead.
    """

    def __init__(self, chroma_dir: Path, manifest: Manifest) -> None:
        self._chroma_dir = chroma_dir
        self._manifest = manifest
        self._folder = _open_folder(chroma_dir)

    @property
    def is_open(self) -> bool:
        """Whether a query has paid for opening it, in this process."""
        return self._folder.client is not None

    def nearest(
        self, collection: str, query: NDArray[Any], count: int, where: dict[str, Any] | None
    ) -> list[str] | None:
        """The ids of about the `count` nearest records; None where Chroma cannot be had now."""
        from chromadb.errors import ChromaError  # half a second that no build should wait for

        try:
            with self._folder.lock, reader_lock(self._chroma_dir):
                client = self._folder.client_for(self._manifest)
                if client is None:
                    return None
                try:
                    return _query(client, collection, query, count, where)
                except ChromaError:
                    self._folder.give_up()
                    return None
        except (GalleryError, OSError):
            return None

    def close(self) -> None:
        """Let go of the folder; the next query opens it again."""
        with self._folder.lock:
            self._folder.close()


class _OpenFolder:
    """What this process has open of one folder's Chroma. Everything is asked under its lock.

    chromadb keeps one database a folder and process, whatever clients there are, and does not see
    what another process writes to it: after every writer, it has to be closed and opened again.
    """

    def __init__(self, chroma_dir: Path) -> None:
        self.lock = Lock()
        self.client: ClientAPI | None = None
        self._chroma_dir = chroma_dir
        self._seen: int | None = None  # the last writer before the client was opened
        self._holds: tuple[int, int] | None = None  # what is published; None: not to be used

    def client_for(self, manifest: Manifest) -> ClientAPI | None:
        """What sees just what this manifest says, if there is such; hold the reader's lock."""
        self.refresh()
        if self._holds != (manifest.generation, manifest.built_at):
            return None
        if self.client is None:
            try:
                self.client = _open_existing(self._chroma_dir, manifest.encoders)
            except GalleryError:
                self.give_up()
        return self.client

    def refresh(self) -> None:
        """Close what was opened before the last writer."""
        written = last_write(self._chroma_dir)
        if written != self._seen:
            self.close()
            published = read_manifest(self._chroma_dir)
            unfinished = _has_unpublished_work(self._chroma_dir)
            self._holds = None if unfinished else (published.generation, published.built_at)
            self._seen = written

    def give_up(self) -> None:
        """Do not try again before a writer has been here."""
        self.close()
        self._holds = None

    def close(self) -> None:
        """Let go of the files."""
        if self.client is not None:
            self.client.close()  # type: ignore[attr-defined]
            self.client = None


_open_folders: dict[Path, _OpenFolder] = {}
_opening = Lock()


def _open_folder(chroma_dir: Path) -> _OpenFolder:
    """The one of this process."""
    with _opening:
        path = real_path(chroma_dir)
        return _open_folders.setdefault(path, _OpenFolder(path))


@contextmanager
def opened_for_reading(chroma_dir: Path, encoders: Encoders) -> Iterator[ClientAPI]:
    """Chroma's client, for those who bring their own way to query; holds off writers meanwhile.

    Raises:
        GalleryLocked: a writer is at work.
        GalleryDamaged: the collections are broken, or hold other encoders' vectors, or a build was
            interrupted.

    """
    import chromadb  # noqa: F401 - half a second that no build should wait for

    folder = _open_folder(chroma_dir)
    with reader_lock(chroma_dir):
        with folder.lock:
            folder.refresh()
            if _has_unpublished_work(chroma_dir):
                raise GalleryDamaged(_UNFINISHED.format(chroma_dir))
            client = _open_existing(chroma_dir, encoders)
        try:
            yield client
        finally:
            with folder.lock:
                client.close()  # type: ignore[attr-defined]


def _has_unpublished_work(chroma_dir: Path) -> bool:
    return bool(journal_files(chroma_dir))


def _query(
    client: ClientAPI, name: str, query: NDArray[Any], count: int, where: dict[str, Any] | None
) -> list[str]:
    collection = client.get_collection(name, embedding_function=None)
    found = collection.query(query_embeddings=[query], n_results=count, where=where, include=[])
    return found["ids"][0]


def _open_existing(chroma_dir: Path, encoders: Encoders) -> ClientAPI:
    """Open the collections of these encoders, and create nothing.

    Raises:
        GalleryDamaged: there are none.
        StorageFailed: the folder cannot be written; chromadb wants that even for reading.

    """
    from chromadb.errors import ChromaError

    if not database_path(chroma_dir).exists():
        raise GalleryDamaged(_DAMAGED.format(chroma_dir))
    try:
        client = _open_client(chroma_dir)
    except (_UnusableCollection, ValueError) as error:  # a ValueError: there is no tenant in it
        raise GalleryDamaged(_DAMAGED.format(chroma_dir)) from error
    try:
        stored = _fingerprints(client)
    except ChromaError:
        stored = []
    if stored != [encoders.image.fingerprint, encoders.caption.fingerprint]:
        client.close()  # type: ignore[attr-defined]
        raise GalleryDamaged(_DAMAGED.format(chroma_dir))
    return client


def _fingerprints(client: ClientAPI) -> list[str | None]:
    stored = {each.name: each.metadata or {} for each in client.list_collections()}
    return [stored.get(name, {}).get("fingerprint") for name in (IMAGES, CAPTIONS)]


def open_collections(chroma_dir: Path, encoders: Encoders) -> Collections:
    """Open the collections; where Chroma's files are broken or foreign, make new, empty ones.

    Nothing is lost by that: all they hold lies in the published generation and the journal as
    well, and a writer fills them up again when it recovers.

    Raises:
        StorageFailed: the disk refuses, which new files would not mend.

    """
    try:
        if not database_path(chroma_dir).exists():
            remove_chroma(chroma_dir)  # of what a kill left when it was removed before
        return Collections(chroma_dir, encoders)
    except _UnusableCollection:
        remove_chroma(chroma_dir)
        return Collections(chroma_dir, encoders)


def picture_metadata(picture: Picture, post: Post, labels: PostLabels) -> dict[str, Any]:
    """What `images` keeps of a picture, to filter by: its own labels, not those of its captions.

    Every key always: upserts merge.
    """
    return {
        "root": post.root,
        "image_path": post.image_path,
        "width": picture.width,
        "height": picture.height,
        "sentiment": labels.image_sentiment.name,
        "topics": labels.image_topics.names or None,  # Chroma refuses empty lists
        "description": picture.description,  # written by a machine
    }


def caption_metadata(post: Post, labels: PostLabels) -> dict[str, Any]:
    """What `captions` keeps of a post, to filter by. Every key always: upserts merge."""
    return {
        "image_id": post.image_id,
        "source": post.source,
        "root": post.root,
        "image_path": post.image_path,
        "created_at": post.created_at,
        "month_day": post.month_day and month_day_number(post.month_day),
        "permalink": post.permalink,
        "group_id": post.group_id,
        "language": labels.language,
        "sentiment": labels.sentiment.name,
        "sentiment_score": labels.sentiment.score,
        "caption_sentiment": labels.caption_sentiment.name,
        "image_sentiment": labels.image_sentiment.name,
        "topics": labels.topics.names or None,  # Chroma refuses empty lists
        "disagreement": list(labels.disagreements) or None,
    }


class _UnusableCollection(Exception):
    """Chroma's files are broken, or hold another encoder's vectors than the manifest says."""


def _open_client(chroma_dir: Path) -> ClientAPI:
    import chromadb
    from chromadb.api.shared_system_client import SharedSystemClient
    from chromadb.config import Settings
    from chromadb.errors import ChromaError

    settings = Settings(anonymized_telemetry=False)
    try:
        return chromadb.PersistentClient(str(real_path(chroma_dir)), settings=settings)
    except ChromaError as error:
        # chromadb keeps what it failed to start, and would hand it out at the next try.
        SharedSystemClient.clear_system_cache()
        check_storage(chroma_dir, error)
        raise _UnusableCollection(str(error)) from error


def _open_collection(client: ClientAPI, name: str, encoder: EncoderRecord) -> Collection:
    """Open a collection of this encoder, or create it.

    Chroma itself compares nothing but the dimension, and ignores new settings of an old collection.
    """
    if name not in {collection.name for collection in client.list_collections()}:
        metadata = {"encoder": encoder.spec, "fingerprint": encoder.fingerprint}
        return client.create_collection(
            name,
            configuration=_COSINE,  # type: ignore[arg-type]
            metadata=metadata,
            embedding_function=None,
        )
    collection = client.get_collection(name, embedding_function=None)
    if (collection.metadata or {}).get("fingerprint") != encoder.fingerprint:
        raise _UnusableCollection(name)
    return collection


def _upsert(
    collection: Collection,
    ids: list[str],
    documents: list[str],
    metadatas: Sequence[Mapping[str, Any]],
    vectors: list[NDArray[Any]],
) -> None:
    for part in _batches(len(ids)):
        collection.upsert(
            ids=ids[part],
            documents=documents[part],
            metadatas=list(metadatas[part]),
            embeddings=vectors[part],
        )


def _delete(collection: Collection, ids: Sequence[str]) -> None:
    for part in _batches(len(ids)):
        collection.delete(ids=list(ids[part]))


def _batches(count: int) -> Iterator[slice]:
    for start in range(0, count, _BATCH):
        yield slice(start, start + _BATCH)


def _all_ids(collection: Collection) -> set[str]:
    ids: set[str] = set()
    for part in _batches(collection.count()):
        page: Iterable[str] = collection.get(limit=_BATCH, offset=part.start, include=[])["ids"]
        ids.update(page)
    return ids
