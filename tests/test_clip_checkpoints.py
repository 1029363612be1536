"""What `--clip` accepts, and where weights come from; the hub is played by a local server."""

from __future__ import annotations

import hashlib
import json
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from dataclasses import asdict
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from retrieval.encoders.choose import check_clip_value, choose_image_encoder, named_encoder
from retrieval.encoders.clip import ClipEncoder
from retrieval.encoders.clip_checkpoints import (
    PRESETS,
    Checkpoint,
    CheckpointConfig,
    parse_checkpoint,
    read_config,
    remembered_config,
)
from retrieval.encoders.clip_weights import weights_file
from retrieval.encoders.packaged import PackagedEncoder
from retrieval.errors import BadOption, WeightsUnavailable
from tests.clip_checkpoints import PREPROCESSING, save_checkpoint

BERT_TEXT = {"embed_dim": 8, "vision_cfg": {}, "text_cfg": {"hf_tokenizer_name": "bert"}}
WEIGHTS = b"weights that the hub serves" * 1000


@pytest.fixture
def weights(tmp_path: Path) -> Path:
    path = tmp_path / "weights.safetensors"
    path.write_bytes(b"weights")
    return path


def weights_of(checkpoint: Checkpoint) -> Path:
    """Those of a file or folder, of which nothing need be known or remembered."""
    return weights_file(checkpoint, CheckpointConfig({}, {}), Path("nowhere"))


@pytest.mark.slow
@pytest.mark.parametrize("preset", PRESETS)
def test_a_preset_is_a_name_and_tag_that_open_clip_knows(preset: str) -> None:
    checkpoint = parse_checkpoint(preset)
    assert checkpoint.spec == PRESETS[preset] == f"{checkpoint.architecture}/{checkpoint.tag}"
    assert read_config(checkpoint).model["embed_dim"] in (512, 768)


def test_a_weights_file_is_named_with_its_architecture(weights: Path) -> None:
    checkpoint = parse_checkpoint(f"ViT-B-32-256={weights}")
    assert checkpoint == Checkpoint(f"ViT-B-32-256={weights}", "ViT-B-32-256", None, weights)
    assert weights_of(checkpoint) == weights


def test_a_relative_path_is_kept_so_that_it_is_found_from_anywhere(
    weights: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(weights.parent)
    assert parse_checkpoint("ViT-B-32=weights.safetensors").spec == f"ViT-B-32={weights}"


@pytest.mark.slow
def test_a_siglip_file_with_its_tag_is_squashed_not_cropped(weights: Path) -> None:
    config = read_config(parse_checkpoint(f"ViT-B-16-SigLIP2/webli={weights}"))
    assert config.preprocessing["resize_mode"] == "squash"
    assert config.preprocessing["mean"] == (0.5, 0.5, 0.5)


@pytest.mark.slow
def test_a_quickgelu_tag_brings_its_activation(weights: Path) -> None:
    assert read_config(parse_checkpoint(f"ViT-B-32/openai={weights}")).quick_gelu
    assert not read_config(parse_checkpoint(f"ViT-B-32/laion2b_s34b_b79k={weights}")).quick_gelu


@pytest.mark.slow
def test_what_open_clip_says_is_remembered_and_nothing_broken_is_believed(tmp_path: Path) -> None:
    default = parse_checkpoint("default")
    first = json.dumps(asdict(remembered_config(default, tmp_path)))
    assert "laion" in first
    (kept,) = (tmp_path / "checkpoints").iterdir()
    for content in (kept.read_text(), "", "{}", '["half', '{"model": {}}'):
        kept.write_text(content)
        assert json.dumps(asdict(remembered_config(default, tmp_path))) == first
        assert kept.read_text() == first


@pytest.mark.slow
def test_a_folder_says_itself_how_it_is_prepared(tmp_path: Path) -> None:
    save_checkpoint(tmp_path / "tiny")
    for value in (str(tmp_path / "tiny"), f"local-dir:{tmp_path / 'tiny'}"):
        checkpoint = parse_checkpoint(value)
        assert checkpoint.spec == str(tmp_path / "tiny")
        assert read_config(checkpoint).preprocessing == PREPROCESSING
        assert weights_of(checkpoint).name == "open_clip_model.safetensors"


@pytest.mark.parametrize(
    ("value", "message"),
    [
        ("defualt", "unknown picture encoder 'defualt'; choose auto, packaged, a preset"),
        ("", "unknown picture encoder ''"),
        ("a/b/c", "unknown picture encoder 'a/b/c'"),
        ("ViT-B-32/", "unknown picture encoder"),
        ("ViT-B-32=FOLDER", "is a folder, not a weights file"),
        ("WEIGHTS", "say of which architecture these weights are, such as"),
    ],
)
def test_a_value_of_no_known_form_is_refused_at_once(
    weights: Path, value: str, message: str
) -> None:
    with pytest.raises(BadOption, match=message):
        check_clip_value(
            value.replace("WEIGHTS", str(weights)).replace("FOLDER", str(weights.parent))
        )


@pytest.mark.parametrize("value", ["MISSING", "local-dir:MISSING", "ViT-B-32=MISSING"])
def test_a_path_that_is_not_there_is_named(tmp_path: Path, value: str) -> None:
    missing = str(tmp_path / "missing")
    with pytest.raises(WeightsUnavailable, match=f"there is no file or folder {missing}"):
        check_clip_value(value.replace("MISSING", missing))


@pytest.mark.slow
@pytest.mark.parametrize(
    ("value", "message"),
    [
        ("ViT-B-23/openai", "no architecture 'ViT-B-23', .*; did you mean ViT-B-32"),
        ("vit-b-32/openai", "no architecture 'vit-b-32', .*; did you mean ViT-B-32"),
        ("weights/clip", "no architecture 'weights', nor is there a file or folder"),
        ("ViT-B-32/opneai", "no tag of ViT-B-32 'opneai', .*; did you mean openai"),
        ("ViT-L-14=WEIGHTS", "ViT-L-14 weights differ in how pictures are prepared"),
    ],
)
def test_names_that_open_clip_does_not_know_are_answered_with_near_ones(
    weights: Path, value: str, message: str
) -> None:
    with pytest.raises(BadOption, match=message):
        read_config(parse_checkpoint(value.replace("WEIGHTS", str(weights))))


@pytest.mark.slow
def test_a_folder_without_config_or_weights_says_what_is_missing(tmp_path: Path) -> None:
    checkpoint = parse_checkpoint(str(tmp_path))
    with pytest.raises(WeightsUnavailable, match=r"holds no open_clip_config\.json"):
        read_config(checkpoint)
    with pytest.raises(WeightsUnavailable, match="holds no weights"):
        weights_of(checkpoint)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("config", "message"),
    [
        ([], "is not a config of open_clip"),
        ({"model_cfg": {"embed_dim": 8}}, "model_cfg lacks vision_cfg, text_cfg"),
        ({"model_cfg": BERT_TEXT}, r"holds no tokenizer .* copy it there from bert"),
    ],
)
def test_a_folder_that_cannot_be_used_says_why(
    tmp_path: Path, config: object, message: str
) -> None:
    (tmp_path / "open_clip_config.json").write_text(json.dumps(config))
    with pytest.raises(WeightsUnavailable, match=message):
        read_config(parse_checkpoint(str(tmp_path)))


def test_a_link_of_the_hubs_cache_keeps_the_suffix_that_tells_the_format(tmp_path: Path) -> None:
    (tmp_path / "blob").write_bytes(WEIGHTS)
    (tmp_path / "weights.safetensors").symlink_to("blob")
    checkpoint = parse_checkpoint(f"ViT-B-32={tmp_path / 'weights.safetensors'}")
    assert weights_of(checkpoint).suffix == ".safetensors"


@pytest.mark.slow
def test_the_command_that_errors_name_lists_every_checkpoint() -> None:
    command = [sys.executable, "-m", "retrieval.encoders.clip_checkpoints"]
    listed = subprocess.run(command, capture_output=True, text=True, check=True).stdout.split()
    assert set(PRESETS.values()) <= set(listed)


@pytest.mark.slow
def test_auto_prefers_the_gallerys_own_encoder(tmp_path: Path) -> None:
    save_checkpoint(tmp_path / "tiny")
    for spec, kind in (("packaged", PackagedEncoder), (str(tmp_path / "tiny"), ClipEncoder)):
        encoder = choose_image_encoder("auto", cache_dir=tmp_path, stored_spec=spec, say=print)
        assert isinstance(encoder, kind)
        assert encoder.spec == spec
        assert named_encoder(spec, cache_dir=tmp_path).spec == spec


class Hub(BaseHTTPRequestHandler):
    """The few answers of the model hub that a download needs."""

    protocol_version = "HTTP/1.1"

    def do_HEAD(self) -> None:
        self.answer(body=False)

    def do_GET(self) -> None:
        self.answer(body=True)

    def answer(self, *, body: bool) -> None:
        found = self.path == "/" or self.path.endswith("/open_clip_model.safetensors")
        self.send_response(200 if found else 404)
        self.send_header("ETag", f'"{hashlib.sha256(WEIGHTS).hexdigest()}"')
        self.send_header("X-Repo-Commit", "0" * 40)
        self.send_header("Content-Length", str(len(WEIGHTS) if found else 0))
        self.end_headers()
        if body and found:
            self.wfile.write(WEIGHTS)

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def hub() -> Iterator[str]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), Hub)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()


def in_a_new_process(code: str, endpoint: str, home: Path) -> str:
    """What `code` printed; the hub library reads its settings once, when it is imported."""
    prelude = (
        "from pathlib import Path\n"
        "from retrieval.encoders.choose import *\n"
        "from retrieval.encoders.clip_checkpoints import *\n"
        "from retrieval.encoders.clip_weights import *\n"
        f"cache = Path({str(home)!r}, 'cache')\n"
        "default = parse_checkpoint('default')\n"
        "config = remembered_config(default, cache)\n"
    )
    environment = {"HF_ENDPOINT": endpoint, "HF_HOME": str(home), "HF_HUB_DISABLE_XET": "1"}
    done = subprocess.run(
        [sys.executable, "-c", prelude + code], capture_output=True, text=True, env=environment
    )
    return done.stdout.strip() or done.stderr.strip().splitlines()[-1]


NOWHERE = "http://127.0.0.1:9"  # the port that discards; nobody listens


@pytest.mark.slow
def test_weights_are_fetched_from_the_hub_once_and_checked_ever_after(
    hub: str, tmp_path: Path
) -> None:
    code = "print(hub_is_reachable(), cached_weights(config))\n"
    code += "print(weights_file(default, config, cache))"
    before, fetched = in_a_new_process(code, hub, tmp_path).splitlines()
    assert before == "True None"
    path = Path(fetched)
    assert path.read_bytes() == WEIGHTS
    assert (
        Path(in_a_new_process("print(weights_file(default, config, cache))", NOWHERE, tmp_path))
        == path
    )
    path.write_bytes(WEIGHTS[:-1])
    error = in_a_new_process("print(weights_file(default, config, cache))", NOWHERE, tmp_path)
    assert f"WeightsUnavailable: {path.resolve()} is damaged" in error
    path.resolve().unlink()  # as the message says
    again = in_a_new_process("print(weights_file(default, config, cache))", hub, tmp_path)
    assert Path(again).read_bytes() == WEIGHTS


@pytest.mark.slow
def test_without_a_hub_auto_takes_the_packaged_encoder_and_says_so_in_one_line(
    tmp_path: Path,
) -> None:
    code = "print(choose_image_encoder('auto', cache_dir=cache, say=print).spec)"
    said, spec = in_a_new_process(code, NOWHERE, tmp_path).splitlines()
    assert spec == "packaged"
    assert "the packaged encoder sees the pictures" in said
    assert "--clip default" in said


@pytest.mark.slow
def test_without_a_hub_a_named_checkpoint_is_an_error_not_a_fallback(tmp_path: Path) -> None:
    code = "print(named_encoder('default', cache_dir=cache).fingerprint)"
    error = in_a_new_process(code, NOWHERE, tmp_path)
    assert "WeightsUnavailable: the weights of ViT-B-32-256/datacomp_s34b_b86k" in error
    assert "--clip packaged" in error


@pytest.mark.slow
def test_without_a_hub_a_missing_tokenizer_is_told_at_once(weights: Path, tmp_path: Path) -> None:
    code = (
        f"encoder = named_encoder('ViT-B-16-SigLIP2/webli={weights}', cache_dir=cache)\n"
        "encoder.encode_texts(['a cat'])"
    )
    started = time.monotonic()
    error = in_a_new_process(code, NOWHERE, tmp_path)
    assert "needs the tokenizer of timm/ViT-B-16-SigLIP2" in error
    assert time.monotonic() - started < 20, "the hub's library would try for 45 s"
