"""Training the same network several times, to tell a difference from luck."""

import keras


def start_afresh(network, untrained):
    """Make a compiled network as if it had never been trained.

    Compiling a small network takes longer than training it; with this it is compiled once and
    trained from many beginnings.

    Args:
        network: A compiled model, whose step size is a schedule; its weights and its
            optimizer's memory are overwritten.
        untrained: The same model, just built: the weights to start from.
    """
    network.set_weights(untrained.get_weights())
    for variable in network.optimizer.variables:
        variable.assign(keras.ops.zeros_like(variable))
