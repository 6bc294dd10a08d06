"""Balance a pole on a cart, in gymnasium's CartPole-v1, with the training steps of the grid world."""

from tutorials.lesson.command import LessonError

import keras
import numpy as np

from datasets.sources import Source
from models import QNetwork
from models.compiled import compiled
from tutorials.figures.grid_worlds import returns
from tutorials.lesson.parts.q_learning import ReplayBuffer, Transitions, Updates

ENVIRONMENTS = 8  # that are stepped at once
STEPS = 50_000  # of all environments together
LEARNING_STARTS = 1_000
EVERY, UPDATES, BATCH = 256, 128, 64  # steps between two bursts, training steps of a burst, their batch
EVALUATION, TEST = 50, 100  # episodes
# Which seeds evaluation and test episodes begin with: far apart, so that no test episode chooses a checkpoint
EVALUATION_SEED, TEST_SEED = 1_000_000, 2_000_000


def load_gymnasium():
    """Import gymnasium, which is no requirement of this project.

    Returns:
        The module `gymnasium`.

    Raises:
        LessonError: If it is not installed; says how to install it.
    """
    try:
        import gymnasium
    except ImportError:
        raise LessonError(
            "--environment cartpole needs gymnasium: run `pip install gymnasium`, or leave it out."
        ) from None
    return gymnasium


def environments(count):
    """So many CartPole-v1 in one, stepped together in NumPy."""
    return load_gymnasium().make_vec("CartPole-v1", count, vectorization_mode="vector_entry_point")


def play(policy, episodes, seed):
    """Play episodes with a policy, all at the same time.

    Args:
        policy: Function of states (n, 4) to actions (n,): 0 pushes to the left, 1 to the right.
        episodes: How many.
        seed: Seed of their initial states.

    Returns:
        The return of each, (episodes,): for how many steps the pole stood, at most 500.
    """
    worlds = environments(episodes)
    states, _ = worlds.reset(seed=seed)
    stood, standing = np.zeros(episodes), np.ones(episodes, bool)
    while standing.any():
        states, _, terminated, truncated, _ = worlds.step(policy(states))
        stood += standing
        standing &= ~(terminated | truncated)
    return stood


def hand_written(states):
    """Push towards the side on which the pole leans."""
    return (states[:, 2] > 0).astype(int)


def with_velocity(states):
    """Push towards the side on which the pole will lean: angle plus angular velocity."""
    return (states[:, 2] + states[:, 3] > 0).astype(int)


class Training:
    """One run of deep Q-learning in CartPole.

    Args:
        seed: Seed of weights, steps and batches.
        steps: Steps of all environments together.
    """

    def __init__(self, seed, steps=STEPS):
        keras.utils.set_random_seed(seed)
        self.seed, self.steps = seed, steps
        self.random = np.random.default_rng(seed)
        self.network = QNetwork(4, 2, (256, 256), name="cart_pole")
        target = QNetwork(4, 2, (256, 256), name="target")
        schedule = keras.optimizers.schedules.PolynomialDecay(1e-3, max(1, steps // EVERY * UPDATES), 0)
        optimizer = keras.optimizers.Adam(schedule, global_clipnorm=10)
        self.network.compile(optimizer, keras.losses.Huber(reduction=None))
        self.updates = Updates(self.network, target, discount=0.99, compile_with_xla=False)
        network = self.network
        self.best_action = compiled(lambda x: keras.ops.argmax(network(x), axis=1), network.variables)
        self.buffer = ReplayBuffer(100_000, 4, seed)

    def policy(self, states):
        """The action with the highest value."""
        return keras.ops.convert_to_numpy(self.best_action(states))

    def fit(self):
        """Learn, and keep the weights that do best in evaluation episodes.

        Learning ends early where all of these last for 500 steps at two evaluations in a row.

        Returns:
            (steps, mean returns, steps of the kept weights): of all evaluations.
        """
        worlds = environments(ENVIRONMENTS)
        states, _ = worlds.reset(seed=self.seed)
        over = np.zeros(ENVIRONMENTS, bool)
        evaluations, best = {}, (-1, None, 0)
        for step in range(0, self.steps, ENVIRONMENTS):
            exploration = max(0.04, 1 - 0.96 * step / (0.16 * self.steps))
            explores = self.random.random(ENVIRONMENTS) < exploration
            actions = np.where(explores, self.random.integers(0, 2, ENVIRONMENTS), self.policy(states))
            following, rewards, terminated, truncated, _ = worlds.step(actions)
            # After an episode is over, the next step only resets its environment, and teaches nothing
            taken = Transitions(states, actions, rewards, following, terminated)
            self.buffer.add(Transitions(*(part[~over] for part in taken)))
            states, over = following, terminated | truncated
            if step % EVERY or step < min(LEARNING_STARTS, self.steps // 4):
                continue
            self.updates.take_over()
            self.updates(self.buffer.sample(UPDATES, BATCH))
            if step // EVERY % 5 == 4 or step + EVERY >= self.steps:
                mean = play(self.policy, EVALUATION, EVALUATION_SEED + self.seed).mean()
                evaluations[step] = mean
                if mean >= best[0]:
                    best = mean, self.network.get_weights(), step
                if [*evaluations.values()][-2:] == [500, 500]:
                    break
        self.network.set_weights(best[1])
        return [*evaluations], [*evaluations.values()], best[2]


def balance_a_pole(report, seed, quick):
    """Train in CartPole, test the chosen weights in other episodes, and close the lesson's report.

    Args:
        report: The lesson's `Report`.
        seed: Random seed.
        quick: Whether to take only some steps.

    Returns:
        The `Outcome` of the run.

    Raises:
        LessonError: If gymnasium is not installed.
    """
    load_gymnasium()
    random = np.random.default_rng(seed)
    training = Training(seed, 1024 if quick else STEPS)
    evaluations = training.fit()
    policies = {
        "random": lambda states: random.integers(0, 2, len(states)),
        "push where\nit leans": hand_written,
        "angle + angular\nvelocity": with_velocity,
        "network": training.policy,
    }
    tests = {name: play(policy, TEST, TEST_SEED + seed) for name, policy in policies.items()}
    means = dict(
        zip(("random", "hand_written", "with_velocity", "network"), map(np.mean, tests.values()), strict=True)
    )
    said = (
        f"In {TEST} test episodes the network balances the pole for {means['network']:.0f} steps on average, "
        f"a random policy for {means['random']:.0f},\na rule by angle for {means['hand_written']:.0f}, "
        f"and one by angle and angular velocity for {means['with_velocity']:.0f}"
    )
    report.figure("cart_pole", returns(evaluations, tests, said))
    return report.close(
        Source("cartpole"),
        examples=min(evaluations[0][-1], training.steps),
        finding=f"{said}.".replace("\n", " "),
        parameters=training.network.count_params(),
        test_return=means["network"],
        lowest_test_return=tests["network"].min(),
        random_return=means["random"],
        hand_written_return=means["hand_written"],
        with_velocity_return=means["with_velocity"],
        chosen_after_steps=int(evaluations[2]),
    )
