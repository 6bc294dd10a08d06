"""Results folders: a model, its labels, its metrics; spoiled, linked, or among a user's files."""

import hashlib
import inspect
import json
import os
import shutil
import stat

from fuzzing import jsons, keras_files, weights
from fuzzing.images import picture
from fuzzing.sounds import samples

LESSONS = {  # what its model is, its classes, its settings
    "digits": ("digits", list("0123456789"), {}),
    "fine_tune": ("photos", ["red", "green", "blue"], {"image_size": 24}),
    "sound": ("sound", ["bark", "meow"], {"seconds": 0.5, "hertz": 6000}),
    "sentiment": ("text", ["neg", "pos"], {"text_column": None}),
}


def results(lesson, folder):
    """Write what a lesson leaves, with an untrained model."""
    kind, names, settings = LESSONS[lesson]
    folder.mkdir()
    (folder / "model.keras").write_bytes(keras_files.contents(kind))
    (folder / "labels.json").write_text(json.dumps(names))
    metrics = {
        "lesson": lesson,
        "settings": settings | {"seed": 0, "quick": False},
        "results": {"accuracy": 0.9},
    }
    (folder / "metrics.json").write_text(json.dumps(metrics))
    return folder


def good(*lessons):
    """A function that writes results and, beside them, one input that the model can be asked about."""

    def write(random, folder):
        weights.secrets(folder)
        lesson = random.choice(lessons)
        picture(7, size=(28, 28)).save(folder / "photo.png")
        (folder / "sound.wav").write_bytes(samples()[0])
        (folder / "text.txt").write_text("word1 word2")
        return results(lesson, folder / lesson)

    return write


def photos_and_results(random, folder):
    """Write results of a lesson on images, and beside them photos to look at."""
    (folder / "photos").mkdir()
    for n in range(6):
        picture(400 + n, size=(40, 40)).save(folder / "photos" / f"{n}.png")
    return good("digits", "fine_tune")(random, folder)


def inputs(folder):
    """The good inputs beside results, by the lesson that they are for."""
    files = {"sound": "sound.wav", "sentiment": "text.txt"}
    return (str(folder.parent / files.get(folder.name, "photo.png")),)


def is_ours(file):
    """Whether nothing else was put in a file's place yet, such as a pipe, which nobody fills."""
    return file.is_file() and not file.is_symlink() and file.stat().st_size < 10_000_000


def odd_json(random, path):
    """Spoil what is told of the model."""
    file = path / random.choice(("metrics.json", "labels.json", "metrics.json"))
    if is_ours(file):
        file.write_bytes(jsons.spoil(random, json.loads(file.read_bytes())))


def known_traps(random, path):
    """Values that once went wrong."""
    file = path / "metrics.json"
    if not is_ours(file):
        return
    told = json.loads(file.read_text())
    what = random.randrange(3)
    if what == 0:
        key = random.choice(("image_size", "seconds", "hertz", "text_column"))
        told["settings"][key] = random.choice((0, -1, None, 40_000, 10**9, "24", [24, 24], 1e18, True, 0.5))
    elif what == 1:
        told["lesson"] = random.choice(sorted(LESSONS))
    else:
        told["settings"] = random.choice((None, [], "x", 3))
    file.write_text(json.dumps(told))


def odd_kind(random, path):
    """Something else in the place of a file: a folder, a link, a pipe, nothing, gigabytes of holes."""
    file = path / random.choice(("metrics.json", "labels.json", "model.keras"))
    what = random.randrange(6)
    if not is_ours(file):
        return
    content = file.read_bytes()
    file.unlink()
    if what == 0:
        file.mkdir()
    elif what == 1:
        file.symlink_to(
            random.choice(("nowhere", file.name, "/dev/zero", "/dev/null", "..", "/proc/self/mem"))
        )
    elif what == 2:
        os.mkfifo(file)
    elif what == 3:
        with file.open("wb") as holes:
            holes.truncate(5_000_000_000)
    elif what == 4:
        (path / "linked").write_bytes(content)
        file.symlink_to("linked")


def odd_model(random, path):
    """Spoil the model."""
    if not is_ours(path / "model.keras"):
        return
    for name in ("secret.txt", "secret.bin", "secret.h5"):
        (path / name).write_bytes((path.parent / name).read_bytes())
    random.choice(keras_files.HARMS)(random, path / "model.keras")


def other_model(random, path):
    """Another lesson's model."""
    if is_ours(path / "model.keras"):
        (path / "model.keras").write_bytes(keras_files.contents(random.choice(keras_files.KINDS)))


HARMS = (odd_json, odd_json, known_traps, odd_kind, odd_model, other_model)


# Results of an earlier run, where a new one is to write


def report(folder, outputs):
    """Run what every lesson does with its results: an empty run of the lesson digits."""
    from datasets import Source
    from tutorials.digits import main
    from tutorials.lesson.report import Report

    settings = {name: each.default for name, each in inspect.signature(main).parameters.items()}
    made = Report(main, settings | {"outputs": outputs})
    made.table("numbers", [("a", "b"), (1, 2)])
    made.close(Source("embedded"), 1, "Nothing was trained.", test_accuracy=0.5)


OURS = {"numbers.csv", "metrics.json"}  # beside a marker, what that run leaves
MARKERS = (".files", ".glass-zoo")
DRAFTS = ("outputs/.digits-draft-k2x9qw1z", "outputs/.digits-unfinished")


def earlier_run(random, folder):
    """Write what an earlier run left, and a user's files in it and beside it."""
    (folder / "outputs").mkdir()
    report(folder, folder / "outputs")
    found = folder / "outputs" / "digits"
    (found / "photo.jpg").write_bytes(b"a user's photo")
    (found / "notes").mkdir()
    (found / "notes" / "a.txt").write_text("a user's notes")
    (folder / "outputs" / "digits.txt").write_text("beside it")
    (folder / "outputs" / ".digits-notes").write_text("a user's own hidden file")
    return folder / "outputs"


def users_files(random, path):
    """Put more of a user's into the results: links, pipes, modes, odd names."""
    folder, what = path / "digits", random.randrange(9)
    if what == 0:
        (folder / "link").symlink_to(random.choice(("nowhere", "link", "/etc", "..", str(path))))
    elif what == 1:
        os.mkfifo(folder / "pipe")
    elif what == 2:
        (folder / "secret").mkdir(mode=0o700)
        (folder / "secret" / "key").write_text("x")
        (folder / "secret" / "key").chmod(0o400)
    elif what == 3:
        name = random.choice((b"caf\xe9.txt", b"\x1b[2J", b"two\nlines", b"-rf", b"x" * 250, b".hidden"))
        (folder / os.fsdecode(name)).write_text("a user's")
    elif what == 4:
        folder.chmod(random.choice((0o700, 0o750, 0o555)))
    elif what == 5:
        os.link(folder / "photo.jpg", folder / "again.jpg")
    elif what == 6:
        shutil.move(folder, path.parent / "elsewhere")
        folder.symlink_to(path.parent / "elsewhere")
    elif what == 7:
        (folder / "numbers.csv").unlink()
        (folder / "numbers.csv").mkdir()
        (folder / "numbers.csv" / "mine.txt").write_text("a user's, in the place of a result")
    else:
        (path / ".digits-abcdefgh").mkdir()
        (path / ".digits-abcdefgh" / "mine.txt").write_text("a user's, whatever it is called")


def markers(path):
    """The files with which results say what made them."""
    return list(filter(is_ours, sorted((path / "digits").glob(".*"))))


def odd_marker(random, path):
    """Spoil the list of what the run made; it may not name what is elsewhere, and if it does, in vain."""
    wanted = random.sample(
        ("../digits.txt", "/etc/hostname", "notes/a.txt", "..", ".", "", "notes/..", "\0"), 5
    )
    mark = hashlib.sha256(b"beside it").hexdigest()  # what is in digits.txt
    for file in markers(path):
        content = file.read_bytes()
        try:
            told = json.loads(content)
            if random.random() < 0.5:
                told["files"] |= dict.fromkeys(wanted, random.choice((mark, None)))
                file.write_bytes(json.dumps(told).encode())
            else:
                file.write_bytes(jsons.spoil(random, told))
        except ValueError:  # a list with a name a line
            lines = "\n".join(wanted).encode()
            file.write_bytes(random.choice((b"", lines, content + b"\n" + lines, b"\xff\xfe", b"[" * 9999)))


def odd_draft(random, path):
    """Leave what looks like the draft of a killed run, whose marker and links lead elsewhere."""
    draft = path / random.choice((".digits-draft-k2x9qw1z", ".digits-unfinished"))
    draft.mkdir()
    for name in ("results", "old", "scratch", "lock", "k.state"):
        what = random.randrange(4)
        if what == 0:
            (draft / name).mkdir()
            (draft / name / "a.txt").write_text("left")
        elif what == 1:
            (draft / name).symlink_to(random.choice(("../digits", "../digits/notes", "..", "nowhere")))
        elif what == 2:
            (draft / name).write_text("left")
    for file in markers(path):
        try:
            told = json.loads(file.read_bytes())
            told["kind"] = random.choice(("draft", "placing", "unfinished", "complete"))
            told["folder"] = random.choice(("digits", "digits.txt", "../elsewhere", "", "digits/notes"))
            told["modes"] = {"notes": 0o700, "../digits.txt": 0}
            told["files"] = dict.fromkeys(("k.state", "../digits.txt", "results"))
            spoiled = jsons.spoil(random, told) if random.random() < 0.5 else json.dumps(told).encode()
            (draft / file.name).write_bytes(spoiled)
        except (ValueError, TypeError):
            continue


def odd_marker_kind(random, path):
    """Something else in the place of the list."""
    for file in markers(path):
        file.unlink()
        what = random.randrange(4)
        if what == 0:
            file.mkdir()
        elif what == 1:
            os.mkfifo(file)
        elif what == 2:
            file.symlink_to(random.choice(("nowhere", "photo.jpg", "/dev/zero", file.name)))


def lost(before, after):
    """What of a user's is gone or changed, and what stays behind; the results themselves may change.

    A draft that looks like one of a killed run may be brought to its end or removed, whatever is in it.
    """
    for name, about in before.items():
        base = name.rpartition("/")[2]
        ours = stat.S_ISREG(about[0]) and (base in OURS or base.startswith(MARKERS))
        if not ours and not name.startswith(DRAFTS) and after.get(name) != about:
            yield f"{name!r}: {about} became {after.get(name)}"
    for name in after:
        if name not in before and name.startswith("outputs/.") and not name.startswith(DRAFTS):
            yield f"{name!r} stays behind"


EARLIER = (users_files, users_files, odd_marker, odd_marker, odd_marker_kind, odd_draft)
