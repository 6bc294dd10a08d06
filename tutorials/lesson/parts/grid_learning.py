"""Q-learning in a grid world whose exact values are known: runs, and what their results are held against."""

import keras
import numpy as np

from models.value_iteration import policy_value, value_iteration
from tutorials.lesson.parts.q_learning import ReplayBuffer, Transitions

DISCOUNT = 0.95
AGENTS = 4  # that walk at the same time, each in a world of its own
BURST = 100  # training steps in one call of what is compiled
TARGET_AND_REPLAY = {
    "with both": (True, True),
    "without target network": (False, True),
    "without replay": (True, False),
    "without either": (False, False),
}


class Agents:
    """Agents that walk through a grid world at the same time; each episode starts in a random cell.

    Args:
        world: A `GridWorld`.
        time_limit: Steps after which an episode is cut off.
        random: NumPy random generator.
        agents: How many there are.
    """

    def __init__(self, world, time_limit, random, agents=AGENTS):
        self.world, self.time_limit, self.random = world, time_limit, random
        self.cells = random.integers(0, len(world.cells), agents)
        self.age = np.zeros(agents, int)

    def walk(self, values, steps, exploration, limit_ends=False):
        """Take steps: at random with the probability `exploration`, else the action with the highest value.

        Args:
            values: Q (cells, 4).
            steps: Number of steps of each agent.
            exploration: Probability of a random action.
            limit_ends: Whether an episode that the time limit cuts off counts as terminated, which is wrong.

        Returns:
            `Transitions`, each field (steps * agents, ...), in the order of the steps.
        """
        size, greedy, taken = (steps, len(self.cells)), values.argmax(1), []
        explores = self.random.random(size) < exploration
        at_random = self.random.integers(0, 4, size)
        starts = self.random.integers(0, len(self.world.cells), size)
        for step in range(steps):
            actions = np.where(explores[step], at_random[step], greedy[self.cells])
            to, rewards, terminated = self.world.step(self.cells, actions, self.random)
            self.age += 1
            over = terminated | (self.age >= self.time_limit)
            taken.append((self.cells, actions, rewards, to, over if limit_ends else terminated))
            self.cells = np.where(over, starts[step], to)
            self.age[over] = 0
        cells, actions, rewards, to, ended = (np.concatenate(part) for part in zip(*taken, strict=True))
        place = self.world.coordinates
        return Transitions(place(cells), actions, rewards, place(to), ended)


def learn(
    world, updates, seed, steps, batch_size, target=True, replay=True, exploration=0.1, time_limit=50,
    limit_ends=False,
):  # fmt: skip
    """Learn the values of a grid world from steps in it.

    Args:
        world: A `GridWorld`.
        updates: `Updates` of a Q-network for it.
        seed: Seed of weights, steps and batches.
        steps: Number of training steps, taken in bursts. Before each burst, agents take as many steps as it
            has examples.
        batch_size: Transitions per training step.
        target: Whether the target network keeps its weights during a burst.
        replay: Whether batches are drawn from the last 20,000 transitions, and not the newest in their order.
        exploration: Share of random actions in the second half; in the first it falls to this from 1.
        time_limit: Steps after which an episode is cut off.
        limit_ends: Whether that counts as an end, which is wrong.

    Returns:
        Q before the first burst and after each, (1 + bursts, cells, 4).
    """
    updates.start_afresh(seed)
    agents = Agents(world, time_limit, np.random.default_rng(seed))
    buffer = ReplayBuffer(max(20_000, BURST * batch_size), 2, seed)
    places = world.coordinates(np.arange(len(world.cells)))
    values, bursts = [keras.ops.convert_to_numpy(updates.network(places))], -(-steps // BURST)
    for burst in range(bursts):
        explores = max(exploration, 1 - 2 * (1 - exploration) * burst / bursts)
        buffer.add(agents.walk(values[-1], BURST * batch_size // AGENTS + 1, explores, limit_ends))
        batches = (buffer.sample if replay else buffer.latest)(BURST, batch_size)
        updates(batches, target_follows=not target)
        updates.take_over()
        values.append(keras.ops.convert_to_numpy(updates.network(places)))
    return np.array(values)


def cut_off_share(world, time_limit):
    """Of an agent that walks at random: how often a visit of each cell is the last before the time limit.

    Computed from the probabilities of the world, with no run: where an agent is after 0, 1, 2, … steps.

    Args:
        world: A `GridWorld`.
        time_limit: Steps after which an episode is cut off.

    Returns:
        Array (cells,).
    """
    move = world.transitions.mean(1)  # of all four actions alike
    there = [np.full(len(move), 1 / len(move))]
    for _ in range(time_limit - 1):
        there.append(there[-1] @ move)
    return there[-1] / np.sum(there, axis=0)


def values_with_limit_as_end(world, time_limit):
    """The values that Q-learning comes to where a cut-off episode counts as terminated, exactly.

    In each cell the following value is left out as often as the time limit cuts off an episode there.

    Args:
        world: A `GridWorld`.
        time_limit: Steps after which an episode is cut off.

    Returns:
        Q (cells, 4).
    """
    goes_on = 1 - cut_off_share(world, time_limit)
    return value_iteration(world.transitions * goes_on[:, None, None], world.rewards, DISCOUNT)


def mean_return(world, policy):
    """The discounted return of a policy, exactly, as the mean over all cells that an episode starts in.

    Args:
        world: A `GridWorld`.
        policy: Probabilities of the actions (cells, 4), or Q (cells, 4), whose highest action is taken.
    """
    policy = np.asarray(policy)
    if not np.allclose(policy.sum(1), 1):
        policy = np.eye(4)[policy.argmax(1)]
    return policy_value(world.transitions, world.rewards, DISCOUNT, policy).mean()


def evaluate(world, exact, histories):
    """Hold the values of all runs against the exact ones.

    Args:
        world: A `GridWorld`.
        exact: Q (cells, 4).
        histories: {setting: list of Q (1 + bursts, cells, 4), one for each seed}; "with both" is one.

    Returns:
        (errors, peaks, results): {setting: mean error (seeds, 1 + bursts)}, {setting: largest absolute value
        (seeds, 1 + bursts)}, and the lesson's results by name.
    """
    errors = {name: np.abs(np.array(runs) - exact).mean((2, 3)) for name, runs in histories.items()}
    peaks = {name: np.abs(runs).max((2, 3)) for name, runs in histories.items()}
    both, best = histories["with both"], mean_return(world, exact)
    results = {
        "value_error": errors["with both"][0, -1],
        "largest_value_error": np.abs(both[0][-1] - exact).max(),
        "untrained_value_error": errors["with both"][:, 0].mean(),
        "optimal_return": best,
        "lost_return": best - mean_return(world, both[0][-1]),
        "untrained_lost_return": best - np.mean([mean_return(world, run[0]) for run in both]),
        "random_lost_return": best - mean_return(world, np.full(exact.shape, 0.25)),
    }
    for name in histories:
        key = name.replace(" ", "_")
        results[f"{key}_error"] = errors[name][:, -1].mean()
        results[f"{key}_largest_value"] = peaks[name].max()
    return errors, peaks, results


def evaluate_limit(exact, limited, predicted):
    """Hold the values that were learned with a short time limit against the exact ones.

    Args:
        exact: Q (cells, 4).
        limited: {whether the limit counted as an end: Q (cells, 4)}.
        predicted: Q (cells, 4) that it must come to where it does, exactly.

    Returns:
        The lesson's results by name: how much too low the values of the best actions are, as a mean over
        cells, and how far those with the limit as an end are from the prediction.
    """
    off = {ends: np.abs(values.max(1) - exact.max(1)).mean() for ends, values in limited.items()}
    return {
        "truncation_value_error": off[False],
        "limit_as_end_value_error": off[True],
        "predicted_limit_as_end_value_error": np.abs(predicted.max(1) - exact.max(1)).mean(),
        "limit_as_end_prediction_error": np.abs(limited[True].max(1) - predicted.max(1)).mean(),
    }


def findings(results):
    """What the results show, a sentence for each figure.

    Args:
        results: The lesson's results by name.
    """
    largest = {name: results[f"{name.replace(' ', '_')}_largest_value"] for name in TARGET_AND_REPLAY}
    values = ", ".join(f"{value:.1f} {name}" for name, value in largest.items())
    return {
        "q_values": f"The values of the network differ from the exact ones by "
        f"{results['value_error']:.3f} on average, before training by {results['untrained_value_error']:.3f}",
        "triad": f"The largest value in training is {values};\nno return is above 1",
        "time_limit": f"A time limit counted as an end puts values off by "
        f"{results['limit_as_end_value_error']:.3f} on average (exact "
        f"calculation: {results['predicted_limit_as_end_value_error']:.3f});\ncounted as truncation, by "
        f"{results['truncation_value_error']:.3f}",
    }
