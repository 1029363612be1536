"""Tokenizers kept for queries: the same tokens as open_clip's own, without importing it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from retrieval.encoders.clip_tokens import ExportedTokenizer, export_tokenizer
from retrieval.encoders.torchvision_cure import make_torchvision_importable
from training.sentiment_texts import read_social

STRANGE = [
    "",
    "   ",
    "A Cat, it's MINE; they'LL see: don't, we've, I'M, you're, he'd 's ''s",
    "naïve café — Ångström, ﬁne œuvre, ½ ² Ⅷ 3.14",
    "schÃ¶n &amp;amp;amp; gut &lt;3 &hearts;",
    "😍🔥 👨‍👩‍👧‍👦 🏳️‍🌈 🇵🇹 1️⃣ ❤️",
    "東京の夜 서울의 밤 ภาษาไทย हिन्दी השלום السلام عليكم мир γειά",
    "_under_score_ C++ {braces} <tag> \\ / `tick` #tag2021 @me https://a.b/c?d=e&f=g",
    "tab\tnew\nline\u00a0space\u200bzero\u202eright",
    "ſharp ıİ K",
    "<start_of_text> said the cat <end_of_text>",
    "x" * 400,
    "word " * 200,
    "🎄" * 100,
    "a-b_c.d" * 60,
]


@pytest.fixture(scope="module")
def texts() -> list[str]:
    """A thousand: captions as people post them, and what is hard to read in every third."""
    captions = [text.text for text in read_social()][:900]
    mixed = [f"{STRANGE[i % len(STRANGE)]} {captions[i]}" for i in range(100)]
    return [*captions, *mixed, *STRANGE]


@pytest.mark.slow  # loads torch
@pytest.mark.parametrize(
    "options",
    [{}, {"context_length": 16}, {"clean": "canonicalize"}, {"clean": "whitespace"}],
)
def test_byte_pairs_are_open_clip_s(
    options: dict[str, Any], texts: list[str], tmp_path: Path
) -> None:
    make_torchvision_importable()
    from open_clip.tokenizer import SimpleTokenizer

    tokenizer = SimpleTokenizer(**options)
    export_tokenizer(tokenizer, tmp_path)
    np.testing.assert_array_equal(ExportedTokenizer(tmp_path)(texts), tokenizer(texts).numpy())


def save_sentencepieces(folder: Path, texts: list[str], pad: str) -> None:
    """A small tokenizer of the kind that XLM-R and SigLIP have, in transformers' format."""
    from tokenizers import Tokenizer, decoders, models, normalizers, pre_tokenizers, trainers
    from tokenizers.processors import TemplateProcessing
    from transformers import PreTrainedTokenizerFast

    tokenizer = Tokenizer(models.Unigram())
    tokenizer.normalizer = normalizers.NFKC()
    tokenizer.pre_tokenizer = pre_tokenizers.Metaspace()
    tokenizer.decoder = decoders.Metaspace()
    special = ["<s>", "<pad>", "</s>", "<unk>"]
    tokenizer.train_from_iterator(
        texts,
        trainers.UnigramTrainer(
            vocab_size=800, special_tokens=special, unk_token="<unk>", show_progress=False
        ),
    )
    tokenizer.post_processor = TemplateProcessing(
        single="<s> $A </s>", special_tokens=[("<s>", 0), ("</s>", 2)]
    )
    PreTrainedTokenizerFast(
        tokenizer_object=tokenizer,
        bos_token="<s>",
        eos_token="</s>",
        sep_token="</s>",
        cls_token="<s>",
        pad_token=pad,
        unk_token="<unk>",
    ).save_pretrained(str(folder))


@pytest.mark.slow
@pytest.mark.parametrize(
    ("pad", "options"),
    [
        ("<pad>", {"context_length": 77}),
        ("</s>", {"context_length": 64, "clean": "canonicalize"}),
        ("<pad>", {"context_length": 20, "strip_sep_token": True}),
    ],
)
def test_sentencepieces_are_those_of_the_checkpoint_s_own_files(
    pad: str, options: dict[str, Any], texts: list[str], tmp_path: Path
) -> None:
    make_torchvision_importable()
    from open_clip.tokenizer import HFTokenizer

    save_sentencepieces(tmp_path / "saved", texts, pad)
    tokenizer = HFTokenizer(str(tmp_path / "saved"), **options)
    export_tokenizer(tokenizer, tmp_path / "kept")
    found = ExportedTokenizer(tmp_path / "kept")(texts)
    np.testing.assert_array_equal(found, tokenizer(texts).numpy())


@pytest.mark.slow
def test_what_cannot_be_kept_faithfully_is_not_kept(tmp_path: Path) -> None:
    make_torchvision_importable()
    from open_clip.tokenizer import SimpleTokenizer

    export_tokenizer(SimpleTokenizer(reduction_mask="simple"), tmp_path / "cuts anywhere")
    shouting = SimpleTokenizer()
    shouting.encode = lambda text: SimpleTokenizer.encode(shouting, f"{text}!")
    export_tokenizer(shouting, tmp_path / "shouting")
    for folder in ("cuts anywhere", "shouting"):
        with pytest.raises(OSError, match=r"settings\.json"):
            ExportedTokenizer(tmp_path / folder)
