"""The download, from real servers on this machine that misbehave on purpose."""

import hashlib
import os
import re
import shutil
import signal
import socket
import ssl
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from datasets import DataError, sources
from datasets.files import _claims, _http, download
from datasets.files.download import DownloadError
from tests.servers import CONTENT, HALF, serving

SHA256 = hashlib.sha256(CONTENT).hexdigest()
MD5 = hashlib.md5(CONTENT).hexdigest()


@pytest.fixture(scope="module")
def running():
    with serving() as server:
        yield server


@pytest.fixture
def server(running):
    running.asked.clear()
    return running


@pytest.fixture
def cache(tmp_path, monkeypatch):
    monkeypatch.setenv("KERAS_HOME", str(tmp_path))
    return tmp_path / "datasets"


@pytest.fixture
def impatient(monkeypatch):
    monkeypatch.setattr(_http, "IDLE", 0.3)
    monkeypatch.setattr(_http, "GRACE", 0.6)


def is_content(path):
    """A check for where no checksum is published."""
    if path.read_bytes() != CONTENT:
        raise ValueError("another")


def fetch(server, cache, kind, checksum=SHA256, validate=None, **settings):
    path = cache / "file.bin"
    return download.fetch(f"{server.address}{kind}/file.bin", path, checksum, validate, **settings)


def refused(server, cache, kind, **settings):
    with pytest.raises(DownloadError) as caught:
        fetch(server, cache, kind, **settings)
    said = str(caught.value)
    assert said.startswith(f"{server.address}{kind}/file.bin could not be downloaded (")
    assert said.endswith(".")
    assert said.isprintable()  # nothing that a server sends reaches the terminal
    assert not (cache / "file.bin").exists()
    return said


@pytest.mark.parametrize(
    "kind",
    ["good", "slow", "parts", "chunked", "no_length", "length_of_no_number", "gzipped", "deflated"],
)
@pytest.mark.parametrize("checksum", [SHA256, MD5, None])
def test_a_file_arrives_whole_and_only_once(server, cache, kind, checksum, capfd):
    path = fetch(server, cache, kind, checksum, is_content)
    assert path == cache / "file.bin"
    assert path.read_bytes() == CONTENT
    asked = len(server.asked)
    assert asked == (2 if kind == "parts" else 1)
    assert fetch(server, cache, kind, checksum, is_content) == path
    assert len(server.asked) == asked
    assert [file.name for file in cache.iterdir()] == ["file.bin"]
    assert "".join(capfd.readouterr()) == ""  # no progress bar: this is no terminal


def test_what_was_cut_off_is_asked_for_from_there(server, cache):
    fetch(server, cache, "parts")
    assert [asked for _, asked in server.asked] == [None, f"bytes={HALF}-"]


@pytest.mark.parametrize("checksum", [SHA256, None])
@pytest.mark.parametrize(
    ("kind", "reason"),
    [
        ("missing", "answered 404, Not Found"),
        ("forbidden", "answered 403, Forbidden"),
        ("broken", "answered 500, Internal Server Error"),
        ("invented", "answered 999)"),
        ("nothing", "answered 204 instead of 200"),
        ("part_unasked", "answered 206 instead of 200"),
        ("always_beyond", "answered 416"),
        ("cut_at_once", "ended after 0 of 1,048,576 bytes"),
        ("hangs_up", "the connection ended early"),
        ("wrong", "what came is"),
        ("shorter", "what came is"),
        ("empty", "an empty file came"),
        ("page", "a web page came instead of the file"),
        ("huge", "offers 1,000,000,000,000,000 bytes where it should have at most"),
        ("gzip_damaged", "what came is damaged"),
        ("brotli", "in a way that was not asked for"),
        ("loop", "more than 5 times"),
        ("leads_nowhere", "answered 302, Found"),
        ("leads/file:///etc/passwd?", "neither http nor https"),
        ("leads/ftp://127.0.0.1/?", "neither http nor https"),
        ("leads/data:,x?", "neither http nor https"),
        ("leads/http://[?", "an invalid address"),
        ("garbage", "no web server"),
    ],
)
def test_what_cannot_be_had_is_one_sentence_and_leaves_nothing(server, cache, kind, reason, checksum):
    assert reason in refused(server, cache, kind, checksum=checksum, validate=is_content)
    assert list(cache.iterdir()) == []


@pytest.mark.parametrize(
    ("kind", "reason"),
    [
        ("silent", "timed out: nothing came for 0.3 seconds"),
        ("stalled", "timed out: nothing came for 0.3 seconds"),
        ("by_the_byte", "timed out: it came slower than 20 kB a second"),
        ("header_by_the_byte", "timed out: nothing came for 0.6 seconds"),
        ("chunk_size_by_the_byte", "timed out: nothing came for 0.3 seconds"),
        ("endless_trailer", "timed out: nothing came for 0.3 seconds"),
        ("cut", "ended after 524,288 of 1,048,576 bytes"),
        ("chunked_cut", "the connection ended early"),
        ("gzip_cut", "the connection ended early"),
    ],
)
def test_a_server_that_stalls_or_cuts_is_given_up(server, cache, impatient, kind, reason):
    start = time.monotonic()
    assert reason in refused(server, cache, kind, checksum=None, validate=is_content)
    assert time.monotonic() - start < 5
    assert list(cache.iterdir()) == []
    assert socket.getdefaulttimeout() is None


@pytest.mark.parametrize("kind", ["endless", "gzip_bomb", "huge"])
def test_no_more_is_taken_than_the_file_may_have(server, cache, kind):
    assert "bytes" in refused(server, cache, kind, most=3_000_000)
    assert list(cache.iterdir()) == []


def test_a_disk_without_room_is_said_before_anything_comes(server, cache):
    said = refused(server, cache, "huge", most=10**16)
    assert "it needs 1,000,000,000,000,000 bytes and" in said
    assert "make room there" in said


def test_a_redirect_is_followed_without_reading_its_page(server, cache):
    assert fetch(server, cache, "leads//good/file.bin?").read_bytes() == CONTENT
    (cache / "file.bin").unlink()
    assert fetch(server, cache, "leads_endless").read_bytes() == CONTENT


@pytest.fixture(scope="module")
def secure(running, tmp_path_factory):
    """The same server behind https, and the file with its certificate."""
    if not shutil.which("openssl"):
        pytest.skip("openssl makes the certificate")
    key, certificate = (tmp_path_factory.mktemp("https") / name for name in ("key.pem", "certificate.pem"))
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"]
        + [
            "-subj",
            "/CN=test",
            "-addext",
            "subjectAltName=IP:127.0.0.1",
            "-keyout",
            key,
            "-out",
            certificate,
        ],
        check=True,
        capture_output=True,
    )
    with serving() as server:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate, key)
        server.socket = context.wrap_socket(server.socket, server_side=True)
        server.address = server.address.replace("http:", "https:")
        yield server, certificate


def test_https_is_for_servers_that_prove_who_they_are_and_leads_to_no_http(
    secure, running, cache, monkeypatch, capfd
):
    server, certificate = secure
    assert "no secure connection: the server's certificate" in refused(server, cache, "good")
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    assert "from https to an address that is not" in refused(server, cache, f"leads/{running.address}good?")
    assert fetch(server, cache, f"leads/{server.address}good?").read_bytes() == CONTENT


def test_proxies_are_those_of_the_environment(server, cache, monkeypatch):
    monkeypatch.setenv("http_proxy", server.address)
    monkeypatch.delenv("no_proxy", raising=False)
    download.fetch("http://nowhere.invalid/good/file.bin", cache / "file.bin", SHA256)
    assert server.asked == [("http://nowhere.invalid/good/file.bin", None)]


def test_a_refused_connection_is_one_sentence(server, cache, monkeypatch):
    monkeypatch.setattr(server, "address", "http://127.0.0.1:9/")
    assert "connection refused" in refused(server, cache, "good")


def leave_a_part(server, cache, content, version="", kind="good"):
    """What a killed process leaves."""
    pytest.importorskip("fcntl")  # elsewhere parts are not gone on with
    cache.mkdir()
    (cache / ".part-file.bin").write_bytes(content)
    (cache / ".lock-file.bin").write_text(f"{server.address}{kind}/file.bin\n{version}")


@pytest.mark.parametrize("kind", ["parts", "good", "another_part", "beyond"])
@pytest.mark.parametrize("length", [1, HALF, len(CONTENT) - 1, len(CONTENT), 2 * len(CONTENT)])
def test_a_part_is_gone_on_with_whatever_the_server_makes_of_it(server, cache, kind, length):
    leave_a_part(server, cache, (2 * CONTENT)[:length], kind=kind)
    assert fetch(server, cache, kind).read_bytes() == CONTENT
    assert server.asked[0][1] == f"bytes={length}-"
    assert [file.name for file in cache.iterdir()] == ["file.bin"]


def test_a_part_that_is_no_good_is_fetched_from_the_beginning(server, cache):
    leave_a_part(server, cache, b"x" * HALF, kind="parts")
    assert fetch(server, cache, "parts").read_bytes() == CONTENT
    assert [asked for _, asked in server.asked] == [f"bytes={HALF}-", None, f"bytes={HALF}-"]


@pytest.mark.parametrize(
    ("version", "asked"), [('"one"', f"bytes={HALF}-"), ("", None), ('W/"one"', None), ('"\r\nX: y"', None)]
)
def test_without_a_checksum_only_the_same_version_is_gone_on_with(server, cache, version, asked):
    leave_a_part(server, cache, CONTENT[:HALF], version, kind="parts")
    assert fetch(server, cache, "parts", None, is_content).read_bytes() == CONTENT
    assert server.asked[0][1] == asked


def test_a_part_of_another_version_is_not_gone_on_with(server, cache):
    leave_a_part(server, cache, b"x" * HALF, '"older"', kind="parts")
    assert fetch(server, cache, "parts", None, is_content).read_bytes() == CONTENT
    assert server.asked == [("/parts/file.bin", f"bytes={HALF}-")]  # answered with the whole file


def test_a_part_from_another_address_is_not_gone_on_with(server, cache):
    leave_a_part(server, cache, b"x" * HALF, kind="elsewhere")
    assert fetch(server, cache, "good").read_bytes() == CONTENT
    assert server.asked[0][1] is None


@pytest.mark.parametrize("about", [b"", b"\n", b"\xff", b"\n" * 9000, bytes(20_000)])
def test_nothing_written_about_a_part_matters(server, cache, about):
    leave_a_part(server, cache, CONTENT[:HALF])
    (cache / ".lock-file.bin").write_bytes(about)
    assert fetch(server, cache, "good").read_bytes() == CONTENT


@pytest.mark.parametrize("checksum", [SHA256, None])
def test_a_damaged_file_is_said_and_replaced_only_by_a_sound_one(server, cache, checksum, capsys):
    cache.mkdir()
    path = cache / "file.bin"
    path.write_bytes(CONTENT[:100])
    for kind in "missing", "wrong", "page":
        with pytest.raises(DownloadError) as caught:
            fetch(server, cache, kind, checksum, is_content)
        assert f"and the file at {path} is " in str(caught.value)
        assert path.read_bytes() == CONTENT[:100]
    said = capsys.readouterr().out.splitlines()
    assert len(said) == 3
    assert all(
        re.match(rf"{re.escape(str(path))} is .*; it is downloaded again from http", line) for line in said
    )
    assert fetch(server, cache, "good", checksum, is_content).read_bytes() == CONTENT


def test_a_huge_file_in_the_cache_is_not_read(server, cache):
    cache.mkdir()
    with (cache / "file.bin").open("wb") as file:
        file.truncate(50_000_000_000)
    start = time.monotonic()
    assert fetch(server, cache, "good").read_bytes() == CONTENT
    assert time.monotonic() - start < 5


def test_a_link_is_replaced_and_not_the_file_that_it_leads_to(server, cache, tmp_path):
    cache.mkdir()
    (tmp_path / "mine").write_bytes(b"mine")
    (cache / "file.bin").symlink_to(tmp_path / "mine")
    assert fetch(server, cache, "good").read_bytes() == CONTENT
    assert (tmp_path / "mine").read_bytes() == b"mine"


@pytest.mark.parametrize("make", ["mkdir", "mkfifo"])
def test_what_is_no_file_is_left_alone(server, cache, make):
    cache.mkdir()
    if not hasattr(os, make):
        pytest.skip("there are no pipes here")
    getattr(os, make)(cache / "file.bin")
    with pytest.raises(DownloadError, match=r"is no file\); move .*file\.bin away\."):
        fetch(server, cache, "good")
    assert server.asked == []


@pytest.mark.parametrize("home", ["file", "/proc/nowhere", "/dev/null/x"])
def test_a_cache_that_cannot_be_written_is_one_sentence(server, tmp_path, monkeypatch, home):
    (tmp_path / "file").write_text("in the way")
    monkeypatch.setenv("KERAS_HOME", str(tmp_path / home))
    with pytest.raises(DataError, match=r"cannot be written: .*; make room or .*KERAS_HOME"):
        sources.download("file.bin", f"{server.address}good/file.bin", SHA256)


def test_without_a_home_folder_one_sentence_says_so(monkeypatch):
    monkeypatch.setenv("KERAS_HOME", "~nobody-of-this-name/keras")
    with pytest.raises(DataError, match="no home folder for ~nobody.* set KERAS_HOME"):
        sources.download("file.bin", "http://127.0.0.1:9/", SHA256)
    monkeypatch.setenv("KERAS_HOME", "")  # as if it were not set
    monkeypatch.setenv("HOME", "/someone")
    assert str(download.cache_folder("models")) == "/someone/.keras/models"


def test_a_file_of_a_cache_that_may_only_be_read_is_used(server, cache):
    path = fetch(server, cache, "good")
    (cache / ".lock-file.bin").mkdir()  # nothing can be locked there
    assert fetch(server, cache, "missing") == path


def test_a_full_disk_is_one_sentence(server, cache, root):
    pytest.importorskip("resource")
    code = (
        "import resource, signal; from datasets import sources\n"
        "signal.signal(signal.SIGXFSZ, signal.SIG_IGN)\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (300_000, 300_000))\n"
        f"try: sources.download('file.bin', '{server.address}good/file.bin', '{SHA256}')\n"
        "except sources.DataError as error: print(error)"
    )
    said = subprocess.run([sys.executable, "-c", code], cwd=root, capture_output=True, text=True).stdout
    assert f"{cache} cannot be written: file too large" in said
    assert said.count("\n") == 1


def test_several_at_once_download_it_once(server, cache):
    pytest.importorskip("fcntl")
    with ThreadPoolExecutor(6) as pool:
        paths = list(pool.map(lambda _: fetch(server, cache, "slow"), range(6)))
    assert set(paths) == {cache / "file.bin"}
    assert len(server.asked) == 1
    assert [file.name for file in cache.iterdir()] == ["file.bin"]


def test_one_that_waits_takes_over_what_another_did_not_finish(server, cache, monkeypatch):
    monkeypatch.setattr(_http, "IDLE", 0.5)
    with ThreadPoolExecutor(2) as pool:
        first = pool.submit(refused, server, cache, "stalled")
        while not server.asked:
            time.sleep(0.01)
        second = pool.submit(fetch, server, cache, "good")
        assert "timed out" in first.exception().args[0] if first.exception() else first.result()
        assert second.result().read_bytes() == CONTENT


def test_a_process_that_does_not_get_on_is_not_waited_for(server, cache, impatient):
    pytest.importorskip("fcntl")
    cache.mkdir()
    file = _claims._locked(cache / ".lock-file.bin")
    assert "another process has begun to download it and makes no progress" in refused(server, cache, "good")
    file.close()


def test_killed_in_the_middle_no_half_file_is_taken_for_a_whole(server, cache, root):
    code = (
        "from datasets import sources;"
        f"sources.download('file.bin', '{server.address}stalled/file.bin', '{SHA256}')"
    )
    child = subprocess.Popen([sys.executable, "-c", code], cwd=root)
    deadline = time.monotonic() + 60
    while not any(file.stat().st_size for file in cache.glob(".part-*")):
        assert time.monotonic() < deadline
        time.sleep(0.02)
    child.send_signal(signal.SIGKILL)
    child.wait()
    assert not (cache / "file.bin").exists()
    assert fetch(server, cache, "good").read_bytes() == CONTENT
    assert [file.name for file in cache.iterdir()] == ["file.bin"]


def test_what_a_killed_process_left_beside_a_sound_file_is_removed(server, cache):
    leave_a_part(server, cache, CONTENT)
    (cache / "file.bin").write_bytes(CONTENT)
    fetch(server, cache, "missing")
    assert [file.name for file in cache.iterdir()] == ["file.bin"]
