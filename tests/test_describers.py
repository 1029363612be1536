"""Pictures put into words: a real (tiny, random) BLIP, and a real server on this machine."""

from __future__ import annotations

import base64
import io
import json
import re
import shutil
import threading
from collections.abc import Iterator
from fnmatch import fnmatch
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from PIL import Image, ImageOps

from indexer.describers import captioner, choose
from indexer.describers.base import MAX_CHARACTERS, Describer
from indexer.describers.captioner import DEFAULT_CAPTIONER, Captioner, captioner_is_cached
from indexer.describers.choose import choose_describer
from indexer.describers.endpoint import EndpointDescriber
from retrieval.encoders import hub
from retrieval.encoders.torchvision_cure import make_torchvision_importable
from retrieval.errors import BadOption, EndpointFailed, WeightsUnavailable

KEY = "sk-very-secret-0123456789"
SPECIAL = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
WORDS = [*SPECIAL, "a", "cat", "dog", "on", "the", "sofa", "red", "green", "blue", "two", "people"]


def save_blip(folder: Path, seed: int) -> Path:
    """A captioner in BLIP's layout: as there, the start token is no word of the tokenizer's."""
    make_torchvision_importable()
    import transformers
    from transformers import BertTokenizer, BlipConfig, BlipImageProcessor, BlipProcessor

    folder.mkdir()
    words = folder / "words.txt"
    words.write_text("\n".join(WORDS))
    size = {
        "hidden_size": 32,
        "intermediate_size": 64,
        "num_hidden_layers": 2,
        "num_attention_heads": 2,
        "initializer_range": 0.5,  # large enough that what it says depends on what it sees
    }
    text = {
        "vocab_size": len(WORDS) + 2,
        "encoder_hidden_size": 32,
        "max_position_embeddings": 64,
        "bos_token_id": len(WORDS),
        "sep_token_id": WORDS.index("[SEP]"),
        "eos_token_id": WORDS.index("[SEP]"),
        "pad_token_id": 0,
    }
    config = BlipConfig(
        text_config=size | text, vision_config=size | {"image_size": 32, "patch_size": 8}
    )
    transformers.set_seed(seed)
    transformers.BlipForConditionalGeneration(config).save_pretrained(folder)
    images = BlipImageProcessor(size={"height": 32, "width": 32})
    BlipProcessor(images, BertTokenizer(vocab=str(words))).save_pretrained(folder)
    words.unlink()
    return folder


@pytest.fixture(scope="module")
def blip(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    import torch

    threads = torch.get_num_threads()
    torch.set_num_threads(1)  # several only wait for each other over a network this small
    yield save_blip(tmp_path_factory.mktemp("captioners") / "tiny-blip", seed=0)
    torch.set_num_threads(threads)


@pytest.fixture(scope="module")
def tiny(blip: Path) -> Captioner:
    return Captioner(str(blip), device="cpu")


def pictures(n: int = 11) -> list[Image.Image]:
    """Of many sizes and contents: gradients in colours of their own."""
    gradient = Image.linear_gradient("L")
    turned = (gradient.rotate(37 * i).resize((20 + 9 * i, 90 - 5 * i)) for i in range(n))
    return [
        ImageOps.colorize(grey, f"hsl({40 * i}, 90%, 20%)", f"hsl({90 * i}, 90%, 80%)")
        for i, grey in enumerate(turned)
    ]


def broken_picture() -> Image.Image:
    """A file that opens, and turns out to be half a file when its pixels are read."""
    whole = io.BytesIO()
    Image.effect_noise((200, 200), 80).convert("RGB").save(whole, "JPEG")
    return Image.open(io.BytesIO(whole.getvalue()[: len(whole.getvalue()) // 2]))


# --- on this machine ---


@pytest.mark.slow
def test_every_picture_gets_one_line_of_the_models_words(tiny: Captioner) -> None:
    descriptions = tiny.describe(pictures())
    assert len(descriptions) == 11
    said = [text.split() for text in descriptions if text]
    assert {word for words in said for word in words} <= set(WORDS) - set(SPECIAL)
    assert len(set(descriptions)) > 3, "what it says depends on what it sees"


@pytest.mark.slow
def test_describing_again_says_the_same(tiny: Captioner) -> None:
    assert tiny.describe(pictures()) == tiny.describe(pictures())


@pytest.mark.slow
def test_a_description_does_not_depend_on_its_batch(tiny: Captioner) -> None:
    together = tiny.describe(pictures())
    assert tiny.describe(pictures()[::-1]) == together[::-1]
    alone = [tiny.describe([picture])[0] for picture in pictures()[6:10]]  # of both batches
    assert alone == together[6:10]


@pytest.mark.slow
def test_a_reloaded_captioner_has_the_same_version_and_words(tiny: Captioner, blip: Path) -> None:
    again = Captioner(str(blip), device="cpu")
    assert re.fullmatch(r"captioner:tiny-blip@[0-9a-f]{12}", again.version)
    assert again.version == tiny.version
    assert again.describe(pictures(3)) == tiny.describe(pictures(3))


@pytest.mark.slow
def test_other_weights_have_another_version(tiny: Captioner, tmp_path: Path) -> None:
    other = Captioner(str(save_blip(tmp_path / "tiny-blip", seed=1)), device="cpu")
    assert other.version.partition("@")[0] == tiny.version.partition("@")[0]
    assert other.version != tiny.version


@pytest.mark.slow
def test_a_broken_picture_costs_itself_only(tiny: Captioner) -> None:
    first, second = pictures(2)
    alone = tiny.describe([first, second])
    assert tiny.describe([first, broken_picture(), second]) == [alone[0], None, alone[1]]
    assert tiny.describe([broken_picture(), Image.new("RGB", (0, 5))]) == [None, None]


@pytest.mark.slow
def test_a_picture_that_preprocessing_refuses_costs_itself_only(blip: Path) -> None:
    picky = Captioner(str(blip), device="cpu")
    processor, model = picky._captioner

    class Picky:
        batch_decode = staticmethod(processor.batch_decode)

        def __call__(self, images: list[Image.Image], return_tensors: str) -> Any:
            if any(image.width == 777 for image in images):
                raise ValueError("not of a width I was made for")
            return processor(images=images, return_tensors=return_tensors)

    picky.__dict__["_captioner"] = (Picky(), model)
    first, second = pictures(2)
    found = picky.describe([first, Image.new("RGB", (777, 5)), second])
    assert found[1] is None
    assert [found[0], found[2]] == picky.describe([first, second])


@pytest.mark.slow
@pytest.mark.parametrize("size", [(1, 1), (3, 3), (1, 3), (3, 1), (900, 1)])
def test_shapes_that_look_like_channels_are_still_pictures(
    tiny: Captioner, size: tuple[int, int]
) -> None:
    plain = [Image.new("RGB", (32, 32), "teal"), Image.new("RGB", size, "teal")]
    first, second = tiny.describe(plain)
    assert first == second, "one colour is one colour"


def test_no_pictures_load_no_model(tmp_path: Path) -> None:
    assert Captioner(str(tmp_path), device="cpu").describe([]) == []


def test_a_folder_without_weights_is_an_error_that_names_it(tmp_path: Path) -> None:
    with pytest.raises(WeightsUnavailable, match=re.escape(str(tmp_path))):
        Captioner(str(tmp_path), device="cpu").describe(pictures(1))


@pytest.mark.slow
def test_a_checkpoint_that_lacks_a_captioners_parts_is_refused(blip: Path, tmp_path: Path) -> None:
    from safetensors.torch import load_file, save_file

    folder = shutil.copytree(blip, tmp_path / "half")
    weights = load_file(folder / "model.safetensors")
    seeing = {name: tensor for name, tensor in weights.items() if "text_decoder" not in name}
    save_file(seeing, folder / "model.safetensors", metadata={"format": "pt"})
    with pytest.raises(WeightsUnavailable, match="is no image captioner: its weights lack"):
        Captioner(str(folder), device="cpu").describe(pictures(1))


@pytest.mark.slow
def test_damaged_weights_are_an_error_that_says_so(blip: Path, tmp_path: Path) -> None:
    folder = shutil.copytree(blip, tmp_path / "damaged")
    (folder / "model.safetensors").write_bytes(b"half a file")
    with pytest.raises(WeightsUnavailable, match="cannot be used as a captioner"):
        Captioner(str(folder), device="cpu").describe(pictures(1))


@pytest.mark.slow
def test_shards_count_as_weights_only_when_all_are_there(blip: Path, tmp_path: Path) -> None:
    from transformers import AutoModelForImageTextToText

    folder = shutil.copytree(blip, tmp_path / "tiny-blip")
    (folder / "model.safetensors").unlink()
    model = AutoModelForImageTextToText.from_pretrained(blip, dtype="float32")
    model.save_pretrained(folder, max_shard_size="100KB")
    shards = sorted(folder.glob("model-*.safetensors"))
    assert len(shards) > 1
    sharded = Captioner(str(folder), device="cpu")
    assert sharded.describe(pictures(2)) == Captioner(str(blip)).describe(pictures(2))
    assert re.fullmatch(r"captioner:tiny-blip@[0-9a-f]{12}", sharded.version)
    shards[0].unlink()
    with pytest.raises(WeightsUnavailable, match="holds no weights"):
        _ = Captioner(str(folder), device="cpu").version


@pytest.mark.slow
def test_a_checkpoint_in_the_defaults_old_layout_says_the_same(
    tiny: Captioner, blip: Path, tmp_path: Path
) -> None:
    import torch
    from safetensors.torch import load_file

    old = tmp_path / "old-blip"
    old.mkdir()
    weights = load_file(blip / "model.safetensors")
    weights["text_decoder.bert.embeddings.position_ids"] = torch.arange(64)[None]
    torch.save(weights, old / "pytorch_model.bin")
    config = json.loads((blip / "config.json").read_text("utf-8"))
    config["text_config"] |= {"max_length": 20, "num_beams": 3, "do_sample": True, "top_k": 50}
    (old / "config.json").write_text(json.dumps(config))
    shutil.copy(blip / "tokenizer.json", old)
    (old / "vocab.txt").write_text("\n".join(WORDS))
    (old / "tokenizer_config.json").write_text('{"tokenizer_class": "BertTokenizer"}')
    processor = json.loads((blip / "processor_config.json").read_text("utf-8"))
    (old / "preprocessor_config.json").write_text(
        json.dumps(processor["image_processor"] | {"processor_class": "BlipProcessor"})
    )
    captioner = Captioner(str(old), device="cpu")
    assert captioner.describe(pictures(4)) == tiny.describe(pictures(4))


@pytest.mark.slow
def test_an_unknown_device_is_refused_at_once(blip: Path) -> None:
    with pytest.raises(BadOption, match="unknown device 'tpu'"):
        Captioner(str(blip), device="tpu")


# --- the hub's cache ---


@pytest.fixture
def hub_cache(tmp_path: Path, blip: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A cache as the hub's library lays it out, that has tiny BLIP under the default's name."""
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(tmp_path))
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)
    model = tmp_path / ("models--" + DEFAULT_CAPTIONER.replace("/", "--"))
    (model / "refs").mkdir(parents=True)
    (model / "refs" / "main").write_text("abc")
    return Path(shutil.copytree(blip, model / "snapshots" / "abc"))


@pytest.mark.slow
def test_a_captioner_in_the_hubs_cache_needs_no_hub(hub_cache: Path, tiny: Captioner) -> None:
    assert captioner_is_cached(DEFAULT_CAPTIONER)
    cached = Captioner(DEFAULT_CAPTIONER, device="cpu")
    assert cached.describe(pictures(3)) == tiny.describe(pictures(3))
    assert cached.spec == DEFAULT_CAPTIONER


@pytest.mark.parametrize("lost", ["model.safetensors", "config.json", "tokenizer.json"])
def test_an_interrupted_download_does_not_count_as_cached(hub_cache: Path, lost: str) -> None:
    (hub_cache / lost).unlink()
    assert not captioner_is_cached(DEFAULT_CAPTIONER)


def test_a_cached_file_that_is_not_what_the_hub_has_is_refused(hub_cache: Path) -> None:
    blob = hub_cache.parents[1] / "blobs" / ("0" * 64)
    blob.parent.mkdir()
    (hub_cache / "model.safetensors").rename(blob)
    (hub_cache / "model.safetensors").symlink_to(blob)
    with pytest.raises(WeightsUnavailable, match=r"is damaged.*delete it and run again"):
        Captioner(DEFAULT_CAPTIONER, device="cpu").describe(pictures(1))


@pytest.mark.parametrize("name", ["no-such/captioner", "not a name", "a/b/c"])
def test_a_captioner_that_is_nowhere_is_an_error_that_says_what_to_do(
    hub_cache: Path, name: str
) -> None:
    assert not captioner_is_cached(name)
    with pytest.raises(WeightsUnavailable, match=f"'{name}' is not a folder .* give a folder"):
        Captioner(name, device="cpu").describe(pictures(1))


@pytest.mark.parametrize("weights", ["model.safetensors", "pytorch_model.bin"])
def test_a_download_fetches_the_weights_in_one_format_only(
    hub_cache: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, weights: str
) -> None:
    files = ["config.json", "vocab.txt", "tf_model.h5", "onnx/model.safetensors", weights]
    fetched: list[str] = []

    def snapshot_download(name: str, allow_patterns: list[str], local_files_only: bool) -> str:
        for file in files:
            if any(fnmatch(file, pattern) for pattern in allow_patterns):
                (tmp_path / file).write_text("")
                fetched.append(file)
        return str(tmp_path)

    monkeypatch.setattr("huggingface_hub.snapshot_download", snapshot_download)
    monkeypatch.setattr(hub, "hub_is_reachable", lambda: True)
    files.append("pytorch_model.bin")  # many models have both
    assert Captioner("some/captioner", device="cpu").version.startswith("captioner:captioner@")
    assert set(fetched) == {"config.json", "vocab.txt", weights}


# --- behind an endpoint ---


def completion(content: Any, **message: Any) -> dict[str, Any]:
    choice = {"index": 0, "message": {"role": "assistant", "content": content, **message}}
    return {"id": "1", "object": "chat.completion", "created": 0, "model": "m", "choices": [choice]}


def failure(message: str) -> dict[str, Any]:
    return {"error": {"message": message, "type": "error", "param": None, "code": None}}


class Server(ThreadingHTTPServer):
    def handle_error(self, *_: Any) -> None:
        """Say nothing: the client has gone, since that was the test."""


class Endpoint:
    """A server that gives the answers it is told to, the last one again and again."""

    def __init__(self) -> None:
        self.answers: list[tuple[int, Any]] = [(200, completion("A cat asleep on a sofa."))]
        self.requests: list[tuple[str, dict[str, str], bytes]] = []
        self.open = threading.Event()  # while it is not set, requests are kept waiting
        self.open.set()
        endpoint = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                headers = {name.lower(): value for name, value in self.headers.items()}
                endpoint.requests.append((self.path, headers, body))
                endpoint.open.wait(5)
                more = len(endpoint.answers) > 1
                status, answer = endpoint.answers.pop(0) if more else endpoint.answers[0]
                data = answer if isinstance(answer, bytes) else json.dumps(answer).encode()
                self.send_response(status)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(data)))
                self.send_header("retry-after-ms", "1")  # the client's pauses are half a second
                self.end_headers()
                self.wfile.write(data)

            def log_message(self, format: str, *args: Any) -> None:  # noqa: A002
                pass

        self.server = Server(("127.0.0.1", 0), Handler)
        self.host = f"127.0.0.1:{self.server.server_port}"

    def describer(self, **options: Any) -> EndpointDescriber:
        url = f"http://{self.host}/v1"
        return EndpointDescriber("tiny-vision", **{"base_url": url, "api_key": KEY} | options)

    def answer(self, *answers: tuple[int, Any]) -> None:
        self.answers = list(answers)


@pytest.fixture
def endpoint(monkeypatch: pytest.MonkeyPatch) -> Iterator[Endpoint]:
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    endpoint = Endpoint()
    thread = threading.Thread(target=endpoint.server.serve_forever, args=(0.01,))
    thread.start()
    yield endpoint
    endpoint.server.shutdown()
    thread.join()
    endpoint.server.server_close()


def sent_picture(body: bytes) -> Image.Image:
    """The one picture in a request."""
    urls = re.findall(rb"data:([a-z/]+);base64,([A-Za-z0-9+/=]+)", body)
    assert len(urls) == 1
    kind, data = urls[0]
    assert kind == b"image/jpeg"
    return Image.open(io.BytesIO(base64.b64decode(data)))


def test_an_answer_is_the_description(endpoint: Endpoint) -> None:
    describer = endpoint.describer()
    assert describer.describe(pictures(2)) == ["A cat asleep on a sofa."] * 2
    assert describer.spec == "endpoint:tiny-vision"
    assert describer.version == f"endpoint:tiny-vision@{endpoint.host}"
    assert describer.uploads


def test_a_request_carries_pixels_and_nothing_else(endpoint: Endpoint, tmp_path: Path) -> None:
    file = tmp_path / "grandma-at-home.jpg"
    exif = Image.Exif()
    exif[0x010E] = "grandma's caption"
    picture = Image.effect_noise((1600, 900), 80).convert("RGB")
    picture.save(file, exif=exif, comment=b"grandma's comment", icc_profile=b"grandma's profile")
    assert b"comment" in file.read_bytes()
    with Image.open(file) as opened:
        endpoint.describer().describe([opened])

    [(path, headers, body)] = endpoint.requests
    assert path == "/v1/chat/completions"
    assert headers["authorization"] == f"Bearer {KEY}"
    request = json.loads(body)
    assert request.keys() == {"model", "temperature", "messages"}
    assert (request["model"], request["temperature"]) == ("tiny-vision", 0)
    [message] = request["messages"]
    assert [part["type"] for part in message["content"]] == ["text", "image_url"]
    sent = sent_picture(body)
    assert sent.size == (512, 288)
    assert sent.info.keys() <= {"jfif", "jfif_version", "jfif_unit", "jfif_density"}
    url = message["content"][1]["image_url"]["url"]
    for secret in (b"grandma", str(tmp_path).encode(), KEY.encode()):
        assert secret not in body
        assert secret not in base64.b64decode(url.partition(",")[2])


@pytest.mark.parametrize("size", [(1, 1), (40, 30), (3000, 1), (512, 513)])
def test_pictures_are_scaled_down_and_never_up(endpoint: Endpoint, size: tuple[int, int]) -> None:
    endpoint.describer().describe([Image.new("RGB", size)])
    sent = sent_picture(endpoint.requests[0][2])
    assert max(sent.size) == min(512, max(size))
    assert min(sent.size) >= 1


def test_what_a_model_writes_is_one_clean_short_line(endpoint: Endpoint) -> None:
    endpoint.answer(
        (200, completion("  A\x1b[31m cat\r\n\u2028on\x00 a \ud800sofa. " + "x" * 2000))
    )
    [line] = endpoint.describer().describe(pictures(1))
    assert line is not None
    assert line.startswith("A [31m cat on a �sofa. xxx")
    assert len(line) == MAX_CHARACTERS
    assert line.isprintable()


@pytest.mark.parametrize(
    "answer",
    [
        completion(""),
        completion(" \n\x00"),
        completion(None),
        completion(None, refusal="I won't look at this."),
        completion("I'm sorry, but I can't help with that."),
        completion("I can’t describe people."),
        completion("Sorry, no."),
        completion(["not", "text"]),
        {**completion("x"), "choices": []},
    ],
    ids=lambda answer: json.dumps(answer["choices"])[:120],
)
def test_a_refusal_or_an_empty_answer_costs_this_picture_only(
    endpoint: Endpoint, answer: dict[str, Any]
) -> None:
    endpoint.answer((200, answer), (200, completion("I can see a cat.")))
    assert endpoint.describer().describe(pictures(2)) == [None, "I can see a cat."]


def test_a_picture_that_the_server_refuses_costs_itself_only(endpoint: Endpoint) -> None:
    fine = (200, completion("A dog."))
    endpoint.answer((400, failure("content_filter")), fine, fine)
    assert endpoint.describer().describe(pictures(2)) == [None, "A dog."]
    assert len(endpoint.requests) == 3, "the second asked whether any picture is answered"


def test_a_broken_picture_is_not_sent(endpoint: Endpoint) -> None:
    assert endpoint.describer().describe([broken_picture()]) == [None]
    assert not endpoint.requests


def test_a_server_error_is_tried_again(endpoint: Endpoint) -> None:
    endpoint.answer((500, failure("try later")), (200, completion("A cat.")))
    assert endpoint.describer().describe(pictures(1)) == ["A cat."]
    assert len(endpoint.requests) == 2


@pytest.mark.parametrize(
    ("status", "answer", "message"),
    [
        (401, failure(f"Incorrect API key: {KEY}"), "refuses the API key; set OPENAI_API_KEY"),
        (404, failure("no such model"), "knows no model 'tiny-vision'.*check the model's name"),
        (429, failure("quota"), r"has had enough requests for now \(.*quota.*run this again later"),
        (400, failure(f"no images; {KEY}"), r"does not describe pictures .*no images; ….*choose a"),
        (500, failure("broken"), "does not describe pictures with model 'tiny-vision'"),
        (503, b"<html>down</html>", "does not describe pictures"),
        (200, b"<html>welcome</html>", "not as OpenAI's chat completions do; check OPENAI_BASE"),
        (200, {"models": []}, "not as OpenAI's chat completions do"),
        (200, ["a", "list"], "not as OpenAI's chat completions do"),
        (200, {"choices": "text"}, "not as OpenAI's chat completions do"),
    ],
)
def test_an_endpoint_that_cannot_serve_is_an_error_that_says_what_to_do(
    endpoint: Endpoint, status: int, answer: Any, message: str
) -> None:
    endpoint.answer((status, answer))
    with pytest.raises(EndpointFailed, match=message) as caught:
        endpoint.describer().describe(pictures(2))
    assert str(caught.value).startswith(f"the endpoint {endpoint.host} ")
    assert KEY not in str(caught.value)
    assert caught.value.__cause__ is None or KEY not in str(caught.value.__cause__)


def test_a_server_that_is_not_there_is_an_error_that_names_it(endpoint: Endpoint) -> None:
    describer = endpoint.describer()
    endpoint.server.socket.close()
    with pytest.raises(EndpointFailed, match=f"{endpoint.host} cannot be reached; check OPENAI_"):
        describer.describe(pictures(1))


def test_a_server_that_takes_too_long_is_an_error_that_names_it(endpoint: Endpoint) -> None:
    endpoint.open.clear()
    with pytest.raises(EndpointFailed, match=r"does not answer within 0\.05 seconds"):
        endpoint.describer(timeout=0.05).describe(pictures(1))
    endpoint.open.set()


def test_a_local_server_needs_no_key(endpoint: Endpoint) -> None:
    assert endpoint.describer(api_key=None).describe(pictures(1)) == ["A cat asleep on a sofa."]


@pytest.mark.parametrize(
    ("base_url", "key", "message"),
    [
        (None, None, "OpenAI's own endpoint needs an API key"),
        (None, "  ", "OpenAI's own endpoint needs an API key"),
        ("http://localhost/v1", "sk-“curly”", "characters that no key has"),
        ("http://localhost/v1", "sk-two\nlines", "characters that no key has"),
        ("localhost:11434/v1", KEY, "base URL is not one"),
        ("http://", KEY, "base URL is not one"),
        ("http://[::1", KEY, "base URL is not one"),
        ("http://host:port/v1", KEY, "base URL is not one"),
    ],
)
def test_settings_that_cannot_work_are_refused_before_anything_is_sent(
    base_url: str | None, key: str | None, message: str
) -> None:
    with pytest.raises(BadOption, match=message) as caught:
        EndpointDescriber("m", base_url=base_url, api_key=key)
    assert not key or not key.strip() or key not in str(caught.value)


def test_a_version_names_the_host_and_no_password() -> None:
    describer = EndpointDescriber("m", base_url="https://me:pw@ai.example/v1", api_key=KEY)
    assert describer.version == "endpoint:m@ai.example"
    assert EndpointDescriber("m", base_url=None, api_key=KEY).version == "endpoint:m@api.openai.com"


# --- which of them ---


def chosen(value: str, **options: Any) -> Describer | None:
    default = {"device": "cpu", "base_url": None, "api_key": KEY, "allow_upload": False}
    return choose_describer(value, **{**default, **options})


def test_off_describes_nothing() -> None:
    assert chosen("off") is None


def test_auto_takes_the_default_captioner_only_where_it_is_here(
    hub_cache: Path, tmp_path: Path
) -> None:
    describer = chosen("auto")
    assert describer is not None
    assert describer.spec == DEFAULT_CAPTIONER
    shutil.rmtree(hub_cache)
    assert chosen("auto") is None
    assert f"fetch them once from the Hugging Face hub with --describe {DEFAULT_CAPTIONER}" in (
        choose.no_captioner_here()
    )


@pytest.mark.slow
def test_a_folder_or_a_name_is_a_captioner(blip: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(blip.parent)
    for value, spec in [("tiny-blip", str(blip)), (str(blip), str(blip)), ("a/b", "a/b")]:
        describer = chosen(value)
        assert isinstance(describer, Captioner)
        assert (describer.spec, describer.uploads) == (spec, False)


def test_an_endpoint_is_chosen_only_where_uploads_are_allowed() -> None:
    describer = chosen("endpoint:org/model:7b", allow_upload=True)
    assert isinstance(describer, EndpointDescriber)
    assert describer.version == "endpoint:org/model:7b@api.openai.com"
    with pytest.raises(BadOption, match=r"to ai\.example: they would leave .* --allow-upload"):
        chosen("endpoint:m", base_url="https://ai.example/v1", api_key=None)


@pytest.mark.parametrize(
    ("value", "error", "message"),
    [
        ("endpoint:", BadOption, "endpoint: lacks a model"),
        ("endpoint: ", BadOption, "endpoint: lacks a model"),
        ("", BadOption, "unknown describer ''; choose off, auto, endpoint:MODEL"),
        ("atuo", BadOption, "unknown describer 'atuo'; choose off, auto, endpoint:MODEL"),
        ("a/b/c", BadOption, "unknown describer 'a/b/c'"),
        ("./nowhere", WeightsUnavailable, "no folder ./nowhere"),
    ],
)
def test_other_values_are_refused_with_what_is_allowed(
    value: str, error: type[Exception], message: str
) -> None:
    with pytest.raises(error, match=message):
        chosen(value, allow_upload=True)


def test_choosing_loads_nothing_heavy() -> None:
    import subprocess
    import sys

    code = (
        f"import sys, {choose.__name__}, {captioner.__name__}\n"
        f"{choose.__name__}.choose_describer('a/b', device='cpu', base_url=None, api_key=None, "
        "allow_upload=False)\n"
        "sys.exit(' '.join({'torch', 'transformers', 'openai'} & sys.modules.keys()) or 0)\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
