"""With how many bits a model answers."""

import keras


def output_dtype():
    """The dtype of a classifier's last layer: float32 in mixed precision, since 16 bits round probabilities.

    Returns:
        "float32", or None for what `keras.config.dtype_policy` says, where that is not 16 bits.

    Example:
        >>> output_dtype()
        >>> keras.config.set_dtype_policy("mixed_bfloat16")
        >>> output_dtype()
        'float32'
        >>> keras.config.set_dtype_policy("float32")
    """
    return "float32" if keras.config.dtype_policy().compute_dtype in ("float16", "bfloat16") else None
