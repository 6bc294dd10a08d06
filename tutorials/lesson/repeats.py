"""Train the same network several times, to see whether a difference is more than chance."""

import keras


def start_afresh(network, untrained):
    """Reset a compiled network, as if it had never been trained.

    Compiling a small network takes longer than training it; so it is compiled once and trained from many
    initializations.

    Args:
        network: A compiled model, whose learning rate is a schedule; its weights and the state of its
            optimizer are overwritten.
        untrained: The same model, newly built: the weights to start from.
    """
    network.set_weights(untrained.get_weights())
    for variable in network.optimizer.variables:
        variable.assign(keras.ops.zeros(variable.shape, variable.dtype))
