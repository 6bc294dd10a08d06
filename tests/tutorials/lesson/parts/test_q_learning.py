"""Q-learning: its buffer and its steps against NumPy, its mistake about time limits against counting."""

import importlib.util

from tutorials.lesson.command import LessonError

import keras
import numpy as np
import pytest

from datasets.generated.grid_worlds import ROOMS, GridWorld
from models import QNetwork
from models.value_iteration import value_iteration
from tutorials.lesson.parts import cart_pole
from tutorials.lesson.parts.grid_learning import (
    DISCOUNT,
    Agents,
    cut_off_share,
    learn,
    mean_return,
    values_with_limit_as_end,
)
from tutorials.lesson.parts.q_learning import ReplayBuffer, Transitions, Updates

needs_gymnasium = pytest.mark.skipif(
    not importlib.util.find_spec("gymnasium"), reason="gymnasium is not installed"
)


def numbered(first, count):
    steps = np.arange(first, first + count, dtype="float32")
    return Transitions(steps[:, None], steps.astype("int32"), steps, steps[:, None] + 1, steps % 2)


def test_the_buffer_keeps_the_last_and_draws_whole_transitions():
    buffer, kept = ReplayBuffer(7, 1, seed=3), []
    for first in range(0, 20, 4):
        buffer.add(numbered(first, 4))
        kept = [*kept, *range(first, first + 4)][-7:]
        assert len(buffer) == len(kept)
        drawn = buffer.sample(50, 4)
        assert set(drawn.rewards.ravel()) == set(kept) and drawn.states.shape == (50, 4, 1)
        np.testing.assert_array_equal(drawn.states[..., 0] + 1, drawn.next_states[..., 0])
        np.testing.assert_array_equal(drawn.ended, drawn.actions % 2)
    assert buffer.latest(2, 3).rewards.tolist() == [[14, 15, 16], [17, 18, 19]]


def linear(rate):
    network = QNetwork(2, 3, ())
    network.compile(keras.optimizers.SGD(rate), keras.losses.MeanSquaredError(reduction=None))
    return network


@pytest.mark.parametrize("follows", [False, True])
@pytest.mark.parametrize("with_xla", [False, True])
def test_steps_of_a_linear_network_are_those_of_numpy(follows, with_xla):
    random, rate, discount = np.random.default_rng(0), 0.1, 0.9
    network, target = linear(rate), QNetwork(2, 3, ())
    updates = Updates(network, target, discount, with_xla)
    kernel, bias = network.get_weights()
    old_kernel, old_bias = target.get_weights()
    batches = Transitions(
        random.normal(size=(5, 4, 2)).astype("float32"),
        random.integers(0, 3, (5, 4)).astype("int32"),
        random.normal(size=(5, 4)).astype("float32"),
        random.normal(size=(5, 4, 2)).astype("float32"),
        random.integers(0, 2, (5, 4)).astype("float32"),
    )
    updates(batches, target_follows=follows)
    for states, actions, rewards, following, ended in zip(*batches, strict=True):
        wanted = rewards + discount * (1 - ended) * (following @ old_kernel + old_bias).max(1)
        wrong = (states @ kernel + bias)[range(4), actions] - wanted
        slope = 2 * wrong[:, None] * np.eye(3)[actions] / 4  # of the mean squared error
        kernel, bias = kernel - rate * states.T @ slope, bias - rate * slope.sum(0)
        if follows:
            old_kernel, old_bias = kernel, bias
    np.testing.assert_allclose(network.get_weights()[0], kernel, rtol=1e-4, atol=1e-6)
    np.testing.assert_allclose(network.get_weights()[1], bias, rtol=1e-4, atol=1e-6)
    np.testing.assert_allclose(target.get_weights()[0], old_kernel, rtol=1e-4, atol=1e-6)


def test_truncation_is_no_termination_unless_that_mistake_is_asked_for():
    world = GridWorld(ROOMS, slip=0.2, step_reward=0)
    for limit_ends in (False, True):
        agents = Agents(world, 5, np.random.default_rng(0))
        walk = agents.walk(np.zeros(world.rewards.shape), 4000, 1, limit_ends)
        ended = walk.ended.astype(bool)
        assert (np.abs(walk.rewards) == 1)[ended].all() != limit_ends
        assert ended[np.abs(walk.rewards) == 1].all()


def test_the_share_of_visits_that_a_limit_cuts_off_is_that_of_walking():
    """Counted from `ended` of agents that walk: where nothing but the limit can have ended the episode."""
    world, limit = GridWorld(ROOMS, slip=0.2, step_reward=0), 6
    agents = Agents(world, limit, np.random.default_rng(2), agents=200)
    walk = agents.walk(np.zeros(world.rewards.shape), 3000, 1, limit_ends=True)
    places = {tuple(place): n for n, place in enumerate(world.coordinates(np.arange(len(world.cells))))}
    cells = np.array([places[tuple(place)] for place in walk.states])
    went_on = walk.rewards == 0  # neither goal nor pit
    visits, cut = (
        np.bincount(cells[part], minlength=len(places)) for part in (went_on, went_on & (walk.ended == 1))
    )
    np.testing.assert_allclose(cut / visits, cut_off_share(world, limit), atol=0.02)


def test_values_with_the_limit_as_an_end_are_lower_and_come_near_with_a_longer_limit():
    world = GridWorld(ROOMS, slip=0.2, step_reward=0)
    exact = value_iteration(world.transitions, world.rewards, DISCOUNT).max(1)
    short, longer, long = (values_with_limit_as_end(world, limit).max(1) for limit in (5, 20, 2000))
    assert short.mean() < longer.mean() < long.mean() < exact.mean()
    np.testing.assert_allclose(long, exact, atol=0.02)


@pytest.mark.slow
def test_learning_repeats_with_its_seed_and_comes_near_the_exact_values():
    world = GridWorld(("..+", "...", "..-"), slip=0.2, step_reward=0)
    exact = value_iteration(world.transitions, world.rewards, DISCOUNT)
    network = QNetwork(2, 4, (32, 32))
    schedule = keras.optimizers.schedules.CosineDecay(5e-3, 1500)
    network.compile(keras.optimizers.Adam(schedule), keras.losses.MeanSquaredError(reduction=None))
    updates = Updates(network, QNetwork(2, 4, (32, 32)), DISCOUNT)
    first, again = (learn(world, updates, 1, 1500, 32) for _ in range(2))
    np.testing.assert_array_equal(first, again)
    assert np.abs(first[-1] - exact).mean() < 0.06 < np.abs(first[0] - exact).mean() / 3
    assert mean_return(world, exact) - mean_return(world, first[-1]) < 0.05
    assert mean_return(world, np.full(exact.shape, 0.25)) < mean_return(world, first[-1])


def test_without_gymnasium_one_sentence_says_what_to_install(monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "gymnasium", None)
    with pytest.raises(LessonError, match="needs gymnasium: run `pip install gymnasium`, or leave it out"):
        cart_pole.load_gymnasium()


@pytest.mark.extra
@needs_gymnasium
def test_episodes_at_the_same_time_last_as_long_as_one_after_the_other():
    """Against gymnasium's own CartPole of one pole, started in the same states."""
    import gymnasium

    for policy in (cart_pole.hand_written, cart_pole.with_velocity):
        worlds = cart_pole.environments(20)
        worlds.reset(seed=7)
        starts = worlds.state.T.copy()
        alone, lasted = gymnasium.make("CartPole-v1"), []
        for start in starts:
            alone.reset()
            alone.unwrapped.state = start
            state, steps, over = start.astype("float32"), 0, False
            while not over:
                state, _, terminated, truncated, _ = alone.step(int(policy(state[None])[0]))
                steps, over = steps + 1, terminated or truncated
            lasted.append(steps)
        assert cart_pole.play(policy, 20, seed=7).tolist() == lasted


@pytest.mark.extra
@needs_gymnasium
def test_a_short_training_keeps_the_best_of_its_evaluations(monkeypatch):
    monkeypatch.setattr(cart_pole, "UPDATES", 8)
    training = cart_pole.Training(0, steps=4096)
    steps, means, chosen = training.fit()
    assert len(training.buffer) <= 4096 and means[steps.index(chosen)] == max(means)
    again = cart_pole.play(training.policy, cart_pole.EVALUATION, cart_pole.EVALUATION_SEED)
    assert again.mean() == max(means)


@pytest.mark.extra
@needs_gymnasium
def test_the_lesson_balances_a_pole_beside_its_baselines(tmp_path, monkeypatch):
    from tutorials import reinforcement

    monkeypatch.setattr(cart_pole, "UPDATES", 8)
    outcome = reinforcement.main("cartpole", quick=True, outputs=tmp_path)
    assert (tmp_path / "reinforcement" / "cart_pole.png").exists()
    found = outcome.results
    assert found["random_return"] < found["hand_written_return"] < found["with_velocity_return"] <= 500
    assert str(round(found["test_return"])) in outcome.finding
