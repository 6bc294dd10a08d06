"""Exact values of tasks whose probabilities are known: what a Q-network should come to."""

import numpy as np

from .errors import ModelError


def value_iteration(transitions, rewards, discount, tolerance=1e-12):
    """The value of each action in each state, if all later actions are the best ones.

    Applies Bellman's equation, Q(s, a) = r(s, a) + discount * sum over s' of p(s' | s, a) max Q(s', ·), until
    nothing changes any more.

    Args:
        transitions: Array (states, actions, states) of probabilities p(s' | s, a). What is missing to 1 is
            the probability that the episode ends.
        rewards: Array (states, actions) of expected rewards.
        discount: What a reward one step later is worth, from 0 to 1; 1 only if every episode ends.
        tolerance: The largest change of a value at which it stops.

    Returns:
        Q, float64 (states, actions).

    Raises:
        ModelError: If the shapes do not fit, the probabilities are none, or the values do not settle.

    Reference:
        Bellman, Dynamic programming, 1957.

    Example:
        >>> import numpy as np
        >>> from models.value_iteration import value_iteration
        >>> on = np.array([[[0.0, 1.0]], [[0.0, 0.0]]])  # from state 0 to state 1, and there to the end
        >>> value_iteration(on, [[0.0], [1.0]], 0.9).tolist()
        [[0.9], [1.0]]
    """
    transitions, rewards = _checked(transitions, rewards, discount)
    values = np.zeros_like(rewards)
    for _ in range(100_000):
        before, values = values, rewards + discount * transitions @ values.max(1)
        if np.abs(values - before).max() <= tolerance:
            return values
    raise ModelError(
        "The values do not settle; with discount= below 1, or where every episode ends, they would."
    )


def policy_value(transitions, rewards, discount, policy):
    """The value of each state under a policy, as the solution of linear equations.

    Args:
        transitions, rewards, discount: As for `value_iteration`.
        policy: Array (states, actions) of the probabilities of the actions.

    Returns:
        V, float64 (states,).

    Raises:
        ModelError: If the shapes do not fit, or the policy never ends and nothing is discounted.

    Example:
        >>> import numpy as np
        >>> from models.value_iteration import policy_value
        >>> stays_or_ends = np.array([[[1.0], [0.0]]])  # one state, two actions
        >>> policy_value(stays_or_ends, [[0.0, 1.0]], 0.5, [[0.5, 0.5]]).round(3).tolist()
        [0.667]
    """
    transitions, rewards = _checked(transitions, rewards, discount)
    policy = np.asarray(policy, float)
    if policy.shape != rewards.shape:
        raise ModelError(f"policy= must have the shape of rewards=, {rewards.shape}, not {policy.shape}.")
    moves = np.einsum("sa,sat->st", policy, transitions)
    try:
        return np.linalg.solve(np.eye(len(moves)) - discount * moves, (policy * rewards).sum(1))
    except np.linalg.LinAlgError:
        raise ModelError("This policy never ends, so its value needs discount= below 1.") from None


def _checked(transitions, rewards, discount):
    transitions, rewards = np.asarray(transitions, float), np.asarray(rewards, float)
    if rewards.ndim != 2 or transitions.shape != (*rewards.shape, len(rewards)):
        raise ModelError(
            "transitions= must be (states, actions, states) and rewards= (states, actions), "
            f"not {transitions.shape} and {rewards.shape}."
        )
    if (transitions < 0).any() or (transitions.sum(-1) > 1 + 1e-9).any():
        raise ModelError("transitions= must hold probabilities that add up to at most 1 by state and action.")
    if not 0 <= discount <= 1:
        raise ModelError(f"discount= must be from 0 to 1, not {discount}.")
    return transitions, rewards
