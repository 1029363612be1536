"""A checkpoint's tokenizer without open_clip, transformers and torch, which take seconds to import.

Written once from open_clip's own, as a file of the tokenizers library beside the exported towers,
and only if it gives the same tokens for texts that are hard to read.
"""

from __future__ import annotations

import html
import json
import string
from typing import TYPE_CHECKING, Any

import numpy as np

from retrieval.files import write_atomically

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    import torch
    from numpy.typing import NDArray

_TOKENIZER, _SETTINGS = "tokenizer.json", "settings.json"

# What open_clip's SimpleTokenizer splits texts into, before byte pairs are merged.
_WORDS = (
    r"(?i)<start_of_text>|<end_of_text>|'s|'t|'re|'ve|'m|'ll|'d|[\p{L}]+|[\p{N}]|[^\s\p{L}\p{N}]+"
)

_PUNCTUATION = str.maketrans("", "", string.punctuation)

_HARD = (
    "",
    " ",
    "a cat",
    "A CAT, it's   mine; they'LL see!",
    "naïve café — Ångström, œuvre, ﬁne",
    "schÃ¶n &amp;amp; gut &lt;3",
    "😍🔥👨‍👩‍👧‍👦🏳️‍🌈 #sunset2021 @me",
    "東京の夜、ネコ。 서울의 밤 ภาษาไทย",
    "السلام عليكم שלום мир γειά हिन्दी",
    "1234567890 3.14 ½ ² Ⅷ",
    "don't we've i'm he'd you're it's 's ''s",
    "_under_score_ C++ {braces} <tag> \\ / `tick`",
    "x" * 300,
    "word " * 200,
    "🎄" * 90,
    "tab\tnew\nline\u00a0space\u200bzero",
    "ıİſK",
)


class ExportedTokenizer:
    """What open_clip's tokenizer of a checkpoint does, from a file."""

    def __init__(self, folder: Path) -> None:
        """Open what `export_tokenizer` left.

        Raises:
            OSError, ValueError, KeyError: it is not there or broken.

        """
        from tokenizers import Tokenizer

        settings = json.loads((folder / _SETTINGS).read_text("utf-8"))
        self._clean = _CLEANING[settings["clean"]]
        self._zeroed = settings["zeroed"]
        try:
            self._tokenizer = Tokenizer.from_file(str(folder / _TOKENIZER))
        except Exception as error:  # the library raises nothing narrower
            raise ValueError(f"{folder / _TOKENIZER}: {error}") from error

    def __call__(self, texts: Sequence[str]) -> NDArray[np.int64]:
        """Return shape (len(texts), context length), int64."""
        rows = self._tokenizer.encode_batch([self._clean(text) for text in texts])
        tokens = np.array([row.ids for row in rows], dtype=np.int64)
        if self._zeroed is not None:
            tokens[tokens == self._zeroed] = 0
        return tokens


def export_tokenizer(tokenizer: Callable[[list[str]], torch.Tensor], folder: Path) -> None:
    """Keep open_clip's tokenizer in a folder; where that cannot be done faithfully, do nothing.

    Then queries go on importing open_clip, which is slower and as right.
    """
    translated = _translated(tokenizer)
    if translated is None:
        return
    backend, settings = translated
    folder.mkdir(parents=True, exist_ok=True)
    write_atomically(folder / _TOKENIZER, backend.to_str().encode())
    write_atomically(folder / _SETTINGS, json.dumps(settings).encode())
    if not np.array_equal(ExportedTokenizer(folder)(_HARD), tokenizer(list(_HARD)).numpy()):
        (folder / _SETTINGS).unlink()


def _translated(tokenizer: Any) -> tuple[Any, dict[str, Any]] | None:
    """The tokenizer in the tokenizers library's terms, and what is done before and after it."""
    clean = getattr(tokenizer, "clean_fn", None)
    named = clean.__name__.removeprefix("_clean_") if clean else None
    if named not in _CLEANING or not tokenizer.context_length:
        return None
    if hasattr(tokenizer, "bpe_ranks"):
        if tokenizer.reduction_fn is not None:
            return None
        return _byte_pairs(tokenizer), {"clean": named, "zeroed": None}
    inner: Any = getattr(tokenizer, "tokenizer", None)
    if getattr(tokenizer, "tokenizer_mode", "") or not hasattr(inner, "backend_tokenizer"):
        return None
    zeroed = inner.sep_token_id if tokenizer.strip_sep_token else None
    return _padded(inner, tokenizer.context_length), {"clean": named, "zeroed": zeroed}


def _byte_pairs(tokenizer: Any) -> Any:
    """open_clip's SimpleTokenizer, which is OpenAI's: lower case, byte pairs, `</w>` at the end."""
    from tokenizers import AddedToken, Regex, Tokenizer, models, pre_tokenizers, processors

    ranks = sorted(tokenizer.bpe_ranks, key=tokenizer.bpe_ranks.get)
    backend = Tokenizer(
        models.BPE(vocab=tokenizer.encoder, merges=ranks, end_of_word_suffix="</w>")
    )
    names = [tokenizer.decoder[number] for number in tokenizer.all_special_ids]
    backend.add_special_tokens([AddedToken(name, normalized=False) for name in names])
    backend.pre_tokenizer = pre_tokenizers.Sequence(
        [
            pre_tokenizers.Split(Regex(_WORDS), "removed", invert=True),
            pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False),
        ]
    )
    start, end = names[:2]
    backend.post_processor = processors.TemplateProcessing(
        single=f"{start} $A {end}",
        special_tokens=[(name, tokenizer.encoder[name]) for name in (start, end)],
    )
    backend.enable_truncation(tokenizer.context_length)
    backend.enable_padding(length=tokenizer.context_length, pad_id=0, pad_token="")
    return backend


def _padded(inner: Any, length: int) -> Any:
    """A fast tokenizer of transformers', which sets length and padding anew in every call."""
    from tokenizers import Tokenizer

    backend = Tokenizer.from_str(inner.backend_tokenizer.to_str())
    backend.enable_truncation(length, direction=inner.truncation_side)
    backend.enable_padding(
        direction=inner.padding_side,
        length=length,
        pad_id=inner.pad_token_id,
        pad_token=inner.pad_token,
        pad_type_id=inner.pad_token_type_id,
    )
    return backend


# The three ways in which open_clip cleans texts for its tokenizers (open_clip/tokenizer.py).


def _basic(text: str) -> str:
    if not (text.isascii() and text.isprintable() and "&" not in text):
        import ftfy  # a quarter of a second, and plain letters have nothing to mend

        text = html.unescape(html.unescape(ftfy.fix_text(text)))
    return text.strip()


def _whitespace(text: str) -> str:
    return " ".join(_basic(text).split())


def _lower(text: str) -> str:
    return _whitespace(text).lower()


def _canonicalize(text: str) -> str:
    bare = _basic(text).replace("_", " ").translate(_PUNCTUATION).lower()
    return " ".join(bare.split())


_CLEANING: dict[str, Callable[[str], str]] = {
    "whitespace": _whitespace,
    "lower": _lower,
    "canonicalize": _canonicalize,
}
