"""Files of sounds: WAV by SciPy, FLAC, OGG and MP3 by the optional package soundfile; as mono numbers."""

import io
import math
import struct
import warnings

import numpy as np
from scipy.io import wavfile

from ..errors import DataError
from . import notices
from .contents import content_of

WAV = {".wav", ".wave"}
COMPRESSED = {".flac", ".ogg", ".oga", ".opus", ".mp3"}
SUFFIXES = WAV | COMPRESSED
MAX_BYTES = 700_000_000  # of a file: more than an hour in the quality of a CD
MAX_SECONDS = 7200  # of a compressed file, which may be small and long
MAX_CHANNELS = 64  # of a compressed file
_STARTS = {b"fLaC": "FLAC", b"OggS": "OGG", b"ID3": "MP3", b"\xff": "MP3"}
_BLOCK = 1 << 18  # samples that are decoded at once to see whether a file is complete


def first_seconds(path, seconds):
    """The beginning of a sound, its channels averaged.

    Args:
        path: The file, a `Path`.
        seconds: How much of it is needed; a tenth more is given, which resampling looks at.

    Returns:
        (samples a second, float64 array (samples,)), values in [-1, 1] but for floats that are too loud.

    Raises:
        DataError: If there is no such file, it is too large, damaged, cut off, or of no known kind, holds no
            sample or no numbers, or needs a package that is not installed.

    Example:
        >>> import pathlib, tempfile
        >>> import numpy as np
        >>> from scipy.io import wavfile
        >>> from datasets.files.sounds import first_seconds
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     file = pathlib.Path(folder, "half.wav")
        ...     wavfile.write(file, 4000, np.full((8, 2), 16384, "int16"))
        ...     first_seconds(file, 1)[1][:2].tolist()
        [0.5, 0.5]
    """
    content = content_of(
        path, MAX_BYTES, "a file of a sound", "cut it into shorter files", "record it again or remove it"
    )
    if path.suffix.lower() in COMPRESSED and not content.startswith((b"RIFF", b"RIFX", b"RF64")):
        return _compressed(path, content, seconds)
    if not content.startswith((b"RIFF", b"RIFX", b"RF64")) and path.suffix.lower() not in WAV:
        raise DataError(f"{path} is no file of a sound that can be read; convert it to WAV.")
    rate, sound = _read_wav(path, content)
    _check_rate(path, rate)
    if not len(sound):
        raise DataError(f"{path} holds no sound, not one sample; record it again or remove it.")
    numbers = sound.dtype.kind != "f" or np.isfinite(sound).all()
    sound = sound[: math.ceil((seconds + 0.1) * rate)]
    if sound.dtype.kind == "u":  # 8 bits or less: silence is 128
        sound = (sound - 128.0) / 128
    elif sound.dtype.kind == "i":
        sound = sound / 2.0 ** (8 * sound.dtype.itemsize - 1)
    sound = sound.astype("float64").reshape(len(sound), -1).mean(1)
    if not numbers or not np.isfinite(sound).all():
        raise DataError(f"{path} holds values that are not numbers; save it again or remove it.")
    return rate, sound


def _check_rate(path, rate):
    if not 100 <= rate <= 1_000_000:
        raise DataError(
            f"{path} says that it has {rate:,} samples a second, which is no rate of a sound; "
            "save it again with its true rate."
        )


def _read_wav(path, content):
    """Sampling rate and samples of a WAV file, as SciPy gives them."""
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


def _compressed(path, content, seconds):
    """As `first_seconds`, of a FLAC, OGG or MP3 file."""
    kind = next((kind for start, kind in _STARTS.items() if content.startswith(start)), None)
    if kind is None:
        raise DataError(f"{path} is no FLAC, OGG or MP3 file, or is damaged; replace it.")
    if kind == "OGG" and not _ogg_is_ended(content):
        raise DataError(f"{path} is cut off before its end; fetch or record it again, or remove it.")
    try:
        import soundfile
    except (ImportError, OSError) as error:  # its library may be missing
        raise DataError(
            f"{path} needs the package soundfile to be read; install it with pip install soundfile, or "
            "convert the file to WAV."
        ) from error
    try:
        with notices.held(), soundfile.SoundFile(io.BytesIO(content)) as file:
            rate, frames, channels = file.samplerate, file.frames, file.channels
            _check_rate(path, rate)
            if channels > MAX_CHANNELS or frames > MAX_SECONDS * rate:
                raise DataError(
                    f"{path} says that it has {channels:,} channels and {frames / rate:,.0f} seconds, where "
                    f"at most {MAX_CHANNELS} and {MAX_SECONDS:,} are taken; cut it into shorter files."
                )
            wanted = math.ceil((seconds + 0.1) * rate)
            sound, at = [], 0
            while at < frames:  # to the end, to see whether it is there; what is not needed is dropped
                block = file.read(min(_BLOCK // channels + 1, frames - at), dtype="float32", always_2d=True)
                if not len(block):
                    break
                if at < wanted:
                    sound.append(block[: wanted - at].mean(1, dtype="float64"))
                at += len(block)
    except DataError:
        raise
    except Exception as error:  # the library's own, and whatever a damaged file causes
        raise DataError(f"{path} is no {kind} file that can be read, or is damaged; replace it.") from error
    finally:
        notices.take()  # of the decoder, about what is reported here in a sentence
    if not at:
        raise DataError(f"{path} holds no sound, not one sample; record it again or remove it.")
    if at < frames:
        raise DataError(f"{path} is cut off before its end; fetch or record it again, or remove it.")
    sound = np.concatenate(sound)
    if not np.isfinite(sound).all():
        raise DataError(f"{path} holds values that are not numbers; save it again or remove it.")
    return rate, sound


def _ogg_is_ended(content):
    """Whether the last page of an OGG file is whole, and says that it is the last one."""
    at = content.rfind(b"OggS")
    if at < 0 or at + 27 > len(content):
        return False
    segments = content[at + 26]
    size = 27 + segments + sum(content[at + 27 : at + 27 + segments])
    return bool(content[at + 5] & 4) and at + size <= len(content)


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
