"""One published state of the gallery: an immutable folder that readers open and keep.

A generation is a folder `generations/<n>/` with

- `catalog.parquet`: every post, by post_id, with the rows of its picture and caption vectors;
- `labels.parquet`: the labels of every post, in the order of the catalog;
- `pictures.parquet`: every picture, by image_id, in the order of `images.f32`;
- `files.parquet`: what the build saw of every file (for the next build, not for searching);
- `images.f32`, `captions.f32`, `descriptions.f32`: the vectors, float32 row by row, unit length.
"""

from __future__ import annotations

import os
import shutil
from contextlib import suppress
from dataclasses import asdict, dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from retrieval.errors import BadOption, GalleryDamaged, NoGallery, StorageFailed
from retrieval.files import flush_folder
from retrieval.gallery.layout import generation_dir, generation_dirs, remove_generation
from retrieval.gallery.manifest import Manifest, read_manifest
from retrieval.gallery.stored_labels import LabelArrays
from retrieval.records import IndexedFile, Picture, Post, Reading, SeenObject, Truth

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    import pyarrow as pa
    from numpy.typing import NDArray

    from retrieval.encoders.base import Vectors

# What numpy and pyarrow raise on files that a disk spoilt.
_MALFORMED = (OSError, ValueError, LookupError, TypeError, NotImplementedError)
_KEPT = 2  # generations: the published one, and the one a reader may be opening right now


@dataclass(frozen=True, slots=True)
class Contents:
    """All that a generation holds."""

    posts: Mapping[str, Post]  # by post_id
    pictures: Mapping[str, Picture]  # by image_id
    files: Sequence[IndexedFile]
    image_vectors: Mapping[str, NDArray[np.float32]]  # by image_id
    caption_vectors: Mapping[str, NDArray[np.float32]]  # by post_id, of the captioned posts
    description_vectors: Mapping[str, NDArray[np.float32]]  # by image_id, of the described ones
    readings: Mapping[str, Reading]  # by post_id, of the captioned posts

    def in_order(self) -> list[Post]:
        """The posts in the order of a generation's rows."""
        return [self.posts[post_id] for post_id in sorted(self.posts)]


class Generation:
    """A published state, opened for reading. Everything is read at first use."""

    def __init__(self, folder: Path, manifest: Manifest) -> None:
        self.folder = folder
        self.manifest = manifest

    @property
    def chroma_dir(self) -> Path:
        """The gallery's folder, which it lies in."""
        return self.folder.parents[1]

    @classmethod
    def open(cls, chroma_dir: Path) -> Generation:
        """Open what is published now.

        Raises:
            NoGallery: there is no gallery, or nothing has been published yet.
            GalleryDamaged: its files cannot be read.
            SchemaMismatch: it was written by another version of this program.

        """
        manifest = read_manifest(chroma_dir)
        while manifest.generation:
            generation = cls(generation_dir(chroma_dir, manifest.generation), manifest)
            if generation._loads():
                return generation
            newer = read_manifest(chroma_dir)
            if newer.generation == manifest.generation:
                raise generation._damage()
            manifest = newer  # published while this one was being opened
        raise NoGallery(
            f"the gallery in {chroma_dir} is being built and nothing of it is published yet; "
            "try again in a moment, or run: python -m indexer build"
        )

    def _loads(self) -> bool:
        try:
            _ = self.labels
            return self._fits()
        except _MALFORMED:
            return False

    def _fits(self) -> bool:
        """Whether its files have their columns and one length, and rows name rows there are."""
        pictures, posts = self._pictures, len(self.catalog)
        captioned = np.sort(self.caption_rows[self.caption_rows >= 0])
        return (
            {*_catalog_schema().names} <= {*self.catalog.column_names}
            and {*_picture_schema().names} <= {*pictures.column_names}
            and {"language", "sentiment_model"} <= {*self._labels.column_names}
            and len(self._labels) == posts
            and len(self.image_vectors) == len(pictures)
            and np.array_equal(captioned, np.arange(len(self.caption_vectors)))
            and len(self.description_vectors) == len(pictures) - pictures["description"].null_count
            and (
                not posts or 0 <= self.picture_rows.min() <= self.picture_rows.max() < len(pictures)
            )
        )

    def _damage(self) -> GalleryDamaged:
        return GalleryDamaged(
            f"{self.folder} is missing or damaged; "
            "make the gallery again with: python -m indexer build --rebuild"
        )

    @cached_property
    def catalog(self) -> pa.Table:
        """Every post, one a row, in the order of post_id."""
        return _read_table(self.folder / "catalog.parquet")

    @cached_property
    def _labels(self) -> pa.Table:
        return _read_table(self.folder / "labels.parquet")

    @cached_property
    def labels(self) -> LabelArrays:
        """The scores of every post, by the models alone, in the order of `catalog`."""
        return LabelArrays(*(_matrix(self._labels, name) for name in LabelArrays.names()))

    @cached_property
    def readings(self) -> list[Reading | None]:
        """What was made of every post's caption, in the order of `catalog`; None without one."""
        languages = self._labels["language"].to_pylist()
        models = self._labels["sentiment_model"].to_pylist()
        scores = self.labels.caption_sentiment
        known = ~np.isnan(scores[:, 0])
        return [
            None if model is None else Reading(language, tuple(row) if determined else None, model)
            for language, model, determined, row in zip(
                languages, models, known.tolist(), scores.tolist(), strict=True
            )
        ]

    @cached_property
    def _pictures(self) -> pa.Table:
        return _read_table(self.folder / "pictures.parquet")

    @cached_property
    def image_ids(self) -> list[str]:
        """The picture of every row of `image_vectors`."""
        ids: list[str] = self._pictures["image_id"].to_pylist()
        return ids

    @cached_property
    def image_vectors(self) -> Vectors:
        """Shape (pictures, d), float32, unit rows; mapped from the disk, not read."""
        return _map_vectors(self.folder / "images.f32", self.manifest.encoders.image.dimension)

    @cached_property
    def caption_vectors(self) -> Vectors:
        """Shape (captioned posts, d), float32, unit rows; mapped from the disk, not read."""
        return _map_vectors(self.folder / "captions.f32", self.manifest.encoders.caption.dimension)

    @cached_property
    def description_vectors(self) -> Vectors:
        """Shape (described pictures, d), float32, unit rows, in the captions' space."""
        dimension = self.manifest.encoders.caption.dimension
        return _map_vectors(self.folder / "descriptions.f32", dimension)

    @cached_property
    def descriptions(self) -> list[str | None]:
        """What a machine wrote about every picture, in the order of `image_vectors`."""
        texts: list[str | None] = self._pictures["description"].to_pylist()
        return texts

    @cached_property
    def description_pictures(self) -> NDArray[np.int64]:
        """For every row of `description_vectors`, the row of its picture in `image_vectors`."""
        described = [row for row, text in enumerate(self.descriptions) if text is not None]
        return np.array(described, dtype=np.int64)

    @cached_property
    def description_rows(self) -> NDArray[np.int64]:
        """For every picture, the row of its description's vector; -1 without a description."""
        rows = np.full(len(self.descriptions), -1, dtype=np.int64)
        rows[self.description_pictures] = np.arange(len(self.description_pictures))
        return rows

    @cached_property
    def captions(self) -> list[str]:
        """The captions, in the order of `caption_vectors`."""
        texts = self.catalog["caption"].to_pylist()
        return [texts[row] for row in self.caption_posts]

    @cached_property
    def caption_ids(self) -> list[str]:
        """The post_id of every row of `caption_vectors`, sorted."""
        ids = self.catalog["post_id"].to_pylist()
        return [ids[row] for row in self.caption_posts]

    def caption(self, row: int) -> str:
        """The caption of the post in one row of `catalog`; may be empty."""
        text: str = self.catalog["caption"][row].as_py()
        return text

    @cached_property
    def caption_posts(self) -> NDArray[np.int64]:
        """For every row of `caption_vectors`, the row of its post in `catalog`."""
        posts = np.empty(len(self.caption_vectors), dtype=np.int64)
        captioned = np.flatnonzero(self.caption_rows >= 0)
        posts[self.caption_rows[captioned]] = captioned
        return posts

    def captions_of(
        self, picture_rows: NDArray[np.int64]
    ) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """The rows of the captions of some pictures, and for each the place of its picture."""
        order, pictures = self._captions_by_picture
        first = np.searchsorted(pictures, picture_rows, "left")
        counts = np.searchsorted(pictures, picture_rows, "right") - first
        before = np.repeat(np.cumsum(counts) - counts, counts)
        places = np.repeat(first, counts) + np.arange(counts.sum()) - before
        return order[places], np.repeat(np.arange(len(picture_rows)), counts)

    @cached_property
    def _captions_by_picture(self) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        order = np.argsort(self.caption_pictures, kind="stable")
        return order, self.caption_pictures[order]

    @cached_property
    def caption_pictures(self) -> NDArray[np.int64]:
        """For every row of `caption_vectors`, the row of its picture in `image_vectors`."""
        rows = self.caption_rows
        pictures = np.empty(len(self.caption_vectors), dtype=np.int64)
        captioned = rows >= 0
        pictures[rows[captioned]] = self.picture_rows[captioned]
        return pictures

    @cached_property
    def caption_rows(self) -> NDArray[np.int64]:
        """For every row of `catalog`, the row of its caption's vector; -1 without a caption."""
        return self._column("caption_row")

    @cached_property
    def created_at(self) -> NDArray[np.float64]:
        """Shape (posts,): seconds since 1970, UTC; NaN where a post has no date."""
        return _numbers(self.catalog["created_at"].combine_chunks()).astype(np.float64)

    @cached_property
    def sources(self) -> tuple[tuple[str, ...], NDArray[np.int64]]:
        """The sources, sorted, and for every row of `catalog` the place of its own."""
        sources = self.catalog["source"].to_pylist()
        names = sorted(set(sources))
        places = {name: place for place, name in enumerate(names)}
        return tuple(names), np.array([places[name] for name in sources], dtype=np.int64)

    @cached_property
    def picture_rows(self) -> NDArray[np.int64]:
        """For every row of `catalog`, the row of its picture in `image_vectors`."""
        return self._column("picture_row")

    def pictures_without(self, passing: NDArray[np.bool_]) -> NDArray[np.bool_]:
        """Shape (pictures,): those that none of the passing posts shows."""
        without = np.ones(len(self.image_ids), dtype=np.bool_)
        without[self.picture_rows[passing]] = False
        return without

    def posts_of(self, picture_row: int) -> list[int]:
        """The catalog rows of the posts that show a picture."""
        start, end = self._post_bounds[picture_row : picture_row + 2]
        return [int(row) for row in self._posts_by_picture[start:end]]

    @cached_property
    def _posts_by_picture(self) -> NDArray[np.int64]:
        return np.argsort(self.picture_rows, kind="stable")

    @cached_property
    def _post_bounds(self) -> NDArray[np.int64]:
        counts = np.bincount(self.picture_rows, minlength=len(self.image_ids))
        return np.concatenate([[0], np.cumsum(counts)])

    def _column(self, name: str) -> NDArray[np.int64]:
        return _numbers(self.catalog[name].combine_chunks())

    def post(self, row: int) -> Post:
        """The post in one row of `catalog`."""
        return post_from_row(self.catalog.slice(row, 1).to_pylist()[0])

    def picture_of(self, post_id: str) -> int:
        """The row of the picture that a post shows.

        Raises:
            BadOption: there is no such post.

        """
        import pyarrow.compute as pc

        row = pc.index(self.catalog["post_id"], post_id).as_py()
        if row < 0:
            raise BadOption(
                f"the gallery has no post {post_id!r}; `python -m retrieval.search` prints the "
                "post_id of what it finds"
            )
        return int(self.picture_rows[row])

    def posts(self) -> list[Post]:
        """Every post, in the order of `catalog`."""
        return [post_from_row(row) for row in self.catalog.to_pylist()]

    def pictures(self) -> dict[str, Picture]:
        """Every picture, by image_id."""
        return {row["image_id"]: Picture(**row) for row in self._pictures.to_pylist()}

    def contents(self) -> Contents:
        """Everything, for a writer that goes on from here.

        Raises:
            GalleryDamaged: what only a writer reads cannot be read.

        """
        rows = self.catalog.to_pylist()
        posts = [post_from_row(row) for row in rows]
        try:
            files = _read_table(self.folder / "files.parquet").to_pylist()
            indexed = [IndexedFile(**file) for file in files]
        except _MALFORMED as error:
            raise self._damage() from error
        return Contents(
            posts={post.post_id: post for post in posts},
            pictures=self.pictures(),
            files=indexed,
            image_vectors=dict(zip(self.image_ids, self.image_vectors, strict=True)),
            caption_vectors={
                row["post_id"]: self.caption_vectors[row["caption_row"]]
                for row in rows
                if row["caption_row"] >= 0
            },
            description_vectors={
                self.image_ids[row]: vector
                for row, vector in zip(
                    self.description_pictures.tolist(), self.description_vectors, strict=True
                )
            },
            readings={
                post.post_id: reading
                for post, reading in zip(posts, self.readings, strict=True)
                if reading is not None
            },
        )


def write_generation(
    chroma_dir: Path, number: int, contents: Contents, labels: LabelArrays
) -> None:
    """Write a generation's folder; it counts once a manifest names its number.

    `labels` are in the order of `contents.in_order()`.

    Rows are sorted by id, so that the same posts give the same files whatever the order in which
    they were indexed.
    """
    draft = _draft(chroma_dir, number)
    image_ids = sorted(contents.pictures)
    posts = contents.in_order()
    captioned = [post.post_id for post in posts if post.post_id in contents.caption_vectors]
    _write_table(draft / "catalog.parquet", _catalog(posts, image_ids, captioned))
    readings = [contents.readings.get(post.post_id) for post in posts]
    _write_table(draft / "labels.parquet", _label_table(readings, labels))
    _write_table(
        draft / "pictures.parquet",
        _table([asdict(contents.pictures[i]) for i in image_ids], _picture_schema()),
    )
    files = sorted(contents.files, key=lambda file: (file.root, file.path))
    _write_table(draft / "files.parquet", _table([asdict(f) for f in files], _file_schema()))
    _write_vectors(draft / "images.f32", [contents.image_vectors[i] for i in image_ids])
    _write_vectors(draft / "captions.f32", [contents.caption_vectors[i] for i in captioned])
    described = [i for i in image_ids if contents.pictures[i].description is not None]
    _write_vectors(draft / "descriptions.f32", [contents.description_vectors[i] for i in described])
    _finish(draft, chroma_dir, number)


def write_relabelled(
    number: int, generation: Generation, readings: Sequence[Reading | None], labels: LabelArrays
) -> None:
    """Write a generation that differs from another by its labels alone; shares its files."""
    chroma_dir = generation.chroma_dir
    draft = _draft(chroma_dir, number)
    for path in generation.folder.iterdir():
        if path.name != "labels.parquet":
            _link(path, draft / path.name)
    _write_table(draft / "labels.parquet", _label_table(readings, labels))
    _finish(draft, chroma_dir, number)


def _draft(chroma_dir: Path, number: int) -> Path:
    """An empty folder that becomes a generation."""
    final = generation_dir(chroma_dir, number)
    draft = final.with_name(f".{number}.tmp")
    for leftover in (draft, final):  # of a run that died here
        remove_generation(leftover)
    draft.mkdir(parents=True)
    return draft


def _finish(draft: Path, chroma_dir: Path, number: int) -> None:
    final = generation_dir(chroma_dir, number)
    draft.replace(final)
    flush_folder(final.parent)


def _link(path: Path, copy: Path) -> None:
    """Another name for a file that never changes; a copy on disks that know no such thing."""
    try:
        copy.hardlink_to(path)
    except OSError:
        shutil.copyfile(path, copy)


def latest_number(chroma_dir: Path) -> int:
    """The highest number of a generation's folder, whatever the manifest says; 0 without any."""
    names = [folder.name for folder in generation_dirs(chroma_dir)]
    return max((int(name) for name in names if name.isdigit()), default=0)


def sweep_generations(chroma_dir: Path, published: int, kept: int = _KEPT) -> None:
    """Remove generations that no reader opens any more, and what dead runs left behind.

    `kept`: how many of the last ones stay.
    """
    for folder in generation_dirs(chroma_dir):
        number = int(folder.name) if folder.name.isdigit() else None
        if number is None or not published - kept < number <= published:
            with suppress(OSError, StorageFailed):  # a file that is open, on Windows
                remove_generation(folder)


def post_to_row(post: Post) -> dict[str, Any]:
    """A post as plain lists, dicts, strings and numbers."""
    return asdict(post)


def post_from_row(row: Mapping[str, Any]) -> Post:
    """The inverse of `post_to_row`; ignores columns that are not a post's own."""
    fields = {name: row[name] for name in Post.__dataclass_fields__}
    if truth := fields["truth"]:
        objects = truth["objects"]
        fields["truth"] = Truth(
            sentiment=truth["sentiment"],
            split=truth["split"],
            marked_words=tuple(truth["marked_words"]),
            objects=None if objects is None else tuple(SeenObject(**seen) for seen in objects),
            # A catalog of before these were known lacks them.
            picture_sentiment=truth.get("picture_sentiment"),
            topics=None if truth.get("topics") is None else tuple(truth["topics"]),
        )
    return Post(**fields)


def _catalog(posts: Sequence[Post], image_ids: list[str], captioned: list[str]) -> pa.Table:
    picture_rows = {image_id: row for row, image_id in enumerate(image_ids)}
    caption_rows = {post_id: row for row, post_id in enumerate(captioned)}
    rows = [
        {
            **post_to_row(post),
            "picture_row": picture_rows[post.image_id],
            "caption_row": caption_rows.get(post.post_id, -1),
        }
        for post in posts
    ]
    return _table(rows, _catalog_schema())


def _label_table(readings: Sequence[Reading | None], labels: LabelArrays) -> pa.Table:
    import pyarrow as pa

    columns = {
        "language": pa.array([r and r.language for r in readings], pa.string()),
        "sentiment_model": pa.array([r and r.model for r in readings], pa.string()),
    }
    for name in LabelArrays.names():
        matrix = getattr(labels, name)
        values = pa.array(np.ascontiguousarray(matrix, dtype=np.float32).reshape(-1))
        columns[name] = pa.FixedSizeListArray.from_arrays(values, matrix.shape[1])
    return pa.table(columns)


def _matrix(table: pa.Table, name: str) -> NDArray[np.float32]:
    """A column of lists of equally many numbers, shape (rows, numbers)."""
    width = table.schema.field(name).type.list_size
    values = _numbers(table[name].combine_chunks().values)
    return values.astype(np.float32).reshape(len(table), width)


def _numbers(array: pa.Array) -> NDArray[Any]:
    """A column's numbers, NaN where there is none.

    From Arrow's buffers, since `to_numpy` imports pandas and `fill_null` pyarrow.compute, which
    every search would wait for.
    """
    present, numbers = array.buffers()
    part = slice(array.offset, array.offset + len(array))
    values: NDArray[Any] = np.frombuffer(numbers, dtype=array.type.to_pandas_dtype())[part]
    if array.null_count:
        bits = np.unpackbits(np.frombuffer(present, dtype=np.uint8), bitorder="little")
        values = np.where(bits[part], values, np.nan)
    return values


def _table(rows: list[dict[str, Any]], schema: pa.Schema) -> pa.Table:
    import pyarrow as pa

    return pa.Table.from_pylist(rows, schema=schema)


def _write_table(path: Path, table: pa.Table) -> None:
    import pyarrow.parquet as pq

    pq.write_table(table, path, compression="zstd", write_page_checksum=True)
    with path.open("rb+") as file:
        os.fsync(file.fileno())


def _read_table(path: Path) -> pa.Table:
    import pyarrow.parquet as pq

    # Not by read_table, which imports pandas: half a second of every search.
    with pq.ParquetFile(path, page_checksum_verification=True) as file:
        return file.read()


def _write_vectors(path: Path, vectors: Sequence[NDArray[np.float32]]) -> None:
    with path.open("wb") as file:
        for vector in vectors:
            file.write(np.ascontiguousarray(vector, dtype="<f4").data)
        file.flush()
        os.fsync(file.fileno())


def _map_vectors(path: Path, dimension: int) -> Vectors:
    if path.stat().st_size == 0:  # an empty file cannot be mapped
        return np.empty((0, dimension), dtype=np.float32)
    return np.memmap(path, dtype="<f4", mode="r").reshape(-1, dimension)


def _catalog_schema() -> pa.Schema:
    import pyarrow as pa

    text, number = pa.string(), pa.int64()
    seen = pa.struct([("category", text), ("supercategory", text), ("area", pa.float64())])
    truth = pa.struct(
        [
            ("sentiment", text),
            ("split", text),
            ("marked_words", pa.list_(text)),
            ("objects", pa.list_(seen)),
            ("picture_sentiment", text),
            ("topics", pa.list_(text)),
        ]
    )
    return pa.schema(
        [
            ("post_id", text),
            ("image_id", text),
            ("source", text),
            ("root", text),
            ("image_path", text),
            ("caption", text),
            ("created_at", number),
            ("permalink", text),
            ("group_id", text),
            ("truth", truth),
            ("picture_row", number),
            ("caption_row", number),  # -1: the post has no caption
        ]
    )


def _picture_schema() -> pa.Schema:
    import pyarrow as pa

    text, number = pa.string(), pa.int64()
    return pa.schema(
        [
            ("image_id", text),
            ("width", number),
            ("height", number),
            ("description", text),
            ("described_by", text),
        ]
    )


def _file_schema() -> pa.Schema:
    import pyarrow as pa

    text, number = pa.string(), pa.int64()
    return pa.schema(
        [
            ("root", text),
            ("path", text),
            ("size", number),
            ("modified", number),
            ("image_id", text),
            ("problem", text),
            ("caption", text),
            ("created_at", number),
        ]
    )
