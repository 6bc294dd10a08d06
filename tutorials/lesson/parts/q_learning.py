"""Deep Q-learning: a buffer of transitions, and training steps that are compiled in bursts."""

from typing import NamedTuple

import keras
import numpy as np

from models.compiled import repeated
from models.gradients import weight_gradients
from tutorials.lesson.repeats import start_afresh


class Transitions(NamedTuple):
    """Steps of agents: each field is an array (n, ...), or (updates, batch, ...) where they are drawn.

    `ended` is 1 where nothing follows: the episode was terminated. Where it was only cut off by a time limit,
    something would have followed, and `ended` is 0.
    """

    states: np.ndarray  # (..., inputs)
    actions: np.ndarray
    rewards: np.ndarray
    next_states: np.ndarray  # (..., inputs)
    ended: np.ndarray


class ReplayBuffer:
    """The last transitions that were seen, from which batches are drawn at random.

    Args:
        capacity: Number of transitions; the oldest make room for new ones.
        inputs: Number of values that describe a state.
        seed: The same seed draws the same batches.
    """

    def __init__(self, capacity, inputs, seed=0):
        self._random = np.random.default_rng(seed)
        self._kept = Transitions(
            np.zeros((capacity, inputs), "float32"),
            np.zeros(capacity, "int32"),
            np.zeros(capacity, "float32"),
            np.zeros((capacity, inputs), "float32"),
            np.zeros(capacity, "float32"),
        )
        self._capacity, self._added = capacity, 0

    def __len__(self):
        return min(self._added, self._capacity)

    def add(self, transitions):
        """Keep `Transitions`, each field (n, ...), the oldest first; no more than the capacity."""
        where = (self._added + np.arange(len(transitions.actions))) % self._capacity
        for kept, new in zip(self._kept, transitions, strict=True):
            kept[where] = new
        self._added += len(transitions.actions)

    def sample(self, updates, batch_size):
        """Draw a batch for each update, with replacement: `Transitions`, each field (updates, batch, ...)."""
        return self._at(self._random.integers(0, len(self), (updates, batch_size)))

    def latest(self, updates, batch_size):
        """The newest transitions in their order, each once: what is left to learn from without replay."""
        where = self._added - updates * batch_size + np.arange(updates * batch_size)
        return self._at(where.reshape(updates, batch_size) % self._capacity)

    def _at(self, where):
        return Transitions(*(part[where] for part in self._kept))


class Updates:
    """Training steps of a Q-network, many in one call; compiled once, for as many runs as there are.

    Args:
        network: A Q-network, compiled with its optimizer and its loss.
        target: Another of the same shape: the target network.
        discount: What a reward one step later is worth.
        compile_with_xla: Whether XLA compiles them: pays for small layers.
    """

    def __init__(self, network, target, discount, compile_with_xla=True):
        self.network, self.target, self.discount = network, target, discount
        self._optimizer, self._loss = network.optimizer, keras.losses.get(network.loss)
        self._optimizer.build(network.trainable_variables)
        variables = [*network.variables, *target.variables, *self._optimizer.variables]
        self._updates = repeated(self._update, variables, jit_compile=compile_with_xla)

    def __call__(self, batches, target_follows=False):
        """Take a step with each batch.

        Args:
            batches: `Transitions`, each field (updates, batch, ...).
            target_follows: Whether the target network takes over the network's weights after each step, as
                if there were none.
        """
        self._updates(batches, np.float32(target_follows))

    def _update(self, states, actions, rewards, next_states, ended, target_follows):
        weights = self.network.trainable_variables
        # The target of Q(s, a): r + discount * max Q(s', ·), where the episode goes on
        following = keras.ops.max(self.target(next_states), axis=1)
        targets = rewards + self.discount * (1 - ended) * following

        def loss():
            values = keras.ops.take_along_axis(self.network(states), actions[:, None], 1)
            return keras.ops.mean(self._loss(targets[:, None], values))

        self._optimizer.apply(weight_gradients(loss, weights)[1], weights)
        for old, new in zip(self.target.trainable_variables, weights, strict=True):
            old.assign(keras.ops.where(target_follows > 0, new.value, old.value))

    def take_over(self):
        """Copy the weights of the network into the target network."""
        for old, new in zip(self.target.trainable_variables, self.network.trainable_variables, strict=True):
            old.assign(new)

    def start_afresh(self, seed):
        """Set both networks to new random weights, the same for the same seed, and reset the optimizer."""
        keras.utils.set_random_seed(seed)
        start_afresh(self.network, keras.models.clone_model(self.network))
        self.take_over()
