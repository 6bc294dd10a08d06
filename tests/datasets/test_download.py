"""The download, from a real server on this machine that misbehaves on purpose."""

import hashlib
import http.server
import os
import signal
import socket
import subprocess
import sys
import threading
import time

import pytest

from datasets import DataError, _source

CONTENT = bytes(range(256)) * 4096  # 1 MiB
SHA256 = hashlib.sha256(CONTENT).hexdigest()


class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.server.requests += 1
        kind = self.path.strip("/").partition("/")[0]
        if kind == "missing":
            self.send_error(404)
            return
        self.send_response(200)
        self.send_header("Content-Length", str(len(CONTENT)))
        self.end_headers()
        if kind == "cut":
            self.wfile.write(CONTENT[: len(CONTENT) // 2])
        elif kind == "wrong":
            self.wfile.write(CONTENT[::-1])
        elif kind == "slow":
            for start in range(0, len(CONTENT), len(CONTENT) // 8):
                self.wfile.write(CONTENT[start : start + len(CONTENT) // 8])
                time.sleep(0.1)
        elif kind == "stalled":
            self.wfile.write(CONTENT[: len(CONTENT) // 2])
            self.server.released.wait(30)
        else:
            self.wfile.write(CONTENT)

    def log_message(self, *_):
        pass


@pytest.fixture
def server():
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.requests = 0
    server.released = threading.Event()
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield server
    server.released.set()
    server.shutdown()
    server.server_close()


@pytest.fixture
def cache(tmp_path, monkeypatch):
    monkeypatch.setenv("KERAS_HOME", str(tmp_path))
    return tmp_path / "datasets"


def fetch(server, kind):
    return _source.download("file.bin", f"http://127.0.0.1:{server.server_port}/{kind}/file.bin", SHA256)


@pytest.mark.parametrize("kind", ["good", "slow"])
def test_download_arrives_whole_and_only_once(server, cache, kind, capfd):
    path = fetch(server, kind)
    assert path == cache / "file.bin"
    assert path.read_bytes() == CONTENT
    assert fetch(server, kind) == path
    assert server.requests == 1
    assert list(cache.iterdir()) == [path]
    said = "".join(capfd.readouterr())
    assert not {"\b", "\r", "\x1b"} & set(said)  # not on a terminal: no progress bar


@pytest.mark.parametrize(
    ("kind", "reason"),
    [
        ("missing", "Not Found"),
        ("cut", "retrieval incomplete"),
        ("wrong", "corrupted"),
        ("stalled", "timed out"),
    ],
)
def test_a_failed_download_is_one_sentence_and_leaves_nothing(server, cache, monkeypatch, kind, reason):
    monkeypatch.setattr(_source, "TIMEOUT", 1)
    with pytest.raises(DataError) as caught:
        fetch(server, kind)
    assert reason in str(caught.value)
    assert f"/{kind}/file.bin" in str(caught.value)
    assert str(cache / "file.bin") in str(caught.value)
    assert "\n" not in str(caught.value)
    assert list(cache.iterdir()) == []
    assert socket.getdefaulttimeout() is None


def test_a_refused_connection_is_one_sentence(server, cache):
    server.shutdown()
    server.server_close()
    with pytest.raises(DataError, match="refused"):
        fetch(server, "good")


def test_a_damaged_cache_is_fetched_again_and_kept_if_that_fails(server, cache):
    cache.mkdir()
    (cache / "file.bin").write_bytes(CONTENT[:100])
    with pytest.raises(DataError):
        fetch(server, "missing")
    assert (cache / "file.bin").read_bytes() == CONTENT[:100]
    assert fetch(server, "good").read_bytes() == CONTENT


def test_killed_in_the_middle_no_half_file_is_taken_for_a_whole(server, cache, root):
    code = (
        "from datasets import _source;"
        f"_source.download('file.bin', 'http://127.0.0.1:{server.server_port}/stalled/file.bin', '{SHA256}')"
    )
    child = subprocess.Popen(
        [sys.executable, "-c", code], cwd=root, env=os.environ | {"TF_CPP_MIN_LOG_LEVEL": "3"}
    )
    deadline = time.monotonic() + 60
    while not any(file.stat().st_size for file in cache.glob(".download-*/*")):
        assert time.monotonic() < deadline
        time.sleep(0.05)
    child.send_signal(signal.SIGKILL)
    child.wait()
    assert not (cache / "file.bin").exists()
    assert fetch(server, "good").read_bytes() == CONTENT


def test_an_unwritable_cache_is_one_sentence(server, tmp_path, monkeypatch):
    (tmp_path / "file").write_text("in the way")
    monkeypatch.setenv("KERAS_HOME", str(tmp_path / "file"))
    with pytest.raises(DataError, match=r"file.bin could not be downloaded"):
        fetch(server, "good")
