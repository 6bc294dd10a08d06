"""Archives and digits that unpack to far more than they are, at their full size."""

import bz2
import gzip
import io
import lzma
import struct
import subprocess
import sys
import tarfile
import zipfile

import pytest

pytest.importorskip("resource")
pytestmark = pytest.mark.attack
PACKERS = {".tar": bytes, ".tar.gz": gzip.compress, ".tar.bz2": bz2.compress, ".tar.xz": lzma.compress}
SECONDS = 5  # of processor time
MEMORY = 300  # MB beyond what the imports take


def header(name, size=0):
    info = tarfile.TarInfo(name)
    info.size = size
    return info.tobuf(tarfile.USTAR_FORMAT)


def write(path, pack, first, piece, times):
    """Packed streams may stand one after another, so one is packed once and written many times."""
    packed = pack(piece)
    with path.open("wb") as file:
        file.write(pack(first) if first else b"")
        for _ in range(times):
            file.write(packed)
        file.write(pack(bytes(1024)))


def refused(root, path, call):
    """The sentence that a process of its own says, within bounds of time and memory."""
    code = (
        "import resource, sys, time\n"
        "from pathlib import Path\n"
        "from datasets import DataError, digits, photos, reviews\n"
        "usage = lambda: resource.getrusage(resource.RUSAGE_SELF)\n"
        "before = usage()\n"
        f"try: {call}(Path(sys.argv[1]){', 32' if call == 'photos.Photos.check' else ''})\n"
        "except DataError as error: print(error)\n"
        "after = usage()\n"
        "print(after.ru_utime - before.ru_utime + after.ru_stime - before.ru_stime)\n"
        "print((after.ru_maxrss - before.ru_maxrss) / 1024)"
    )
    run = subprocess.run(
        [sys.executable, "-c", code, path], cwd=root, capture_output=True, text=True, timeout=120
    )
    assert run.returncode == 0, run.stderr
    said, seconds, memory = run.stdout.splitlines()
    assert float(seconds) < SECONDS
    assert float(memory) < MEMORY
    assert path.name in said
    return said


@pytest.mark.parametrize("suffix", PACKERS)
@pytest.mark.parametrize("call", ["reviews.load_data", "photos.Photos.check"])
def test_a_million_members(tmp_path, root, suffix, call):
    path = tmp_path / f"texts{suffix}"
    some = b"".join(header(f"texts/train/bad/{n:06}.txt", 1) + b"x".ljust(512, b"\0") for n in range(4000))
    write(path, PACKERS[suffix], b"", some, 250)
    assert "members; name a smaller archive" in refused(root, path, call)


@pytest.mark.parametrize("suffix", [".tar.gz", ".tar.bz2", ".tar.xz"])
@pytest.mark.parametrize("first", [b"", header("texts/x.bin", 1_999_999_488)])
def test_two_gigabytes_of_nothing(tmp_path, root, suffix, first):
    path = tmp_path / f"texts{suffix}"
    write(path, PACKERS[suffix], first, bytes(11_000_000), 200)
    assert "more than 100 times its size" in refused(root, path, "reviews.load_data")


@pytest.mark.parametrize("call", ["reviews.load_data", "photos.Photos.check"])
def test_two_gigabytes_of_nothing_in_a_zip(tmp_path, root, call):
    path = tmp_path / "texts.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for number in range(475):
            archive.writestr(f"texts/train/bad/{number}.txt", bytes(4_000_000))
    assert "more than 100 times its size" in refused(root, path, call)


@pytest.mark.parametrize("promised", [1_000_000, 9_000_000])
def test_digits_of_seven_gigabytes(tmp_path, root, promised):
    for name, shape in {"t10k-images-idx3-ubyte": (20, 28, 28), "train-labels-idx1-ubyte": (20,)}.items():
        content = io.BytesIO(bytes([0, 0, 8, len(shape)]) + struct.pack(f">{len(shape)}I", *shape))
        (tmp_path / name).write_bytes(content.getvalue() + bytes(20 * (784 if len(shape) == 3 else 1)))
    path = tmp_path / "train-images-idx3-ubyte.gz"
    first = bytes([0, 0, 8, 3]) + struct.pack(">3I", promised, 28, 28)
    write(path, gzip.compress, first, bytes(784 * 10_000), promised // 10_000)
    said = refused(root, tmp_path, "digits.load_data")
    assert path.name in said
