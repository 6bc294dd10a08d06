"""Grid worlds: where steps lead, how often, and with which reward, against counts by hand and by walking."""

import numpy as np
import pytest

from datasets import DataError
from datasets.generated import grid_worlds
from datasets.generated.grid_worlds import ACTIONS, ROOMS, TEXTBOOK, GridWorld


def where(world, row, column):
    return int(np.flatnonzero((world.cells == (row, column)).all(1))[0])


def test_a_corner_by_hand():
    """Up in the lower left corner: 0.8 up, 0.1 against the border, 0.1 to the right."""
    world = GridWorld(TEXTBOOK, slip=0.2, step_reward=-0.04)
    corner, up, right = (where(world, *cell) for cell in ((2, 0), (1, 0), (2, 1)))
    row = world.transitions[corner, ACTIONS.index("up")]
    assert row[[corner, up, right]] == pytest.approx([0.1, 0.8, 0.1]) and row.sum() == pytest.approx(1)
    beside_the_pit = world.rewards[where(world, 1, 2), ACTIONS.index("up")]
    assert beside_the_pit == pytest.approx(-0.04 + 0.1 * -1)


def test_a_step_into_a_wall_or_out_of_the_world_stays():
    world = GridWorld(("+..", ".#."), slip=0, step_reward=0)
    cells = [where(world, 0, 1), where(world, 1, 0), where(world, 0, 2), where(world, 1, 2)]
    actions = [ACTIONS.index(name) for name in ("down", "right", "up", "right")]
    to, rewards, terminated = world.step(cells, actions, np.random.default_rng(0))
    assert to.tolist() == cells and not rewards.any() and not terminated.any()


def test_probabilities_add_up_to_less_than_1_only_beside_an_end():
    world = GridWorld(ROOMS)
    total = world.transitions.sum(2)
    grid = np.array([list(row) for row in ROOMS])
    for cell, sums in zip(world.cells, total, strict=True):
        around = [cell + move for move in grid_worlds.MOVES]
        ends = any((at >= 0).all() and (at < grid.shape).all() and grid[tuple(at)] in "+-" for at in around)
        assert (sums.min() < 1 - 1e-9) == ends


def test_frequencies_of_walking_are_the_probabilities():
    world, random = GridWorld(ROOMS, slip=0.3, step_reward=-0.1), np.random.default_rng(0)
    tries, shape = 4000, world.rewards.shape
    cells, actions = (np.repeat(part.ravel(), tries) for part in np.indices(shape))
    to, rewards, terminated = world.step(cells, actions, random)
    counted = np.zeros(world.transitions.shape)
    np.add.at(counted, (cells[~terminated], actions[~terminated], to[~terminated]), 1 / tries)
    np.testing.assert_allclose(counted, world.transitions, atol=0.04)
    np.testing.assert_allclose(rewards.reshape(*shape, tries).mean(2), world.rewards, atol=0.06)
    assert (to[terminated] == -1).all()


def test_coordinates_reach_from_minus_1_to_1():
    world = GridWorld(ROOMS)
    places = world.coordinates(np.arange(len(world.cells)))
    assert places.dtype == np.float32 and places.min() == -1 and places.max() == 1
    assert len(np.unique(places, axis=0)) == len(world.cells) == sum(row.count(".") for row in ROOMS)


@pytest.mark.parametrize("rows", [("..", "."), ("..",), ("#+",), (".x+",), ("##",)])
def test_what_is_no_world_is_refused(rows):
    with pytest.raises(DataError, match="rows= must be texts"):
        GridWorld(rows)


def test_a_slip_is_a_probability():
    with pytest.raises(DataError, match="slip= must be from 0 to 1, not 1.5"):
        GridWorld(slip=1.5)
    assert str(grid_worlds.locate()) == "generated"
