"""How large a page will be, before it is written."""

from ..precision import weight_bytes

TEXT_AND_SCRIPTS = 440_000  # bytes of a page without weights
COMPRESSED = {"float32": 0.93, "float16": 0.92, "int8": 0.94}  # of weights is left, as measured
IN_BASE64 = 4 / 3


def page_bytes(model, precision="float32", checkpoints=0):
    """About how many bytes a page of a model will have, without the examples.

    Args:
        model: A built Keras model.
        precision: As what weights are written: "float32", "float16" or "int8".
        checkpoints: How often weights of earlier moments are there, too.

    Returns:
        Whole number.

    Example:
        >>> from models import LeNet5
        >>> sizes = [page_bytes(LeNet5(), precision) for precision in ("float32", "float16", "int8")]
        >>> sizes == sorted(sizes, reverse=True)
        True
    """
    written = [precision, *["float16"] * checkpoints]
    compressed = sum(COMPRESSED[each] * weight_bytes(model, each) for each in written)
    return round(TEXT_AND_SCRIPTS + compressed * IN_BASE64)
