"""The table of what is attacked. A new loader is one more line in it."""

import importlib
from collections.abc import Callable
from dataclasses import dataclass

from fuzzing import (
    archives,
    clips,
    digit_files,
    folders,
    images,
    keras_files,
    planted,
    sounds,
    tables,
    vectors,
    weights,
)


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
        writes: Where it may write: "outputs", "input", or "" for nowhere.
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
    writes: str = ""
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
    from datasets import Photos

    Photos.check(path, 24)


def _check_shards(path, _):
    from datasets import Photos

    Photos.check(path.parent, 24)


def _check_texts(path, _):
    from datasets import Texts

    Texts.check(path)


def _check_labels(path, _):
    from datasets import MultiLabelPhotos

    MultiLabelPhotos.check(path, 24)


def safely(use):
    """The same, and afterwards Keras is as it was: no model may have switched its safe mode off."""

    def use_and_look(path, outputs):
        import keras
        from keras.src.saving import serialization_lib

        try:
            use(path, outputs)
        finally:
            safe = serialization_lib.in_safe_mode()
            keras.backend.clear_session()  # which also switches it on again
            assert safe is not False, "Keras's safe mode is switched off"

    return use_and_look


def _digit_weights(path, _):
    import models

    weights.check(models.ConvNet(**weights.DIGITS, weights=path))


def _backbone_weights(path, _):
    from models.pretrained.backbones import Backbone

    name, size = weights.BACKBONE
    weights.check(Backbone(name, path, size))


def _image_model(path, _):
    from tutorials.lesson.parts.image_models import load_image_model

    keras_files.check(load_image_model(path).model)


def _predict(path, _):
    from tutorials.predict import main

    main(path, folders.inputs(path))


def _look_inside(path, outputs):
    from tutorials.look_inside import main

    main(load=str(path), data=str(path.parent / "photos"), quick=True, outputs=outputs)


def _report(path, _):
    folders.report(path.parent, path)


PHOTOS = "datasets.photos"
ARCHIVE = {"harms": archives.HARMS, "megabytes": 1000, "seconds": 5}
TARGETS = {
    # A photo may have 179 million pixels, each of which takes up to 3 + 4 bytes on the way
    "image": library(
        "data", images.one_image, f"{PHOTOS}.read_photo", harms=images.ONE, megabytes=2500, seconds=20
    ),
    "digit": library(
        "data", images.one_digit, "datasets.digits.read_image", harms=images.ONE, megabytes=5000, seconds=30,
        weight=0.5,
    ),
    "photo folder": Target(
        "data", images.folder_of_photos, _locate_and_load, images.FOLDER, False, (PHOTOS,),
        megabytes=2500, seconds=30, must_work=True,
    ),
    "photo archive": Target(
        "data", archives.good("photos"), _locate_and_load, modules=(PHOTOS,), **ARCHIVE
    ),
    "tar files": Target("data", archives.shards, _check_shards, modules=(PHOTOS,), **ARCHIVE),
    "photo table": Target("data", tables.photos, _locate_and_load, tables.HARMS, modules=(PHOTOS,)),
    "label table": Target("data", tables.labels, _check_labels, tables.HARMS, modules=(PHOTOS,)),
    "text archive": library(
        "data", archives.good("texts"), "datasets.reviews.load_data", **ARCHIVE
    ),
    "archived table": library(
        "data", archives.good("table"), "datasets.reviews.load_data", **ARCHIVE
    ),
    "text table": library("data", tables.texts, "datasets.reviews.load_data", harms=tables.HARMS, weight=1.5),
    "texts": library("data", tables.texts, "datasets.texts.reading.read_texts", harms=tables.HARMS),
    "checked texts": Target("data", tables.texts, _check_texts, tables.HARMS, modules=("datasets.texts",)),
    "text lines": Target("data", tables.text_lines, _check_texts, tables.HARMS, modules=("datasets.texts",)),
    "packed table": Target(
        "data", tables.packed_texts, _check_texts, modules=("datasets.texts",), megabytes=1000
    ),
    "sound": library("data", sounds.one_sound, "datasets.tones.read_sound", harms=sounds.HARMS),
    "sound folder": library(
        "data", sounds.folder_of_sounds, "datasets.tones.load_data", harms=sounds.HARMS, weight=0.5
    ),
    "clip": library("data", clips.one_clip, "datasets.videos.read_clip", weight=0.5),
    "digit files": library("data", digit_files.good, "datasets.digits.load_data", harms=digit_files.HARMS),
    "digit weights": Target(
        "models", weights.good("digits"), safely(_digit_weights), weights.HARMS,
        modules=("models.convnets",), weight=2,
    ),
    "backbone weights": Target(
        "models", weights.good("backbone"), safely(_backbone_weights), weights.HARMS,
        modules=("models.pretrained.backbones",), weight=3,
    ),
    "word vectors": library(
        "models", vectors.good, "models.word_vectors.files.load_word_vectors", harms=vectors.HARMS
    ),
    "image model": Target(
        "models", keras_files.good("digits", "photos"), safely(_image_model), keras_files.HARMS,
        modules=("tutorials.lesson.parts.image_models",), megabytes=1000, weight=3,
    ),
    "predict": Target(
        "models", folders.good(*folders.LESSONS), safely(_predict), folders.HARMS,
        modules=("tutorials.predict",), megabytes=1000, command=True, weight=4,
    ),
    "earlier run": Target(
        "models", folders.earlier_run, _report, folders.EARLIER, False, modules=("tutorials.digits",),
        writes="input", changes=folders.lost, command=True,
    ),
    "look inside": Target(
        "models", folders.photos_and_results, safely(_look_inside), folders.HARMS,
        modules=("tutorials.look_inside",), seconds=60, megabytes=1500, writes="outputs", command=True,
        weight=2,
    ),
    **planted.targets(Target),
}  # fmt: skip
