"""Which layers are models of layers themselves."""

import keras


def is_graph(layer):
    """Whether a layer is a functional or sequential model that has been built.

    Args:
        layer: Anything.

    Returns:
        True or False.

    Example:
        >>> from models import MLP
        >>> is_graph(MLP()), is_graph(keras.Sequential()), is_graph("MLP")
        (True, False, False)
    """
    return isinstance(layer, keras.Model) and bool(getattr(layer, "outputs", None))
