"""Worlds of square cells in which every probability is known: tasks of reinforcement learning."""

import numpy as np

from ..sources import DataError, Source

ACTIONS = ("up", "right", "down", "left")
MOVES = np.array([(-1, 0), (0, 1), (1, 0), (0, -1)])  # (rows, columns) of each action

# "." a free cell, "#" a wall, "+" the goal, "-" a pit
TEXTBOOK = ("...+", ".#.-", "....")  # Russell and Norvig, Artificial Intelligence, chapter on decisions
ROOMS = (
    "...#...+",
    ".#.#.#.-",
    ".#...#..",
    "...#.-..",
    ".#.#..#.",
    ".#......",
)


class GridWorld:
    """An agent walks from cell to cell, and now and then slips to one side.

    A step against a wall or the border leaves it where it is. The episode ends at the goal, with a reward of
    1, and in a pit, with one of -1; each step adds `step_reward`. Free cells are numbered row by row.

    Args:
        rows: Texts of one length: "." a free cell, "#" a wall, "+" a goal, "-" a pit.
        slip: Probability that a step goes to the left or to the right of what was meant, half each.
        step_reward: What each step adds.

    Attributes:
        shape: (rows, columns).
        cells: Integers (free cells, 2): row and column of each.
        transitions: Floats (cells, 4, cells): the probability of each next cell, by cell and action. What is
            missing to 1 is the probability that the episode ends.
        rewards: Floats (cells, 4): the expected reward, by cell and action.

    Raises:
        DataError: If the rows are no such texts or have no free cell or no end, or slip is no probability.

    Example:
        >>> from datasets.generated.grid_worlds import TEXTBOOK, GridWorld
        >>> world = GridWorld(TEXTBOOK)
        >>> world.shape, world.transitions.shape
        ((3, 4), (9, 4, 9))
        >>> world.rewards[2].round(2).tolist()  # beside the goal: up, right, down, left
        [0.06, 0.76, 0.06, -0.04]
    """

    def __init__(self, rows=ROOMS, slip=0.2, step_reward=-0.04):
        symbols = {symbol for row in rows for symbol in row}
        if len({len(row) for row in rows}) != 1 or not {"."} < symbols - {"#"} <= set(".+-"):
            raise DataError(
                'rows= must be texts of one length of ".", "#", "+" and "-", a free cell and a goal or pit.'
            )
        if not 0 <= slip <= 1:
            raise DataError(f"slip= must be from 0 to 1, not {slip}.")
        grid = np.array([list(row) for row in rows])
        self.shape = grid.shape
        self.slip = slip
        self.cells = np.argwhere(grid == ".")
        number = np.full(grid.shape, -1)  # of each cell; -1 for one where the episode ends
        number[tuple(self.cells.T)] = np.arange(len(self.cells))
        to = self.cells[:, None] + MOVES  # (cells, 4, 2)
        inside = ((to >= 0) & (to < grid.shape)).all(-1)
        to = np.where(inside[..., None], to, self.cells[:, None])
        walls = grid[to[..., 0], to[..., 1]] == "#"
        to = np.where(walls[..., None], self.cells[:, None], to)
        symbol = grid[to[..., 0], to[..., 1]]
        self._next = number[to[..., 0], to[..., 1]]  # (cells, 4): where a step in each direction leads
        self._reward = step_reward + (symbol == "+") * 1.0 - (symbol == "-") * 1.0
        self.transitions, self.rewards = self._model()

    def _model(self):
        """Probabilities and expected rewards by cell and action, from where each direction leads."""
        transitions = np.zeros((len(self.cells), 4, len(self.cells)))
        rewards = np.zeros((len(self.cells), 4))
        for turn, probability in ((0, 1 - self.slip), (1, self.slip / 2), (3, self.slip / 2)):
            for action in range(4):
                to, goes_on = self._next[:, (action + turn) % 4], self._next[:, (action + turn) % 4] >= 0
                np.add.at(transitions, (np.flatnonzero(goes_on), action, to[goes_on]), probability)
                rewards[:, action] += probability * self._reward[:, (action + turn) % 4]
        return transitions, rewards

    def step(self, cells, actions, random):
        """Take a step in as many worlds as there are cells.

        Args:
            cells: Where the agents stand, integers (n,).
            actions: What they do, integers (n,), 0 to 3 as in `ACTIONS`.
            random: NumPy random generator.

        Returns:
            (next cells, rewards, terminated), each (n,); where an episode has ended, the next cell is -1.

        Example:
            >>> import numpy as np
            >>> from datasets.generated.grid_worlds import TEXTBOOK, GridWorld
            >>> world = GridWorld(TEXTBOOK, slip=0)
            >>> to, rewards, terminated = world.step([0, 2], [1, 1], np.random.default_rng(0))
            >>> to.tolist(), rewards.tolist(), terminated.tolist()
            ([1, -1], [-0.04, 0.96], [False, True])
        """
        draw = random.random(len(cells))
        turn = np.where(draw < self.slip / 2, 1, np.where(draw < self.slip, 3, 0))
        direction = (np.asarray(actions) + turn) % 4
        to = self._next[cells, direction]
        return to, self._reward[cells, direction], to < 0

    def coordinates(self, cells):
        """Row and column of cells, from -1 to 1, as a network takes them.

        Args:
            cells: Integers (n,). For -1, the end of an episode, the result is that of the last cell.

        Returns:
            float32 (n, 2).

        Example:
            >>> from datasets.generated.grid_worlds import TEXTBOOK, GridWorld
            >>> GridWorld(TEXTBOOK).coordinates([0]).tolist()
            [[-1.0, -1.0]]
        """
        return (2 * self.cells[cells] / (np.array(self.shape) - 1) - 1).astype("float32")


def locate():
    """The `Source` of what happens in these worlds: it is generated.

    Returns:
        A `Source` without a path.

    Example:
        >>> from datasets.generated import grid_worlds
        >>> str(grid_worlds.locate())
        'generated'
    """
    return Source("generated")
