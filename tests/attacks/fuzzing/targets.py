"""The table of what is attacked. A new loader is one more line in it."""

import importlib
from collections.abc import Callable
from dataclasses import dataclass

from fuzzing import archives, digit_files, images, planted, sounds, tables


@dataclass(frozen=True)
class Target:
    """A loader, and what it is fed with.

    Attributes:
        group: "data", "models" or "planted": kinds of one group share a worker.
        good: Function of a `random.Random` and a folder that writes a good input and returns its path.
        use: Function of the input's path, and of a folder for outputs.
        harms: Functions of a `random.Random` and the path that spoil the input.
        damaged: Whether its bytes are damaged as well.
        modules: What to load before the clock runs.
        seconds: Processor time that a case may take.
        megabytes: Memory that it may take on top of the worker's.
        weight: Share of the time, beside the others' of the group.
        writes: Whether it may write into the folder for outputs.
        must_work: Whether even a spoiled input is to give a result, since most of it is good.
        command: Whether it is a command, which may say nothing but its one sentence.
        changes: Function of two snapshots of the input that gives what may not have happened; None
            where nothing may.
    """

    group: str
    good: Callable
    use: Callable
    harms: tuple = ()
    damaged: bool = True
    modules: tuple = ()
    seconds: float = 10
    megabytes: int = 500
    weight: float = 1
    writes: bool = False
    must_work: bool = False
    command: bool = False
    changes: Callable | None = None

    def load(self):
        for module in self.modules:
            importlib.import_module(module)


def is_own(error):
    """Whether an error is one of the project's own."""
    return any(
        each.__name__ in ("DataError", "ModelError", "LessonError")
        and each.__module__.partition(".")[0] in ("datasets", "models", "tutorials")
        for each in type(error).__mro__
    )


def library(group, good, function, *arguments, **settings):
    """A target that is a function of the project which takes a path first, by its full name."""
    module, _, name = function.rpartition(".")

    def use(path, _):
        getattr(importlib.import_module(module), name)(path, *arguments)

    return Target(group, good, use, modules=(module,), **settings)


def _locate_and_load(path, _):
    from datasets import photos

    photos.check(photos.locate(path), 24, progress=False)


PHOTOS = "datasets.photos"
TARGETS = {
    # A photo may have 179 million pixels, each of which takes up to 3 + 4 bytes on the way
    "image": library(
        "data", images.one_image, f"{PHOTOS}.read_photo", harms=images.ONE, megabytes=2500, seconds=20
    ),
    "digit": library(
        "data", images.one_image, "datasets.digits.read_image", harms=images.ONE, megabytes=5000, seconds=30,
        weight=0.5,
    ),
    "photo folder": Target(
        "data", images.folder_of_photos, _locate_and_load, images.FOLDER, False, (PHOTOS,),
        megabytes=2500, seconds=30, must_work=True,
    ),
    "photo archive": Target(
        "data", archives.good("photos"), _locate_and_load, archives.HARMS, modules=(PHOTOS,), megabytes=1000
    ),
    "photo table": Target("data", tables.photos, _locate_and_load, tables.HARMS, modules=(PHOTOS,)),
    "text archive": library(
        "data", archives.good("texts"), "datasets.reviews.load_data", harms=archives.HARMS, megabytes=1000
    ),
    "archived table": library(
        "data", archives.good("table"), "datasets.reviews.load_data", harms=archives.HARMS, megabytes=1000
    ),
    "text table": library("data", tables.texts, "datasets.reviews.load_data", harms=tables.HARMS, weight=1.5),
    "texts": library("data", tables.texts, "datasets.reviews.read_texts", harms=tables.HARMS),
    "sound": library("data", sounds.one_sound, "datasets.tones.read_sound", harms=sounds.HARMS),
    "sound folder": library(
        "data", sounds.folder_of_sounds, "datasets.tones.load_data", harms=sounds.HARMS, weight=0.5
    ),
    "digit files": library("data", digit_files.good, "datasets.digits.load_data", harms=digit_files.HARMS),
    **planted.targets(Target),
}  # fmt: skip
