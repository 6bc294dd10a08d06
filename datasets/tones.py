"""Short generated sounds of five kinds, or your own files of sounds: waveforms and their classes."""

import math
from pathlib import Path

import numpy as np
from scipy import signal

from .files import class_folders
from .files.names import shown
from .files.sounds import SUFFIXES, first_seconds
from .sources import DataError, Source

__all__ = [
    "CLASS_NAMES",
    "SUFFIXES",
    "class_names",
    "count_files",
    "load_data",
    "locate",
    "read_audible",
    "read_sound",
]

CLASS_NAMES = ("rising", "falling", "steady", "trilled", "drum-like")
SILENCE = 1e-4  # standard deviation below which a sound is silent: 80 dB below the loudest one possible

EMBEDDED = Source("embedded", note="generated tones")


def _found(folder):
    return sorted(
        file
        for file in folder.iterdir()
        if file.suffix.lower() in SUFFIXES and not file.name.startswith(".") and file.is_file()
    )


_KIND = class_folders.Kind("sound", "WAV, FLAC, OGG or MP3", "one.wav", _found)


def locate(data="auto"):
    """Find sounds without reading them yet.

    Args:
        data: A folder with one folder of WAV, FLAC, OGG or MP3 files for each class, or with such folders
            under `train` and `test`; "auto" or "embedded" for generated sounds; or a `Source`, which is
            returned as it is.

    Returns:
        A `Source` for `load_data`.

    Raises:
        DataError: If the folder does not exist, or no class folder in it holds such files.

    Example:
        >>> from datasets import tones
        >>> str(tones.locate())
        'embedded'
    """
    if isinstance(data, Source):
        return data
    if str(data) in ("auto", "embedded"):
        return EMBEDDED
    return Source("sounds", class_folders.locate(data, _KIND))


def class_names(source="auto"):
    """The names of the classes, in the order of the labels.

    Args:
        source: What `locate` returned, or anything that `locate` takes.

    Returns:
        Tuple of str: those of your own sounds are the names of their folders, in alphabetical order.

    Raises:
        DataError: As `locate` does.

    Example:
        >>> from datasets import tones
        >>> tones.class_names()
        ('rising', 'falling', 'steady', 'trilled', 'drum-like')
    """
    source = locate(source)
    if source.path is None:
        return CLASS_NAMES
    return class_folders.class_names(source.path, _KIND)


def count_files(source="auto"):
    """How many files a folder of sounds has; 0 for generated sounds.

    Args:
        source: What `locate` returned, or anything that `locate` takes.

    Returns:
        int.

    Raises:
        DataError: As `locate` does.

    Example:
        >>> from datasets import tones
        >>> tones.count_files()
        0
    """
    source = locate(source)
    return 0 if source.path is None else class_folders.count(source.path, _KIND)


def load_data(
    source="auto", train=1000, test=500, seconds=1.0, hertz=8000, decibels=10.0, seed=0, set_aside=None
):
    """Load or generate sounds, all of the same length.

    Generated sounds are of `CLASS_NAMES`, equally often: a tone whose pitch rises, falls or stays, a
    trill between two pitches, or drum beats. Pitch, overtones, loudness, start and duration are drawn
    at random from the same distributions for all classes, so that no single frequency and no single
    moment tells the class.

    Args:
        source: What `locate` returned, or anything that `locate` takes.
        train: Number of generated sounds to train on; of your own all are used.
        test: Number of generated sounds to test on.
        seconds: Length of each sound; your own are cut there, or padded with silence.
        hertz: Sampling rate, in samples per second; your own sounds are resampled to it.
        decibels: Signal-to-noise ratio of generated sounds, from -100 to 100: ten times the base-10
            logarithm of the power of the whole sound over that of the white noise added to it.
        seed: The same seed generates the same sounds. Where your own have no folder `test`, the
            same fifth of each class is always held out.
        set_aside: A list that `(file, reason)` is appended to for each of your own sounds that is not used,
            since it is damaged, silent, or also in another class. They are printed, too.

    Returns:
        `(x_train, y_train), (x_test, y_test)`: waveforms float32 (n, seconds · hertz) in [-1, 1],
        and labels int64 (n,), in random order. Copies, which sound the same throughout, are on one side.
        Generated sounds are free of any licence.

    Raises:
        DataError: If a number cannot be used, or there are too few classes or sounds that can be used.

    Example:
        >>> from datasets import tones
        >>> (x_train, y_train), (x_test, y_test) = tones.load_data(train=20, test=10)
        Data: generated sounds of 1 s at 8,000 Hz, 10 dB above their noise; 20 to train on and 10 to test on.
        >>> x_train.shape, x_train.dtype
        ((20, 8000), dtype('float32'))
    """
    source = locate(source)
    samples = _samples(seconds, hertz)
    if source.path is None:
        if min(train, test) < 1 or not -100 <= decibels <= 100:
            raise DataError(
                "Tones need train= and test= of 1 or more and decibels= from -100 to 100, "
                f"not {train}, {test} and {decibels}."
            )
        if seconds < 0.5 or hertz < 4000:
            raise DataError(
                f"Tones need seconds= of 0.5 or more and hertz= of 4000 or more, not {seconds} and {hertz}."
            )
        random = np.random.default_rng(seed)
        parts = [_tones(random, count, samples, hertz, decibels) for count in (train, test)]
        where = f"generated sounds of {seconds:g} s at {hertz:,} Hz, {decibels:g} dB above their noise"
    else:
        parts = class_folders.read(
            source.path, _KIND, lambda file: read_audible(file, seconds, hertz), set_aside
        )
        where = f"sounds in {source.path}, brought to {seconds:g} s at {hertz:,} Hz"
        where += class_folders.left_out(source.path, _KIND)
    (x_train, y_train), (x_test, y_test) = parts
    print(f"Data: {shown(where)}; {len(x_train):,} to train on and {len(x_test):,} to test on.", flush=True)
    return (x_train, y_train), (x_test, y_test)


def read_sound(path, seconds=1.0, hertz=8000):
    """Read a file of a sound, with any sampling rate and number of channels.

    WAV files may hold 8- to 32-bit integers or floats. FLAC, OGG and MP3 files need the optional package
    soundfile. Channels are averaged, and the sound is resampled. A longer one is cut at its end, a shorter
    one padded with silence.

    Args:
        path: The file.
        seconds: Length to bring it to.
        hertz: Sampling rate to bring it to, in samples per second.

    Returns:
        float32 array (seconds · hertz,) in [-1, 1].

    Raises:
        DataError: If there is no such file, it is of another kind, cut off, empty, holds values that are
            no numbers, or soundfile is needed and not installed.

    Example:
        >>> import pathlib, tempfile
        >>> import numpy as np
        >>> from scipy.io import wavfile
        >>> from datasets import tones
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     file = pathlib.Path(folder, "half.wav")
        ...     wavfile.write(file, 4000, np.full(2000, 0.5, "float32"))  # half a second
        ...     tones.read_sound(file, seconds=1, hertz=4000)[[0, 1999, 2000]].tolist()
        [0.5, 0.5, 0.0]
    """
    return _read(Path(path), seconds, hertz)


def read_audible(path, seconds=1.0, hertz=8000):
    """Read a file of a sound as `read_sound` does, and refuse silence.

    Args:
        path, seconds, hertz: As for `read_sound`.

    Returns:
        float32 array (seconds · hertz,) in [-1, 1].

    Raises:
        DataError: As `read_sound` does; and if all samples that are used are equal, or nearly so: their
            standard deviation is below 0.0001, which is 80 decibels below the loudest sound possible.

    Example:
        >>> import pathlib, tempfile
        >>> import numpy as np
        >>> from scipy.io import wavfile
        >>> from datasets import DataError, tones
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     file = pathlib.Path(folder, "silent.wav")
        ...     wavfile.write(file, 4000, np.zeros(2000, "int16"))
        ...     try:
        ...         tones.read_audible(file)
        ...     except DataError as error:
        ...         print(str(error).partition(" ")[2])
        is silent for its first 1 s; record it again, or remove it.
    """
    return _read(Path(path), seconds, hertz, SILENCE)


def _read(path, seconds, hertz, silence=0):
    """Read a sound, resample it, and cut it or fill it up; one with a smaller deviation is refused."""
    samples = _samples(seconds, hertz)
    rate, sound = first_seconds(path, seconds)
    if np.std(sound[: math.ceil(seconds * rate)]) < silence:
        raise DataError(f"{path} is silent for its first {seconds:g} s; record it again, or remove it.")
    if rate != hertz:
        shared = math.gcd(rate, hertz)
        sound = signal.resample_poly(sound, hertz // shared, rate // shared)
    sound = sound[:samples]
    sound = sound / max(1, np.abs(sound).max())  # floats may be louder than they should
    return np.pad(sound, (0, samples - len(sound))).astype("float32")


def _samples(seconds, hertz):
    """How many samples a sound has."""
    if not 0 < seconds <= 3600 or not 100 <= hertz <= 1_000_000:
        raise DataError(
            "Sounds need seconds= of more than 0, up to 3600, and hertz= from 100 to 1000000, "
            f"not {seconds} and {hertz}."
        )
    return max(1, round(seconds * hertz))


def _tones(random, count, samples, hertz, decibels):
    """Generated sounds (count, samples) and their labels (count,)."""
    labels = random.permutation(np.arange(count) % len(CLASS_NAMES))
    sounds = np.stack([_tone(random, CLASS_NAMES[label], samples, hertz) for label in labels])
    noise = random.standard_normal(sounds.shape, dtype="float32")
    share = 10 ** (-decibels / 20) * np.sqrt((sounds**2).mean(1) / (noise**2).mean(1))
    sounds += share[:, None] * noise
    loudness = random.uniform(0.1, 1, count) / np.abs(sounds).max(1)
    return (sounds * loudness[:, None]).astype("float32"), labels


def _tone(random, kind, samples, hertz):
    """One sound without noise, float32 (samples,)."""
    length = int(random.uniform(0.5, 0.9) * samples)
    begin = random.integers(samples - length + 1)
    pitch = math.exp(random.uniform(math.log(250), math.log(1200)))
    time = np.arange(length) / hertz
    if kind == "drum-like":
        tone = _beats(random, pitch, time)
    else:
        glide = random.uniform(0.5, 1) * np.linspace(-0.5, 0.5, length)  # octaves
        # Alternately above and below; in between the pitch slides, as that of a voice does
        trill = (
            random.uniform(1, 2)
            / 12
            * np.tanh(4 * np.sin(2 * np.pi * (random.uniform(6, 10) * time + random.random())))
        )
        octaves = {"rising": glide, "falling": -glide, "steady": 0 * time, "trilled": trill}[kind]
        tone = _voice(random, pitch * 2**octaves, hertz)
        edge = np.minimum(time, time[::-1]) / 0.02  # fades in and out in 20 ms, since a sudden start clicks
        tone = tone * np.minimum(1, edge)
    return np.pad(tone, (begin, samples - length - begin)).astype("float32")


def _voice(random, pitch, hertz):
    """A tone with overtones that follows `pitch`, in hertz (n,)."""
    turns = np.cumsum(pitch) / hertz
    tone = np.zeros(len(pitch))
    for number in range(1, 6):
        strength = 1 if number == 1 else random.random() / number
        phase = random.random()
        if number * pitch.max() < hertz / 2:  # a higher tone cannot be sampled
            tone += strength * np.sin(2 * np.pi * (number * turns + phase))
    return tone


def _beats(random, pitch, time):
    """Beats that fade, each of a tone that drops to `pitch`, and a rattle."""
    gap, fade = random.uniform(0.1, 0.25), random.uniform(0.02, 0.05)  # seconds
    since = time % gap
    turns = pitch * (since + 0.01 * (1 - np.exp(-since / 0.01)))
    rattle = random.uniform(0.2, 0.6) * random.standard_normal(len(time))
    return np.exp(-since / fade) * (np.sin(2 * np.pi * turns) + rattle)
