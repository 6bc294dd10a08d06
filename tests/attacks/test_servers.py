"""Downloads under attack for longer: real kills at any moment, and servers that answer with anything."""

import hashlib
import os
import random
import signal
import subprocess
import sys
import time

import pytest

from datasets.files import _http, download
from datasets.files.download import DownloadError
from tests.servers import CONTENT, Handler, serving

pytestmark = pytest.mark.attack
SHA256 = hashlib.sha256(CONTENT).hexdigest()


class Slow(Handler):
    """Sends the content in many pieces, from where it is asked for."""

    def good(self):
        at = int((self.headers.get("Range") or "bytes=0-")[6:-1])
        self.rest(at, ETag='"one"') if at else self.answer(CONTENT, ETag='"one"')

    def answer(self, body=CONTENT, length=None, **settings):
        super().answer(b"", len(body) if length is None else length, **settings)
        for start in range(0, len(body), 50_000):
            self.wfile.write(body[start : start + 50_000])
            time.sleep(0.003)


def test_killed_at_any_moment_the_cache_is_sound_and_the_next_run_leaves_it_tidy(tmp_path, root, request):
    seconds = request.config.getoption("--attack-seconds", 20)
    code = (
        "import sys; from pathlib import Path; from datasets.files.download import fetch\n"
        f"fetch(sys.argv[1], Path(sys.argv[2]), {SHA256!r})"
    )
    path, chance, ends, kills = tmp_path / "file.bin", random.Random(0), time.monotonic() + seconds / 2, 0
    with serving(Slow) as server:
        address = f"{server.address}good/file.bin"
        while time.monotonic() < ends or not kills:
            child = subprocess.Popen([sys.executable, "-c", code, address, path], cwd=root)
            time.sleep(chance.uniform(0, 0.5))
            child.send_signal(signal.SIGKILL)
            kills += child.wait() == -signal.SIGKILL
            assert {file.name for file in tmp_path.iterdir()} <= {
                "file.bin",
                ".part-file.bin",
                ".lock-file.bin",
            }
            if path.exists():
                assert path.read_bytes() == CONTENT
            if chance.random() < 0.3:
                assert download.fetch(address, path, SHA256).read_bytes() == CONTENT
                assert os.listdir(tmp_path) == ["file.bin"]  # noqa: PTH208
                path.unlink()


def noise(chance):
    """Bytes of an answer: sound parts of one, in any order, with any bytes among them."""
    pieces = [
        b"HTTP/1.1 200 OK\r\n",
        b"HTTP/1.1 206 Partial Content\r\n",
        b"HTTP/1.1 302 Found\r\n",
        b"HTTP/1.1 416 \r\n",
        b"Location: /x/file.bin\r\n",
        b"Location: file:///etc/passwd\r\n",
        b"Content-Length: %d\r\n" % chance.choice([0, 1, 1000, 10**18, -1]),
        b"Content-Range: bytes %d-9/10\r\n" % chance.choice([0, 5, 10**30]),
        b"Content-Encoding: %s\r\n" % chance.choice([b"gzip", b"deflate", b"br", b"\xff"]),
        b"Transfer-Encoding: chunked\r\n",
        b'ETag: "one"\r\n',
        b"ETag: \x1b[31m\r\n",
        b"\r\n",
        b"\r\n\r\n",
        b"5\r\nhello\r\n0\r\n\r\n",
        b"ffffffffffffffff\r\n",
        CONTENT[:1000],
        chance.randbytes(chance.randrange(200)),
    ]
    first = pieces[:1] if chance.random() < 0.7 else []
    return b"".join(first + chance.choices(pieces, k=chance.randrange(12)))


class Noisy(Handler):
    def do_GET(self):
        self.close_connection = True
        self.wfile.write(self.server.noise)


def test_whatever_a_server_answers_is_the_file_or_one_sentence(tmp_path, monkeypatch, request):
    seconds = request.config.getoption("--attack-seconds", 20)
    monkeypatch.setattr(_http, "IDLE", 0.5)
    monkeypatch.setattr(_http, "GRACE", 1)
    chance, ends = random.Random(1), time.monotonic() + seconds / 2
    with serving(Noisy) as server:
        while time.monotonic() < ends:
            server.noise = noise(chance)
            checksum = chance.choice([None, hashlib.md5(b"hello").hexdigest()])
            path, start = tmp_path / "file.bin", time.monotonic()
            try:
                download.fetch(f"{server.address}x/file.bin", path, checksum, most=10_000)
                path.unlink()
            except DownloadError as error:
                assert str(error).isprintable(), server.noise
                assert not path.exists()
            assert time.monotonic() - start < 10, server.noise
            if checksum is None:
                assert list(tmp_path.glob(".part-*")) == [] or b"ETag" in server.noise
