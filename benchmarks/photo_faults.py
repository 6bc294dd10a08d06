"""Faults planted in photos: what the check of `Photos.check` finds of each kind, and what CleanVision does.

    python -m benchmarks.photo_faults --data ants_bees.tar
    python -m benchmarks.photo_faults --data ants_bees.tar --cleanvision other/bin/python

A fault of each kind is planted in photos of their own, beside photos that stay as they are. A fault is found
if its file is set aside or in a finding; a photo without a fault that is, is a false alarm. Without `--data`
the photos are generated.

CleanVision is the yardstick: its issue types are dark, light, blurry, odd aspect ratio, odd size, low
information, exact and near duplicates, and greyscale, which is no fault here. It stops at a file that cannot
be decoded, so that it is not shown these, and they count as not found. Where it is installed for another
Python, `--cleanvision` names that one.
"""

import importlib.util
import io
import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))  # this repository's models and datasets come first

from tutorials.lesson.command import LessonError, check_positive, run  # first: loads Keras quietly

import numpy as np
from PIL import Image, ImageDraw, ImageEnhance, ImageFilter

from datasets import Photos, photos
from datasets.photos.locating import find

# Run by the Python that has CleanVision: prints {file: its issues} as JSON, on the last line
YARDSTICK = """
import json, os, sys
from cleanvision import Imagelab
from PIL import Image
folder = os.path.abspath(sys.argv[1])
names = [os.path.join(top, name) for top, _, files in os.walk(folder) for name in files]
def opens(name):
    try:
        Image.open(name).load()
        return True
    except Exception:
        return False
names = [name for name in names if opens(name)]
lab = Imagelab(filepaths=sorted(names))
lab.find_issues(n_jobs=2, verbose=False)
flags = [name for name in lab.issues.columns if name.startswith("is_") and "grayscale" not in name]
found = {os.path.relpath(name, folder): [flag[3:-6] for flag in flags if row[flag]]
         for name, row in lab.issues.iterrows()}
print()
print(json.dumps(found))
"""


def generated(count, seed):
    """Photos with details of every size, as files (JPEG)."""
    random = np.random.default_rng(seed)
    for _ in range(count):
        scene = 0
        for share in (1, 2, 4, 8, 16, 32):
            detail = Image.fromarray(random.integers(0, 256, (6 * share, 8 * share, 3), "uint8"))
            detail = np.asarray(detail.resize((480, 360), Image.Resampling.BICUBIC), float) - 127
            scene = scene + detail / share**0.6
        yield _jpeg(Image.fromarray((127 + scene / 1.5).clip(0, 255).astype("uint8")))


def given(data, count):
    """The JPEG files of a folder or archive that the check takes, evenly spaced in their order."""
    source = photos.locate(data)
    files = sorted(Photos.check(source, image_size=64).files)
    good = [name for name in files if name.lower().endswith((".jpg", ".jpeg"))]
    wanted = set(np.array(good)[np.linspace(0, len(good) - 1, min(count, len(good))).astype(int)])
    for file in find(source.path).found:
        if file.name in wanted:
            yield file.read()


def _jpeg(image, **options):
    buffer = io.BytesIO()
    image.convert("RGB").save(buffer, "JPEG", **({"quality": 92} | options))
    return buffer.getvalue()


def _pixels(change):
    """A fault of the pixels: a function of them, from 0 to 255."""

    def fault(content, random):
        pixels = change(np.asarray(_image(content), float), random)
        return _jpeg(Image.fromarray(pixels.clip(0, 255).astype("uint8")))

    return fault


def _image(content):
    return Image.open(io.BytesIO(content)).convert("RGB")


def _blurred(content, random):
    image = _image(content)
    return _jpeg(image.filter(ImageFilter.GaussianBlur(0.04 * min(image.size))))


def _overwritten(content, random):
    count, start = min(400, len(content) // 4), content.rindex(b"\xff\xda") + 20
    place = int(random.integers(start, len(content) - count - 2))
    return content[:place] + random.bytes(count) + content[place + count :]


def _of_12_bits(content, random):
    buffer = io.BytesIO()
    grey = np.asarray(_image(content).convert("L"), "uint16")
    Image.fromarray(grey << 4 | random.integers(0, 16, grey.shape, "uint16")).save(buffer, "PNG")
    return buffer.getvalue()


def _changed(change):
    """A copy that is changed, a little brighter and compressed again."""

    def fault(content, random):
        image = change(_image(content), random)
        return _jpeg(ImageEnhance.Brightness(image).enhance(1.1), quality=75)

    return fault


def _cropped(image, random):
    width, height = (round(0.85 * side) for side in image.size)
    left, top = random.integers(0, image.width - width + 1), random.integers(0, image.height - height + 1)
    return image.crop((left, top, left + width, top + height))


def _placeholder(content, random):
    ground, ink = (("white", "black"), ("#eeeeee", "#888888"))[random.integers(2)]
    image = Image.new("RGB", (int(random.integers(150, 400)),) * 2, ground)
    ImageDraw.Draw(image).text((20, 70), f"image {random.integers(999)} not found", ink)
    return _jpeg(image)


# What is planted: a function of a photo's file and a random generator that gives the file with the fault
FAULTS = {
    "very dark": _pixels(lambda pixels, random: pixels * random.uniform(0.05, 0.15)),
    "very bright": _pixels(lambda pixels, random: 250 + 0.1 * (pixels - 100)),
    "blurred": _blurred,
    "noise": _pixels(lambda pixels, random: pixels + random.normal(0, 60, pixels.shape)),
    "12 : 1 panorama": lambda content, random: _jpeg(_image(content).resize((1200, 100))),
    "enlarged from 12 pixels": lambda content, random: _jpeg(_image(content).resize((12, 12))),
    "12 bits in 16": _of_12_bits,
    "without the last 20 bytes": lambda content, random: content[:-20],
    "without its second half": lambda content, random: content[: len(content) // 2],
    "400 random bytes inside": _overwritten,
    "placeholder": _placeholder,
    "of one colour": lambda content, random: _jpeg(Image.new("RGB", (320, 240), "teal")),
    "exact copy": lambda content, random: content,
    "smaller copy": lambda content, random: _jpeg(_image(content).reduce(2), quality=80),
    "mirrored copy": _changed(lambda image, random: image.transpose(Image.Transpose.FLIP_LEFT_RIGHT)),
    "copy turned by 90 degrees": _changed(lambda image, random: image.transpose(Image.Transpose.ROTATE_90)),
    "copy cropped to 85 %": _changed(_cropped),
    "no image": lambda content, random: b"Dear reader",
    "empty": lambda content, random: b"",
    "macOS resource fork": lambda content, random: b"\0\x05\x16\x07\0\x02\0\0Mac OS X" + bytes(100),
}
COPIES = tuple(name for name in FAULTS if "copy" in name)  # whose photos stay beside them


def plant(folder, contents, each, seed):
    """Write photos with faults and as many without.

    Returns:
        `(planted, sound)`: {fault: its files}, and the files without a fault.
    """
    random, planted, sound = np.random.default_rng(seed), {}, []
    contents, place = list(contents), 0

    def write(name, content):
        path = folder / ("ants", "bees")[place % 2] / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
        return path.relative_to(folder).as_posix()

    originals = set()
    for fault, change in FAULTS.items():
        for _ in range(each):
            start = "._" if fault == "macOS resource fork" else ""
            ending = "png" if fault == "12 bits in 16" else "jpg"
            name = write(f"{start}{place:04}.{ending}", change(contents[place], random))
            planted.setdefault(fault, []).append(name)
            if fault in COPIES:
                originals.add(write(f"{place:04}-first.jpg", contents[place]))
            place += 1
    while place < len(contents):
        sound.append(write(f"{place:04}.jpg", contents[place]))
        place += 1
    return planted, sound


def by_our_check(folder, size):
    """{file: what was found}, by the check."""
    checked = Photos.check(folder, image_size=size)
    found = {}
    for finding in checked.findings:
        for name in finding.files:
            found.setdefault(name, []).append(finding.what)
    return found


def by_cleanvision(folder, python):
    """{file: what was found}, by CleanVision."""
    done = subprocess.run([python, "-c", YARDSTICK, folder], capture_output=True, text=True)
    if done.returncode:
        said = done.stderr.strip().splitlines()
        raise LessonError(f"CleanVision fails on the photos ({said[-1] if said else done.returncode}).")
    return json.loads(done.stdout.splitlines()[-1])


def main(
    data: str = "",
    each: int = 8,
    sound: int = 200,
    size: int = 224,
    cleanvision: str = "",
    seed: int = 0,
) -> dict:
    """Plant faults in photos, and print how many are found of each kind.

    Args:
        data: Folder or archive of photos; "" to generate them.
        each: Number of photos with each fault.
        sound: Number of photos without a fault, at most.
        size: Side of the squares that the check looks at, in pixels.
        cleanvision: A Python that has CleanVision; "" for this one, if it does.
        seed: Random seed of the faults.
    """
    check_positive(each=each, sound=sound, size=size)
    count = each * len(FAULTS) + sound
    contents = list(given(data, count) if data else generated(count, seed))
    if len(contents) < each * (len(FAULTS) + 1):
        raise LessonError(f"{data} has {len(contents)} photos to plant faults in, where {count} are needed.")
    if not cleanvision and importlib.util.find_spec("cleanvision"):
        cleanvision = sys.executable
    with tempfile.TemporaryDirectory() as top:
        folder = Path(top)
        planted, without = plant(folder, contents, each, seed)
        found, seconds = {}, {}
        for name, look in [("ours", lambda: by_our_check(folder, size))] + (
            [("CleanVision", lambda: by_cleanvision(folder, cleanvision))] if cleanvision else []
        ):
            start = time.perf_counter()
            found[name] = look()
            seconds[name] = time.perf_counter() - start
    return _print_table(planted, without, found, seconds)


def _print_table(planted, without, found, seconds):
    """Print how many were found of each kind; return it as {fault: {who: number}}."""
    counts = {
        fault: {who: sum(bool(seen.get(name)) for name in names) for who, seen in found.items()}
        for fault, names in planted.items()
    }
    print(f"{'planted':28}{'photos':>8}" + "".join(f"{who:>14}" for who in found) + "   as what")
    for fault, names in planted.items():
        row = "".join(f"{number:>14}" for number in counts[fault].values())
        what = sorted({what for name in names for seen in found.values() for what in seen.get(name, ())})
        print(f"{fault:28}{len(names):>8}{row}   {', '.join(what)}")
    total = {who: sum(each[who] for each in counts.values()) for who in found}
    counts["false alarms"] = {
        who: sum(bool(seen.get(name)) for name in without) for who, seen in found.items()
    }
    planted_in_all = sum(map(len, planted.values()))
    for name, number, row in (
        ("all faults", planted_in_all, total),
        ("false alarms", len(without), counts["false alarms"]),
    ):
        print(f"{name:28}{number:>8}" + "".join(f"{each:>14}" for each in row.values()))
    print(f"{'seconds':36}" + "".join(f"{each:>14.1f}" for each in seconds.values()))
    return counts


if __name__ == "__main__":
    run(main)
