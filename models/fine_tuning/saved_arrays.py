"""Arrays among the settings of a saved classifier, as text that JSON holds, and read again without trust."""

import base64
import binascii
import contextlib

import numpy as np

from ..errors import ModelError


class DamagedError(ValueError):
    """What is wrong, in a few words.

    Example:
        >>> str(DamagedError("it is none"))
        'it is none'
    """


def array_as_text(values, kind):
    """An array as text.

    Args:
        values: Array.
        kind: Its type in the file, such as "<f4".

    Returns:
        str.

    Example:
        >>> array_as_text(np.array([1.5]), "<f4")
        'AADAPw=='
    """
    return base64.b64encode(np.ascontiguousarray(values, kind).tobytes()).decode("ascii")


def text_as_array(text, name, kind, most):
    """What `array_as_text` wrote.

    Args:
        text: Anything.
        name: What it is, for the message.
        kind: As for `array_as_text`.
        most: Characters that it may have.

    Returns:
        Array (n,), finite.

    Raises:
        DamagedError: If it is no such text.

    Example:
        >>> text_as_array("AADAPw==", "scores", "<f4", most=100)
        array([1.5], dtype=float32)
    """
    if not isinstance(text, str) or len(text) > most:
        raise DamagedError(f"its {name} are too many, or none")
    content = base64.b64decode(text, validate=True)
    if len(content) % np.dtype(kind).itemsize:
        raise DamagedError(f"its {name} are cut off")
    values = np.frombuffer(content, kind)
    if not np.isfinite(values).all():
        raise DamagedError(f"its {name} are not finite")
    return values


def arrays_as_texts(owner, kinds):
    """The arrays that an object holds, as text.

    Args:
        owner: Object with an attribute for each array.
        kinds: {name of the attribute: its type in the file}.

    Returns:
        {name: str}.

    Example:
        >>> from types import SimpleNamespace
        >>> arrays_as_texts(SimpleNamespace(scores=np.array([1.5])), {"scores": "<f4"})
        {'scores': 'AADAPw=='}
    """
    return {name: array_as_text(getattr(owner, name), kind) for name, kind in kinds.items()}


def texts_as_arrays(state, kinds, most):
    """What `arrays_as_texts` wrote, from somebody who may not be trusted; other values may lie beside it.

    Args:
        state: Anything.
        kinds: As for `arrays_as_texts`.
        most: Characters that each text may have.

    Returns:
        {name: array (n,), finite}.

    Raises:
        DamagedError, KeyError: If it is none.

    Example:
        >>> texts_as_arrays({"scores": "AADAPw==", "longest": 3}, {"scores": "<f4"}, most=100)
        {'scores': array([1.5], dtype=float32)}
    """
    if not isinstance(state, dict):
        raise DamagedError("it is none")
    return {name: text_as_array(state[name], name, kind, most) for name, kind in kinds.items()}


@contextlib.contextmanager
def damaged_where(where):
    """Say of what cannot be used that the file it comes from is damaged.

    Args:
        where: Where it is from, for the message.

    Example:
        >>> try:
        ...     with damaged_where("bees.keras"):
        ...         raise DamagedError("it is none")
        ... except ModelError as error:
        ...     print(str(error)[:72])
        bees.keras is damaged: what it holds to abstain by cannot be used (it is
    """
    try:
        yield
    except (DamagedError, KeyError, TypeError, ValueError, OverflowError, binascii.Error) as error:
        what = str(error) if isinstance(error, DamagedError) else "a part is missing, or another"
        raise ModelError(
            f"{where} is damaged: what it holds to abstain by cannot be used ({what}); save the classifier "
            "again, or fetch the file again."
        ) from error
