"""Short generated sounds of five kinds, or your own WAV files: waveforms and their classes."""

import io
import math
import struct
import warnings
from pathlib import Path

import numpy as np
from scipy import signal
from scipy.io import wavfile

from .files.names import quoted, shown, shown_apart
from .sources import DataError, Source, is_results, results_in

CLASS_NAMES = ("rising", "falling", "steady", "trilled", "drum-like")
SUFFIXES = {".wav", ".wave"}
LEAST = 5  # files that a class needs, of which one is held out for the test
MAX_BYTES = 700_000_000  # of a file: more than an hour in the quality of a CD

EMBEDDED = Source("embedded", note="generated tones")


def locate(data="auto"):
    """Find sounds without reading them yet.

    Args:
        data: A folder with one folder of WAV files for each class, or with such folders under
            `train` and `test`; "auto" or "embedded" for generated sounds; or a `Source`, which is
            returned as it is.

    Returns:
        A `Source` for `load_data`.

    Raises:
        DataError: If the folder does not exist, or no class folder in it holds WAV files.

    Example:
        >>> from datasets import tones
        >>> str(tones.locate())
        'embedded'
    """
    if isinstance(data, Source):
        return data
    if str(data) in ("auto", "embedded"):
        return EMBEDDED
    folder = Path(data)
    try:
        if not folder.is_dir():
            what = "is a file, not a folder" if folder.exists() else "does not exist"
            raise DataError(
                f"{folder} {what}; name a folder that holds one folder of WAV files for each class as data=."
            )
    except OSError as error:  # such as a name that is too long
        raise DataError(
            f"{folder} cannot be read ({error.strerror}); name another folder as data=."
        ) from error
    if not any(_files_by_class(part) for part in _parts(folder) if part):
        raise DataError(
            f"{folder} has no WAV files in class folders; put those of each class into a folder of its own, "
            f"such as {folder / 'bark' / 'one.wav'}."
        )
    return Source("sounds", folder)


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
    folders = _files_by_class(_parts(source.path)[0])
    texts = shown_apart(folders)
    return tuple(texts[folder] for folder in folders)


def load_data(source="auto", train=1000, test=500, seconds=1.0, hertz=8000, decibels=10.0, seed=0):
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

    Returns:
        `(x_train, y_train), (x_test, y_test)`: waveforms float32 (n, seconds · hertz) in [-1, 1],
        and labels int64 (n,), in random order. Generated sounds are free of any licence.

    Raises:
        DataError: If a number cannot be used, a file is damaged, or there are too few classes or
            files.

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
        parts = [
            (np.stack([read_sound(file, seconds, hertz) for file in files]), np.array(labels))
            for files, labels in _split(source.path)
        ]
        where = f"sounds in {source.path}, brought to {seconds:g} s at {hertz:,} Hz"
        if results := [shown(each.name) for part in _parts(source.path) if part for each in _results(part)]:
            where += f", without {results_in(results)}"
    (x_train, y_train), (x_test, y_test) = parts
    print(f"Data: {shown(where)}; {len(x_train):,} to train on and {len(x_test):,} to test on.", flush=True)
    return (x_train, y_train), (x_test, y_test)


def read_sound(path, seconds=1.0, hertz=8000):
    """Read a WAV file of 8- to 32-bit integers or floats, with any sampling rate and number of channels.

    Channels are averaged, and the sound is resampled. A longer one is cut at its end, a shorter one
    padded with silence.

    Args:
        path: The file.
        seconds: Length to bring it to.
        hertz: Sampling rate to bring it to, in samples per second.

    Returns:
        float32 array (seconds · hertz,) in [-1, 1].

    Raises:
        DataError: If there is no such file, it is no WAV file, compressed, cut off, empty, or
            holds values that are no numbers.

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
    path, samples = Path(path), _samples(seconds, hertz)
    rate, sound = _read_wav(path)
    if not 100 <= rate <= 1_000_000:
        raise DataError(
            f"{path} says that it has {rate:,} samples a second, which is no rate of a sound; "
            "save it again with its true rate."
        )
    if not len(sound):
        raise DataError(f"{path} holds no sound, not one sample; record it again or remove it.")
    numbers = sound.dtype.kind != "f" or np.isfinite(sound).all()
    sound = sound[: math.ceil((seconds + 0.1) * rate)]  # 0.1 s more, since resampling looks past the end
    if sound.dtype.kind == "u":  # 8 bits or less: silence is 128
        sound = (sound - 128.0) / 128
    elif sound.dtype.kind == "i":
        sound = sound / 2.0 ** (8 * sound.dtype.itemsize - 1)
    sound = sound.astype("float64").reshape(len(sound), -1).mean(1)
    if not numbers or not np.isfinite(sound).all():
        raise DataError(f"{path} holds values that are not numbers; save it again or remove it.")
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


def _read_wav(path):
    """Sampling rate and samples of a WAV file, as SciPy gives them."""
    try:
        if not path.is_file():
            what = "is a folder, not a WAV file" if path.is_dir() else "does not exist"
            raise DataError(f"{path} {what}; name a WAV file.")
        size = path.stat().st_size
        with path.open("rb") as file:
            content = file.read(size + 1) if size <= MAX_BYTES else b""  # no more, even if it grows
    except PermissionError as error:
        raise DataError(f"{path} may not be read; change its permissions.") from error
    except OSError as error:
        raise DataError(f"{path} cannot be read ({error.strerror}); name another file.") from error
    if size > MAX_BYTES:
        raise DataError(
            f"{path} has {size:,} bytes where at most {MAX_BYTES:,} are taken; cut it into shorter files."
        )
    if not content:
        raise DataError(f"{path} is empty; record it again or remove it.")
    if _cut_off(content):
        raise DataError(f"{path} is cut off before its end; fetch or record it again, or remove it.")
    try:
        with warnings.catch_warnings():
            # Of parts that hold no sound, such as titles, and of bytes after the last one
            warnings.simplefilter("ignore", wavfile.WavFileWarning)
            return wavfile.read(io.BytesIO(content))
    except Exception as error:  # SciPy raises nearly anything on a damaged file
        if "Unknown wave file format" in str(error):
            raise DataError(
                f"{path} holds compressed sound, which cannot be read; "
                "convert it to plain PCM, for instance with ffmpeg -i OLD.wav NEW.wav."
            ) from error
        raise DataError(f"{path} is not a WAV file that can be read, or is damaged; replace it.") from error


def _cut_off(content):
    """Whether the header of a WAV file promises more samples than there are, which SciPy would not report."""
    order = ">" if content[:4] == b"RIFX" else "<"
    at = 12
    while content[:4] != b"RF64" and at + 8 <= len(content):
        kind, size = struct.unpack_from(f"{order}4sI", content, at)
        if kind == b"data":  # a file written to a pipe has this size, which means unknown
            return size != 0xFFFFFFFF and at + 8 + size > len(content)
        at += 8 + size + size % 2
    return False


def _parts(folder):
    """The folder of class folders to train on, and the one to test on or None."""
    train, test = folder / "train", folder / "test"
    if train.is_dir() and not any(_sounds(train)):
        return train, test if test.is_dir() else None
    return folder, None


def _sounds(folder):
    return sorted(
        file
        for file in folder.iterdir()
        if file.suffix.lower() in SUFFIXES and not file.name.startswith(".") and file.is_file()
    )


def _files_by_class(folder):
    """{class: its WAV files}, classes in alphabetical order; folders without WAV files are left out."""
    classes = sorted(each for each in folder.iterdir() if each.is_dir() and not each.name.startswith("."))
    return {each.name: files for each in classes if not is_results(each) and (files := _sounds(each))}


def _results(folder):
    """Folders that lessons made, which are no classes."""
    return sorted(each for each in folder.iterdir() if not each.name.startswith(".") and is_results(each))


def _split(folder):
    """[(files to train on, their labels), (files to test on, their labels)], each in random order."""
    from sklearn.model_selection import train_test_split
    from sklearn.utils import shuffle

    train, test = _parts(folder)
    by_class = _files_by_class(train)
    if len(by_class) < 2:
        raise DataError(
            f"{train} has WAV files of one class only, {', '.join(map(quoted, by_class))}; "
            "add a folder with those of another."
        )
    few = [f"{quoted(name)} has {len(files)}" for name, files in by_class.items() if len(files) < LEAST]
    if few:
        raise DataError(f"Each class in {train} needs {LEAST} WAV files or more; {', '.join(few)}.")
    names = [*by_class]
    pairs = [(file, label) for label, name in enumerate(names) for file in by_class[name]]
    if test is None:
        files, labels = zip(*pairs, strict=True)
        parts = train_test_split(files, labels, test_size=0.2, stratify=labels, random_state=0)
        return [(parts[0], parts[2]), (parts[1], parts[3])]
    tested = _files_by_class(test)
    if not tested or not set(tested) <= set(names):
        strange = ", ".join(map(quoted, sorted(set(tested) - set(names)))) or "no WAV files in class folders"
        raise DataError(f"{test} must hold folders of the classes in {train}; it has {strange}.")
    test_pairs = [(file, names.index(name)) for name, files in tested.items() for file in files]
    return [tuple(zip(*shuffle(part, random_state=0), strict=True)) for part in (pairs, test_pairs)]


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
