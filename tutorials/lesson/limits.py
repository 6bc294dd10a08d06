"""What each setting may be: a lower and an upper bound, and no more than fits in memory.

The first line of every lesson's `main` is `check_settings(locals())`: nothing has been read or written
when a setting is refused. What depends on the data and on the network is checked once they are known.
"""

import random
import types
from numbers import Integral, Real
from typing import Literal, NamedTuple, Union, get_args, get_origin, get_type_hints

from tutorials.lesson.command import LessonError

import keras

from datasets.generated import moving_shapes, x_or_o
from models.checks.arguments import shown
from models.checks.memory import memory_refusal, short_number, training_bytes

YEAR = 365 * 24 * 3600  # seconds
MOST = 10**9  # of anything that is counted; a number beyond is a slip of the keyboard


class Bounds(NamedTuple):
    """From `least` to `most`; with `open`, `least` itself is not allowed, and `most` is out of the way."""

    least: float
    most: float
    open: bool = False


BOUNDS = {
    "epochs": Bounds(0, 100_000, open=True),  # each is kept in the history, and drawn
    "steps": Bounds(0, 100_000, open=True),
    "step": Bounds(0, 1_000, open=True),
    "most": Bounds(0, 1_000, open=True),
    "repeats": Bounds(0, 1_000, open=True),
    "batch_size": Bounds(0, MOST, open=True),  # `fitting_batch` knows the data, and so the memory
    "learning_rate": Bounds(0, 1_000.0, open=True),  # beyond, no network learns anything
    "train_images": Bounds(0, MOST, open=True),  # all that there are, if they are fewer
    "train_letters": Bounds(0, MOST, open=True),
    "train_clips": Bounds(0, MOST, open=True),
    "examples": Bounds(0, MOST, open=True),
    "vocabulary_size": Bounds(0, 200_000, open=True),  # what the builders take
    "embedding_dim": Bounds(0, 4096, open=True),
    "window": Bounds(0, 64, open=True),
    "subsampling": Bounds(0, 1),
    "power": Bounds(0, 1),
    "word_pairs": Bounds(0, MOST),
    "word_dropout": Bounds(0, 0.99),
    "frames": Bounds(moving_shapes.SMALLEST_FRAMES, moving_shapes.LARGEST_FRAMES),
    "size": Bounds(moving_shapes.SMALLEST_SIZE, moving_shapes.LARGEST_SIZE),
    "noise": Bounds(0, moving_shapes.LARGEST_NOISE),
    "seconds": Bounds(0, 3_600.0, open=True),
    "hertz": Bounds(0, 1_000_000, open=True),
    "decibels": Bounds(-100, 100),
    **{knob: Bounds(0, most) for knob, most in x_or_o.LARGEST.items()},
    "image_size": Bounds(0, 10_000, open=True),  # `fitting_batch` knows the network, and so the memory
    "unfreeze": Bounds(0, 1),
    "views": Bounds(0, 10_000, open=True),
    "white": Bounds(0, 65_535.0, open=True),  # 16 bits a pixel
    "black": Bounds(-65_535.0, 65_535.0),
    "ewc": Bounds(0, 1e9),
    "search": Bounds(0, YEAR),
    "abstain": Bounds(0.001, 0.5),
    "seed": Bounds(0, 2**32 - 1),
}


# Of lessons that train several networks, each from a seed of its own, a thousand times the lesson's and on
OF_MANY_SEEDS = Bounds(0, 4_000_000)


def check_settings(settings, **least):
    """Refuse numbers that are out of their bounds, "nan" and "inf" among them.

    Args:
        settings: {name: value}, `locals()` on the first line of a lesson's `main`. What is no number
            is not looked at; None means "by default" and passes.
        **least: The least that this lesson needs of a setting, or the `Bounds` that it has here.

    Raises:
        LessonError: Names the setting, its value, and what is possible.
    """
    for name, value in settings.items():
        if isinstance(value, bool) or not isinstance(value, (int, float)):
            continue
        if name not in BOUNDS:
            continue  # it takes no number: `check_kinds` says so
        bounds, own = BOUNDS[name], least.get(name)
        if isinstance(own, Bounds):
            bounds, own = own, None
        if not bounds.open:
            if not bounds.least <= value <= bounds.most:  # "nan" is on no side of anything
                raise LessonError(
                    f"{name}= must be from {_number(bounds.least)} to {_number(bounds.most)}, "
                    f"not {short_number(value)}."
                )
            continue
        if own and not value >= own:
            raise LessonError(f"{name}= must be {own} or more, not {short_number(value)}.")
        if not value > bounds.least:
            raise LessonError(f"{name}= must be more than {bounds.least}, not {short_number(value)}.")
        if not value <= bounds.most:
            raise LessonError(f"{name}= may be at most {_number(bounds.most)}, not {short_number(value)}.")


def check_kinds(main, settings):
    """Refuse values of another kind than a setting takes, as the command line does: for calls in Python.

    Args:
        main: A lesson's main function, whose annotations tell the kinds.
        settings: {name: value}. Choices, whole numbers, numbers, and True or False are looked at; a text or
            a path may be of any kind.

    Raises:
        LessonError: Names the setting, its value, and what it takes.
    """
    for name, hint in get_type_hints(main).items():
        if name in settings and not _is_of(settings[name], hint):
            raise LessonError(f"{name}= must be {_in_words(hint)}, not {shown(settings[name])}.")


def _is_of(value, hint):
    if get_origin(hint) in (Union, types.UnionType):
        return any(_is_of(value, one) for one in get_args(hint))
    if get_origin(hint) is Literal:
        return value in get_args(hint)
    if hint is types.NoneType:
        return value is None
    if hint is bool:
        return isinstance(value, bool)
    if get_origin(hint) is tuple:
        return isinstance(value, (list, tuple)) and all(_is_of(each, get_args(hint)[0]) for each in value)
    if hint in (int, float):
        return isinstance(value, Integral if hint is int else Real) and not isinstance(value, bool)
    return True


def _in_words(hint):
    if get_origin(hint) in (Union, types.UnionType):
        return " or ".join(map(_in_words, get_args(hint)))
    if get_origin(hint) is Literal:
        return " or ".join(", ".join(f'"{choice}"' for choice in get_args(hint)).rsplit(", ", 1))
    if get_origin(hint) is tuple:
        return "numbers, as a tuple"
    known = {types.NoneType: "None", bool: "True or False", int: "a whole number", float: "a number"}
    return known.get(hint, "a text")


def check_memory(name, value, needed, power=1):
    """Refuse a setting whose memory is not there.

    Args:
        name: The setting.
        value: Its value.
        needed: Bytes that it needs, about.
        power: How the bytes grow with it: 1 for in proportion, 2 for with its square.

    Raises:
        LessonError: Names the setting, what it needs, what is free, and what would fit.
    """
    if refusal := memory_refusal(value, needed, power):
        raise LessonError(f"{name}= {refusal}")


def fitting_batch(batch_size, examples, *models, length=None, name="batch_size"):
    """The batch that training really takes: not larger than the data, and no more than fits in memory.

    Args:
        batch_size: The setting.
        examples: Number of training examples.
        *models: The networks that are trained on such batches, or functions that build them.
        length: Of the directions that they leave open, such as words; see `values_per_example`.
        name: The setting's name.

    Returns:
        An int: `batch_size`, or `examples` where these are fewer.

    Raises:
        LessonError: If there is not enough memory for a batch.
    """
    batch_size = min(batch_size, max(1, examples))
    needed = max(training_bytes(_built(model), batch_size, length) for model in models)
    check_memory(name, batch_size, needed)
    return batch_size


def _built(model):
    """A model, or what a function builds, without touching the random numbers that are drawn next."""
    if isinstance(model, keras.Model):
        return model
    state = random.getstate()  # what Keras draws the seeds of new layers from
    try:
        return model()
    finally:
        random.setstate(state)


def _number(value):
    """A bound: 4294967295 and 0.99, not 4.29497e+09."""
    return str(int(value)) if value == int(value) else f"{value:g}"
