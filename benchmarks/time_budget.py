"""How near to its budget fine-tuning ends, by the clock of a command of its own.

    python -m benchmarks.time_budget --data ants_bees.tar --weights mobilenet_2_5_224_tf_no_top.h5
    python -m benchmarks.time_budget --data small_photos.tar --weights ... --budgets 40s 60s 120s

Each run is the lesson's command, from its start to its end: TensorFlow's start, the check of the photos, the
figures and the report are included. A training that is done earlier may end earlier; none should take more
than a tenth longer than its budget.
"""

import statistics
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT))  # this repository's models and datasets come first

from tutorials.lesson.command import check_positive, run  # first: loads Keras quietly

from benchmarks.parts.apart import run_apart
from models.training.time_budget import as_seconds

MOST = 1.1  # times its budget


def seconds_of(data, weights, backbone, budget, seed):
    """Seconds that the lesson's command takes with a budget."""
    with tempfile.TemporaryDirectory() as outputs:
        flags = ["--data", data, "--backbone", backbone, "--budget", budget, "--seed", seed]
        flags += ["--weights", weights] if weights else []
        started = time.perf_counter()
        run_apart(f"{data} with --budget {budget}", "tutorials.fine_tune", *flags, "--outputs", outputs)
        return time.perf_counter() - started


def main(
    data: str,
    weights: str = "",
    backbone: str = "mobilenet_025",
    budgets: tuple[str, ...] = ("60s",),
    runs: int = 3,
) -> None:
    """Print the seconds of the lesson's command with each budget.

    Args:
        data: Folder, archive or table of photos.
        weights: File of the backbone's weights; "" for published ones.
        backbone: Network to fine-tune.
        budgets: Times such as 60s or 2m.
        runs: Runs with each, with seeds from 0.
    """
    check_positive(runs=runs)
    data = str(Path(data).absolute())
    weights = str(Path(weights).absolute()) if weights else ""
    late = 0
    for budget in budgets:
        allowed = as_seconds(budget)
        taken = [seconds_of(data, weights, backbone, budget, seed) for seed in range(runs)]
        late += sum(seconds > MOST * allowed for seconds in taken)
        print(
            f"{budget:>8}   {statistics.mean(taken):7.1f} s   "
            + "  ".join(f"{seconds / allowed:.0%}" for seconds in taken),
            flush=True,
        )
    print(f"{late} of {len(budgets) * runs} runs took more than {MOST:.0%} of their budget.")


if __name__ == "__main__":
    run(main)
