"""A folder of everything that can be wrong with image files: each is used, or set aside with a reason."""

import csv
import hashlib
import io
import os
import random
import re
import stat
import subprocess
import sys
import tarfile
import warnings
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from datasets import Photos, photos

NAMES = (
    '"; rm -rf ~.jpg',
    "<script>alert(1)<\u2215script>.png",
    'it\'s, "quoted".jpg',
    "a\nb\tc.png",
    "\u202egnp.txt.png",
    "Ünïcödé 写真 🐜.jpg",
    "-n.png",
    "%s{0}$HOME`id`.png",
    "a" * 240 + ".png",
    "zero\u200dwidth.png",
    "trailing space .png ",
    "con.png",
    b"latin-1 caf\xe9.jpg",
    b"\xff\xfe.png",
)
MODES = ("1", "L", "LA", "P", "PA", "RGB", "RGBA", "CMYK", "YCbCr", "HSV", "LAB", "I", "I;16", "F")


def scene(number, size=(48, 40)):
    """A picture unlike all others, with soft and sharp parts."""
    noise = np.random.default_rng(number).integers(0, 256, (5, 6, 3), "uint8")
    return Image.fromarray(noise).resize(size, Image.Resampling.BICUBIC)


def in_mode(image, mode):
    if mode != "I;16":
        return image.convert(mode)
    return Image.fromarray(np.asarray(image.convert("L")).astype("uint16") * 257)


def encoded(image, kind, **options):
    buffer = io.BytesIO()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # a format or two will leave Pillow
        image.save(buffer, kind, **options)
    return buffer.getvalue()


def every_format(first):
    """(ending, content) of a picture in every format and mode that Pillow writes."""
    Image.init()
    suffix = {kind: ending for ending, kind in reversed(Image.registered_extensions().items())}
    for number, kind in enumerate(sorted(Image.SAVE)):
        for mode in MODES:
            try:
                yield (
                    suffix[kind],
                    encoded(in_mode(scene(first + number * 20 + MODES.index(mode)), mode), kind),
                )
            except Exception:  # what it does not write is not to be tested
                continue


def write(folder, name, content):
    with (folder / os.fsdecode(name)).open("xb") as file:
        file.write(content)


def make_odd(folder):
    """Write at least 500 files into folder/ants, folder/bees and folder/cats, as bar 4 of an issue asks."""
    rng = random.Random(0)
    classes = [folder / name for name in ("ants", "bees", "cats")]
    for number, place in enumerate(classes):
        place.mkdir(parents=True)
        for photo in range(8):
            scene(1000 + 100 * number + photo).save(place / f"good{photo}.jpg")
    ants, bees, cats = classes
    for number, (suffix, content) in enumerate(every_format(20_000)):
        ending = rng.choice([".jpg", ".png", ".txt", ""])
        write(bees, f"renamed{number}{ending if ending != suffix else '.gif'}", content)
    for number, (suffix, content) in enumerate(every_format(10_000)):
        write(ants, f"whole{number}{suffix}", content)
        for cut in range(2):
            write(bees, f"cut{number}-{cut}{suffix}", content[: rng.randrange(len(content))])
        flipped = bytearray(content)
        for _ in range(1 + number % 8):
            flipped[rng.randrange(len(flipped))] ^= 1 << rng.randrange(8)
        write(cats, f"flipped{number}{suffix}", flipped)
    for number, suffix in enumerate((".jpg", ".png", ".gif", "")):
        write(ants, f"empty{number}{suffix}", b"")
        write(ants, f"noise{number}{suffix}", rng.randbytes(2000))
    for number, name in enumerate(NAMES):
        write(bees, name, encoded(scene(3000 + number), "PNG"))
    Image.new("1", (30_000, 6_000)).save(cats / "wide.png")
    scene(4000, (30_000, 2)).save(cats / "wide and thin.png")
    scene(4001, (3, 3000)).save(cats / "tall and thin.png")
    scene(4002, (1, 1)).save(cats / "dot.png")
    frames = [scene(4010 + number) for number in range(3)]
    for kind in "gif", "png", "webp", "tiff":
        frames[0].save(cats / f"moving.{kind}", save_all=True, append_images=frames[1:])
    make_links(folder, ants)


def make_links(folder, place):
    outside = folder.parent / "outside"
    outside.mkdir()
    scene(5000).save(outside / "linked.png")
    (place / "link out.png").symlink_to(outside / "linked.png")
    (place / "link to nothing.png").symlink_to(outside / "nothing.png")
    (place / "link to itself.png").symlink_to(place / "link to itself.png")
    (place / "one.png").symlink_to(place / "other.png")
    (place / "other.png").symlink_to(place / "one.png")
    (place / "link to a device.png").symlink_to("/dev/zero")
    (place / "link up").symlink_to(folder, target_is_directory=True)
    (place / "link to all").symlink_to("/", target_is_directory=True)
    (place / "link to outside").symlink_to(outside, target_is_directory=True)
    (outside / "back").symlink_to(folder, target_is_directory=True)
    os.mkfifo(place / "pipe.jpg")


def state(folder):
    """All there is to know about a folder, its access times aside."""
    found = {}
    for path in [folder, *folder.rglob("*")]:
        about = path.lstat()
        content = path.readlink() if path.is_symlink() else b""
        if stat.S_ISREG(about.st_mode):
            content = hashlib.sha256(path.read_bytes()).digest()
        found[path] = content, about.st_mode, about.st_mtime_ns, about.st_size, about.st_ino
    return found


@pytest.fixture(scope="module")
def odd(tmp_path_factory):
    folder = tmp_path_factory.mktemp("odd") / "photos"
    make_odd(folder)
    return folder


def expected_names(folder):
    """How the files of a folder, and links in it, are called in results."""
    paths = [path for path in folder.rglob("*") if path.is_symlink() or not path.is_dir()]
    names = [path.relative_to(folder).as_posix() for path in paths]
    return {"".join(c if c.isprintable() else ascii(c)[1:-1] for c in name) for name in names}


def test_every_odd_file_is_used_or_set_aside_with_a_reason(odd, capfd):
    before = state(odd.parent)
    found = Photos.check(odd, 24, verbose=1)
    assert state(odd.parent) == before
    aside = dict(found.quarantine)
    assert len(found.files) + len(aside) >= 500
    assert not set(found.files) & set(aside)
    outside = {f"ants/link to outside/{name}" for name in ("linked.png", "back")}
    assert set(found.files) | set(aside) == expected_names(odd) - {"ants/link to outside"} | outside
    assert all(reason and reason.isprintable() for reason in aside.values())
    output = capfd.readouterr()
    assert output.err == ""
    assert re.search(r"set aside\.\n\d+ notices of the image libraries were held back\.\n\Z", output.out)
    # The pixels are those that prediction will see
    some = np.arange(0, len(found.files), 7)
    again = photos.read_files(found.source, [found.files[row] for row in some], 24)
    np.testing.assert_array_equal(again, found.pixels[some])
    for name in (
        "ants/whole0.avif",
        "bees/latin-1 caf\\udce9.jpg",
        "bees/a\\nb\\tc.png",
        "cats/wide and thin.png",
    ):
        assert name in found.files
    assert {finding.what for finding in found.findings} >= {
        "16-bit", "CMYK", "alpha", "animated", "damaged", "empty", "flat", "huge", "in two classes", "link",
        "not an image", "not readable", "palette", "tiny", "truncated", "wrong extension",
    }  # fmt: skip
    with (odd.parent / "tables.csv").open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows(found.split_table() + found.quarantine_table())


def test_whole_files_are_used_and_files_that_are_no_image_are_not(odd):
    found = Photos.check(odd, 24)
    aside = dict(found.quarantine)
    for start, wanted in ("ants/whole", True), ("bees/renamed", True), ("bees/cut", False):
        of_kind = [name for name in expected_names(odd) if name.startswith(start)]
        used = [name for name in of_kind if name not in aside or "the same photo" in aside[name]]
        share = len(used) / len(of_kind)  # of the formats Pillow writes it does not read all
        assert share > 0.85 if wanted else share < 0.15
    for name in expected_names(odd):
        if name.startswith(("ants/empty", "ants/noise")):
            assert name in aside


@pytest.mark.slow
def test_an_archive_of_odd_files_gives_what_their_folder_gives(odd, tmp_path):
    archive = tmp_path / "photos.tar.gz"
    with tarfile.open(archive, "w:gz", format=tarfile.PAX_FORMAT, dereference=True) as tar:
        for path in sorted(odd.rglob("*"), reverse=True):
            if not path.is_symlink() and path.is_file():
                tar.add(path, path.relative_to(odd.parent))
        tar.add(odd / "ants" / "link out.png", "photos/ants/link out.png")
    one, other = Photos.check(odd, 24), Photos.check(archive, 24)
    assert [f"photos/{name}" for name in one.files] == other.files
    assert one.fingerprint == other.fingerprint
    np.testing.assert_array_equal(one.pixels, other.pixels)
    np.testing.assert_array_equal(one.parts, other.parts)
    some = other.files[::-20]
    np.testing.assert_array_equal(photos.read_files(archive, some, 24), other.pixels[::-20])


MEMORY = """
import re, sys
from pathlib import Path
from datasets import Photos, photos
peak = lambda: int(re.search(r"VmHWM:\\s+(\\d+) kB", Path("/proc/self/status").read_text())[1])
before = peak()
found = Photos.check(sys.argv[1], 64)
print(len(found.files), peak() - before)
"""


@pytest.mark.slow
@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="reads the peak from Linux")
def test_memory_does_not_grow_with_the_number_of_large_photos(tmp_path, root):
    for number, name in enumerate(("ants", "bees")):
        (tmp_path / name).mkdir()
        for photo in range(3):
            scene(100 * number + photo, (90, 90)).save(tmp_path / name / f"small{photo}.png")
        # Of 36 MB each when decoded; what follows the end makes the files differ
        content = encoded(scene(number, (4000, 3000)), "JPEG", quality=50)
        for photo in range(30):
            (tmp_path / name / f"{photo}.jpg").write_bytes(content + bytes([photo]))
    content = encoded(scene(2, (4000, 3000)), "BMP")
    for photo in range(8):
        (tmp_path / "ants" / f"{photo}.bmp").write_bytes(content + bytes([photo]))
    command = [sys.executable, "-c", MEMORY, str(tmp_path)]
    output = subprocess.run(command, cwd=root, capture_output=True, text=True, check=True).stdout
    used, kilobytes = map(int, output.splitlines()[-1].split())
    assert used == 74
    assert kilobytes < 400_000  # where all photos decoded would have 2,448,000
