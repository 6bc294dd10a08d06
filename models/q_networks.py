"""Networks of reinforcement learning: the state of a task in, a value for each action out."""

import keras
from keras import layers

from .checks.arguments import chain, check_parameters, checked, sizes, whole
from .zoo import load_weights


@checked(inputs=whole(), actions=whole(2), hidden_units=sizes(0))
def QNetwork(inputs=4, actions=2, hidden_units=(64, 64), weights=None, name="q_network"):
    """Dense layers from the numbers that describe a state to the value of each action there.

    The value of an action, Q, is the sum of all later rewards that it is expected to lead to, the more
    discounted the later they come. Nothing limits it, so the last layer is linear.

    Args:
        inputs: Number of values that describe a state, of about -1 to 1 for the best training.
        actions: Number of actions.
        hidden_units: Neurons of each hidden layer; () for none.
        weights: None for random ones, or a file.
        name: Name of the model.

    Returns:
        An uncompiled model: (batch, inputs) -> (batch, actions).

    Raises:
        ModelError: If an argument is not as described, or the weights are missing or do not fit.

    Reference:
        Mnih et al., Human-level control through deep reinforcement learning, 2015.

    Example:
        >>> from models import QNetwork
        >>> QNetwork(4, 2).count_params() == (4 + 1) * 64 + (64 + 1) * 64 + (64 + 1) * 2
        True
    """
    check_parameters("QNetwork", chain(inputs, *hidden_units, actions))
    state = keras.Input((inputs,), name="state")
    x = state
    for number, units in enumerate(hidden_units, start=1):
        x = layers.Dense(units, activation="relu", name=f"dense{number}")(x)
    return load_weights(
        keras.Model(state, layers.Dense(actions, name="values")(x), name=name), weights, "QNetwork"
    )
