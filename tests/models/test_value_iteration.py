"""Exact values: a textbook's table, linear programming, and the mean of many episodes."""

import numpy as np
import pytest
from scipy.optimize import linprog

from datasets.generated.grid_worlds import ROOMS, TEXTBOOK, GridWorld
from models import ModelError
from models.value_iteration import policy_value, value_iteration


def test_the_textbooks_utilities():
    """Russell and Norvig, Artificial Intelligence, figure 17.3: the 4 x 3 world, undiscounted."""
    world = GridWorld(TEXTBOOK, slip=0.2, step_reward=-0.04)
    values = value_iteration(world.transitions, world.rewards, 1).max(1)
    printed = [0.812, 0.868, 0.918, 0.762, 0.660, 0.705, 0.655, 0.611, 0.388]
    np.testing.assert_allclose(values, printed, atol=6e-4)


def test_linear_programming_gives_the_same_values():
    """V is the smallest that is nowhere below r + discount * p V (Puterman, Markov decision processes)."""
    world = GridWorld(ROOMS, slip=0.2, step_reward=0)
    states = len(world.cells)
    above = np.concatenate([0.95 * world.transitions[:, a] - np.eye(states) for a in range(4)])
    found = linprog(np.ones(states), above, -np.concatenate([*world.rewards.T]), bounds=(None, None))
    exact = value_iteration(world.transitions, world.rewards, 0.95).max(1)
    np.testing.assert_allclose(found.x, exact, atol=1e-6)


def test_the_value_of_a_policy_is_the_mean_return_of_its_episodes():
    world, random = GridWorld(ROOMS, slip=0.2, step_reward=-0.01), np.random.default_rng(1)
    policy = random.dirichlet(np.ones(4), len(world.cells))
    cells = np.repeat(np.arange(len(world.cells)), 2000)
    start, returns, worth = cells.copy(), np.zeros(len(cells)), 1.0
    walking = np.ones(len(cells), bool)
    for _ in range(150):
        actions = (random.random(len(cells))[:, None] > policy[cells].cumsum(1)[:, :3]).sum(1)
        to, rewards, ended = world.step(cells, actions, random)
        returns += worth * rewards * walking
        walking &= ~ended
        cells, worth = np.where(ended, 0, to), worth * 0.9
    counted = np.bincount(start, returns) / 2000
    exact = policy_value(world.transitions, world.rewards, 0.9, policy)
    np.testing.assert_allclose(counted, exact, atol=0.06)


def test_the_best_policy_has_the_values_of_value_iteration():
    world = GridWorld(ROOMS)
    values = value_iteration(world.transitions, world.rewards, 0.95)
    best = policy_value(world.transitions, world.rewards, 0.95, np.eye(4)[values.argmax(1)])
    np.testing.assert_allclose(best, values.max(1), atol=1e-9)


STAYS, ONE = np.ones((1, 1, 1)), [[1.0]]


@pytest.mark.parametrize(
    ("function", "arguments", "said"),
    [
        (
            value_iteration,
            (np.ones((2, 1, 1)), ONE, 0.5),
            r"transitions= must be \(states, actions, states\)",
        ),
        (value_iteration, (2 * STAYS, ONE, 0.5), "add up to at most 1"),
        (value_iteration, (-STAYS, ONE, 0.5), "must hold probabilities"),
        (value_iteration, (STAYS, ONE, 1.5), "discount= must be from 0 to 1, not 1.5"),
        (value_iteration, (STAYS, ONE, 1), "do not settle"),
        (policy_value, (STAYS, ONE, 1, ONE), "never ends"),
        (policy_value, (STAYS, ONE, 0.5, [1.0]), "policy= must have the shape"),
    ],
)
def test_what_has_no_value_is_refused(function, arguments, said):
    with pytest.raises(ModelError, match=said):
        function(*arguments)
