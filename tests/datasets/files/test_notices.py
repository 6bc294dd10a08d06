"""What image libraries write is held back and counted; what the program itself has to say is not."""

import io
import os
import subprocess
import sys
import threading
import warnings

import numpy as np
import pytest
from PIL import Image

from datasets import Photos
from datasets.files import notices


@pytest.fixture(autouse=True)
def _from_zero():
    notices.take()


def noisy(number):
    """A TIFF file with bytes changed, which libtiff comments on."""
    random = np.random.default_rng(number)
    held = io.BytesIO()
    kind = ("tiff_lzw", "tiff_adobe_deflate", "tiff_jpeg", "packbits")[number % 4]
    Image.fromarray(random.integers(0, 256, (64, 64, 3), "uint8")).save(held, "TIFF", compression=kind)
    content = bytearray(held.getvalue())
    for place in random.integers(8, len(content), 40):
        content[place] = random.integers(256)
    return bytes(content)


def test_damaged_photos_are_read_without_a_word_of_the_libraries(tmp_path, capfd):
    contents = [noisy(number) for number in range(60)]
    with warnings.catch_warnings(record=True) as warned:
        warnings.simplefilter("always")
        for content in contents:
            try:
                Image.open(io.BytesIO(content)).load()
            except Exception:
                continue
    loud = capfd.readouterr().err.count("\n")
    assert loud > 20 and warned
    for number, content in enumerate(contents):
        file = tmp_path / ("ants", "bees")[number % 2] / f"{number}.tif"
        file.parent.mkdir(exist_ok=True)
        file.write_bytes(content)
        held = np.random.default_rng(number).integers(0, 256, (30, 30, 3), "uint8")
        Image.fromarray(held).save(file.with_suffix(".png"))
    checked = Photos.check(tmp_path, 16, verbose=1)
    said = capfd.readouterr()
    assert said.err == ""
    (line,) = [line for line in said.out.splitlines() if "notice" in line]
    assert checked.notes == (line,)
    assert line.endswith(" notices of the image libraries were held back.")
    assert int(line.split()[0]) >= loud + len(warned)
    os.write(2, b"back\n")
    assert capfd.readouterr().err == "back\n"


def test_good_photos_are_read_without_a_line_about_notices(tmp_path, capsys):
    for number in range(10):
        file = tmp_path / ("ants", "bees")[number % 2] / f"{number}.png"
        file.parent.mkdir(exist_ok=True)
        Image.fromarray(np.random.default_rng(number).integers(0, 256, (30, 30, 3), "uint8")).save(file)
    assert Photos.check(tmp_path, 16, verbose=1).notes == ()
    assert "notice" not in capsys.readouterr().out


def test_notices_are_counted_once(capfd):
    with notices.held():
        os.write(2, b"one\ntwo\n")
        with notices.held():
            os.write(2, b"three\n")
        os.write(2, b"and half of four")
    assert notices.take() == (4, False)
    assert notices.take() == (0, False)
    with notices.held():
        os.write(2, b"one\n")
    notices.say()
    said = capfd.readouterr()
    assert said.out == "1 notice of the image libraries was held back.\n"
    assert said.err == ""


def test_a_flood_of_notices_neither_blocks_nor_grows(capfd):
    with notices.held():
        line = b"x" * 99 + b"\n"
        for _ in range(200_000):  # 20 MB, and nobody drains
            try:
                os.write(2, line)
            except BlockingIOError:  # which C's own functions pass over
                break
        else:
            pytest.fail("the pipe took everything")
    count, more = notices.take()
    assert more and 100 < count < 20_000
    with notices.held():  # drained now and then, nothing is lost
        for _ in range(500):
            os.write(2, line * 100)
            notices.drain()
    assert notices.take() == (50_000, False)
    assert capfd.readouterr().err == ""


def test_many_readers_at_once_leave_standard_error_as_it_was(capfd):
    before, stream, show = os.fstat(2), sys.stderr, warnings.showwarning
    filters = list(warnings.filters)

    def read():
        for _ in range(50):
            with notices.held():
                os.write(2, b"noise\n")
                notices.drain()

    threads = [threading.Thread(target=read) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert notices.take() == (400, False)
    assert os.path.samestat(os.fstat(2), before)
    assert sys.stderr is stream and warnings.showwarning is show and warnings.filters == filters
    assert capfd.readouterr().err == ""


OWN = """
import logging, os, sys, threading, warnings
from datasets.files import notices
def fail():
    raise KeyError("in a thread")
with notices.held():
    os.write(2, b"noise of a library\\n")
    print("our own line", file=sys.stderr)
    warnings.warn("our own warning")
    logging.getLogger("ours").error("our own log")
    thread = threading.Thread(target=fail); thread.start(); thread.join()
    os.write(2, b"more noise\\n")
    raise RuntimeError("our own error")
"""


def test_the_programs_own_errors_are_never_held_back(root):
    done = subprocess.run([sys.executable, "-c", OWN], cwd=root, capture_output=True, text=True)
    for said in ("our own line", "our own warning", "our own log", "KeyError: 'in a thread'"):
        assert said in done.stderr, said
    assert done.stderr.endswith("RuntimeError: our own error\n")
    assert "noise" not in done.stderr
    assert done.returncode == 1


CLOSED = """
import os, sys
os.close(2)
from datasets.files import notices
with notices.held():
    pass
print("fine", *notices.take())
"""


def test_without_standard_error_photos_can_be_read_too(root):
    done = subprocess.run([sys.executable, "-c", CLOSED], cwd=root, capture_output=True, text=True)
    assert done.stdout == "fine 0 False\n"
