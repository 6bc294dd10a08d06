r"""Learn to act from rewards: a deep Q-network, compared with exact values cell by cell.

## The question

Nobody says which action is right. A **reward** comes now and then, many steps later. How does a network learn
from that, and are its values true?

## The idea

An **agent** walks through rooms. The goal gives +1, a pit −1; one step in five slips sideways. The
**return** is the sum of all rewards, each step later times a factor, the **discount** $\gamma = 0.95$. A
goal reached with the third step is worth $0.95 \cdot 0.95 \cdot 1 = 0.9025$.

$Q(s, a)$ is the expected return after action $a$ in state $s$, if all later actions are the best:

$$Q(s, a) = \sum_{s'} p(s' | s, a) \left( r + \gamma \max_{a'} Q(s', a') \right)$$

Where all probabilities are known, **value iteration** repeats this as an assignment until nothing changes:
the exact Q. **Q-learning** knows none. It takes steps $(s, a, r, s')$, and trains a network towards the
target $r + \gamma \max Q(s', a')$ with squared error, whose minimum is the mean. It acts by its own Q, and at
random with a probability that falls from 1 to 0.1: **exploration**.

The **Q-network**, from row and column to four values, has
$(2 + 1) \cdot 64 + 2 \cdot (64 + 1) \cdot 64 + (64 + 1) \cdot 4 = 8{,}772$ parameters. Its targets come from
itself, and its data from another policy than the best. With function approximation, this is the **deadly
triad**: it may diverge. Two remedies:

- A **target network**, a copy renewed every 100 steps, gives the targets.
- **Replay**: batches are drawn from the last 20,000 steps at random.

Termination is not **truncation**. At the goal nothing follows, so the target is $r$. Where only a time limit
cuts an episode off, something would have followed, and $\gamma \max Q(s', a')$ stays.

## Before you run it

No return is above 1. Without target network, how large will the largest value become? If a limit of 10 steps
counts as an end, which cells get wrong values?

## How to read the figures

- `q_values`: each cell has four triangles, one for each action. Points on the diagonal are exact.
- `learning` (animated): values spread backwards from the goal and the pits.
- `triad`: mean error and largest value with each remedy left out; mean and range over seeds.
- `time_limit`: the value of each cell's best action. The last map is calculated, not learned.

## What it means

The network's values are close to the exact ones. Its policy loses little return: where two actions differ by
less than the error, it takes the worse. Without target network, values rise to hundreds of times any possible
return, and end as wrong as before training. Without replay alone, little changes: agents that start anywhere
see enough. A time limit counted as an end lowers values as calculated.

With `--environment cartpole`, after `pip install gymnasium`, the same training steps balance a pole for 473
to 500 steps of 500. A rule of one line, push where angle plus angular velocity point, reaches 484: try that
first.

## Exercises

1. A step reaches the goal with probability 0.8, else it stays, where the value is 0.9. What is it worth?
2. Why would the agent not hurry with $\gamma = 1$?
3. Run `python -m tutorials.reinforcement --seed 1`. Which of the four settings changes most?

<details><summary>Solutions</summary>

1. $0.8 \cdot 1 + 0.2 \cdot 0.95 \cdot 0.9 = 0.971$.
2. A goal after 100 steps would be worth as much as one after 3.
3. Those without target network: whether such a run recovers is chance.

</details>

## Read more

Sutton and Barto, *Reinforcement learning* (2018), chapters 6 and 11. Mnih et al., *Human-level control
through deep reinforcement learning* (2015). Pardo et al., *Time limits in reinforcement learning* (2018).

Next: `forgetting` trains on several tasks.
"""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))  # this repository's models and datasets come first

from typing import Literal

from tutorials.lesson.command import run  # first: loads Keras quietly

import keras
import numpy as np

from datasets.generated import grid_worlds
from models import QNetwork
from models.value_iteration import value_iteration
from tutorials.figures.grid_worlds import cell_values, q_values, triad, values_film
from tutorials.lesson.limits import OF_MANY_SEEDS, check_settings, fitting_batch
from tutorials.lesson.outcome import Outcome
from tutorials.lesson.parts.cart_pole import balance_a_pole
from tutorials.lesson.parts.grid_learning import (
    BURST,
    DISCOUNT,
    TARGET_AND_REPLAY,
    evaluate,
    evaluate_limit,
    findings,
    learn,
    values_with_limit_as_end,
)
from tutorials.lesson.parts.q_learning import Updates
from tutorials.lesson.report import Report


def main(
    environment: Literal["grid", "cartpole"] = "grid",
    steps: int = 6000,
    batch_size: int = 64,
    learning_rate: float = 2e-3,
    repeats: int = 3,
    seed: int = 0,
    quick: bool = False,
    outputs: Path = Path("outputs"),
) -> Outcome:
    """Train Q-networks in a grid world, and compare their values with exact ones.

    Args:
        environment: "grid" for the grid world; "cartpole" for a pole to balance, which needs gymnasium and
            has settings of its own.
        steps: Number of training steps of each run.
        batch_size: Transitions per batch.
        learning_rate: Initial learning rate of Adam; it decays to 0 (cosine).
        repeats: Runs of each setting, each with its own seed.
        seed: Random seed; the same seed gives the same results.
        quick: Run every step on a small sample, in seconds.
        outputs: Folder for the results.
    """
    check_settings(locals(), seed=OF_MANY_SEEDS)
    report = Report(main, settings=locals())
    if environment == "cartpole":
        return balance_a_pole(report, seed, quick)
    if quick:
        steps, repeats = 200, 1

    # Data: a world of cells, whose probabilities give exact values; the agents see only their steps
    rows, time_limit = grid_worlds.ROOMS, 10
    world = grid_worlds.GridWorld(rows, slip=0.2, step_reward=0)
    exact = value_iteration(world.transitions, world.rewards, DISCOUNT)

    # Model: row and column of a cell in, the value of each of four actions out
    network, target = (QNetwork(2, 4, (64, 64, 64), name=name) for name in ("q_network", "target"))
    network.summary()
    batch_size = fitting_batch(batch_size, 1000, network)

    # Compile: squared error, whose minimum is the mean; training steps in bursts, compiled once for all runs
    schedule = keras.optimizers.schedules.CosineDecay(learning_rate, steps)
    network.compile(keras.optimizers.Adam(schedule), keras.losses.MeanSquaredError(reduction=None))
    updates = Updates(network, target, DISCOUNT, compile_with_xla=not quick)

    # Fit: with and without target network and replay, with several seeds each
    histories = {name: [] for name in TARGET_AND_REPLAY}  # Q (1 + bursts, cells, 4) of each run
    for name, (has_target, has_replay) in TARGET_AND_REPLAY.items():
        for run_seed in range(1000 * seed, 1000 * seed + repeats):
            history = learn(world, updates, run_seed, steps, batch_size, has_target, has_replay)
            histories[name].append(history)
            print(
                f"{name:<22} seed {run_seed}: mean error {np.abs(history[-1] - exact).mean():.3f}, "
                f"largest value {np.abs(history).max():.2f}",
                flush=True,
            )

    # Fit with a short time limit: random steps alone, and the limit once as truncation, once as an end
    limited = {
        limit_ends: learn(
            world, updates, 1000 * seed, steps, batch_size, exploration=1, time_limit=time_limit,
            limit_ends=limit_ends,
        )[-1]
        for limit_ends in (False, True)
    }  # fmt: skip
    predicted = values_with_limit_as_end(world, time_limit)

    # Evaluate: errors against the exact values, and the exact return of each policy
    errors, peaks, results = evaluate(world, exact, histories)
    results |= evaluate_limit(exact, limited, predicted)
    said = findings(results)

    # Plot
    learned = histories["with both"][0]
    report.figure("q_values", q_values(rows, world.cells, exact, learned[-1], said["q_values"]))
    frames = np.unique(np.linspace(0, len(learned) - 1, 21).astype(int))
    film = values_film(rows, world.cells, exact, learned[frames], frames * BURST)
    report.animation("learning", *film, len(frames), frames_per_second=4)
    report.figure("triad", triad(np.arange(len(learned)) * BURST, errors, peaks, 1, said["triad"]))
    panels = {
        "exact": exact,
        "network, cut-off episodes go on": limited[False],
        "network, cut-off episodes end": limited[True],
        "exact consequence of that mistake": predicted,
    }
    maps = {name: values.max(1) for name, values in panels.items()}
    report.figure("time_limit", cell_values(rows, world.cells, maps, said["time_limit"]))
    return report.close(
        grid_worlds.locate(),
        examples=BURST * (len(learned) - 1) * batch_size,
        finding=f"{said['q_values']}. {said['triad']}. {said['time_limit']}.".replace("\n", " "),
        parameters=network.count_params(),
        **results,
    )


if __name__ == "__main__":
    run(main)
