"""What it costs to train in several processes: 2 processes with 1 core each against 1 process with 2 cores.

    python -m benchmarks.distribution
    python -m benchmarks.distribution --turns 5 --batch-sizes 128 1024

Both take the same steps on the same images, on JAX, by turns, each process bound to its cores. Seconds are
those of an epoch that is compiled already; of several turns the median counts. What is more in the second
column is the cost of adding up the gradients between processes, since both have the same cores.
"""

import json
import os
import statistics
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT))  # this repository's models and datasets come first

from tutorials.lesson.command import LessonError, check_positive, run  # first: loads Keras quietly

from models.distribution import launch

NETWORKS = "ConvNet", "MLP"
# Run in each process, since it joins the others before Keras is loaded
WORK = """
import json, os, sys, time
settings = json.loads(sys.argv[1])
rank, processes = (int(os.environ[f"KERAS_DISTRIBUTION_{name}"]) for name in ("PROCESS_ID", "NUM_PROCESSES"))
cores = settings["cores"]
share = len(cores) // processes
os.sched_setaffinity(0, cores[rank * share : (rank + 1) * share])
os.environ["PJRT_NPROC"] = str(share)
from models.distribution import is_first, join, shared
if processes > 1:
    join()
import keras, numpy as np, models
keras.utils.set_random_seed(0)
images = np.random.default_rng(0).random((settings["images"], 28, 28, 1), "float32")
labels = np.arange(len(images)) % 10
network = getattr(models, settings["network"])()
network.compile("adam", "sparse_categorical_crossentropy")
moments = []
clock = keras.callbacks.LambdaCallback(on_epoch_end=lambda epoch, logs: moments.append(time.perf_counter()))
with shared(network):
    network.fit(images, labels, settings["batch_size"], 1 + settings["epochs"], 0, callbacks=[clock])
if is_first():
    with open(settings["file"], "w") as file:
        json.dump((moments[-1] - moments[0]) / settings["epochs"], file)
"""


def seconds_of(processes, **settings):
    """Seconds of an epoch.

    Args:
        processes: 1 or 2.
        **settings: network, batch_size, images, epochs and cores, as `WORK` reads them.
    """
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder, "seconds.json")
        command = [sys.executable, "-c", WORK, json.dumps(settings | {"file": str(file)})]
        if launch(command, processes):
            raise LessonError(f"The run in processes={processes} has failed.")
        return json.loads(file.read_text())


def row(network, batch_size, taken):
    """A line of the table, in Markdown: the median and the range of each, and their ratio.

    Args:
        network: Name of a builder.
        batch_size: Images in a batch.
        taken: {processes: seconds of each turn}.

    Example:
        >>> row("MLP", 128, {1: [1.0, 1.2, 1.1], 2: [2.2, 2.0, 3.0]})
        '| `MLP` | 128 | 1.10 s (1.00 to 1.20) | 2.20 s (2.00 to 3.00) | 2.00 |'
    """
    medians = [statistics.median(each) for each in taken.values()]
    cells = [
        f"{median:.2f} s ({min(each):.2f} to {max(each):.2f})"
        for median, each in zip(medians, taken.values(), strict=True)
    ]
    return f"| `{network}` | {batch_size:,} | {' | '.join(cells)} | {medians[1] / medians[0]:.2f} |"


def main(
    batch_sizes: tuple[int, ...] = (128, 1024),
    images: int = 10_240,
    epochs: int = 3,
    turns: int = 3,
) -> None:
    """Time both ways by turns, and print the table of docs/pages/distribution.md.

    Args:
        batch_sizes: Images in a batch, of all processes together.
        images: Number of images in an epoch.
        epochs: Epochs that are timed, after one in which the network is compiled.
        turns: Runs of each way.
    """
    check_positive(images=images, epochs=epochs, turns=turns)
    cores = sorted(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else []
    if len(cores) < 2:
        raise LessonError(
            "The comparison needs two cores that this process may use, and Linux to bind it to them."
        )
    os.environ["PYTHONPATH"] = os.pathsep.join([str(ROOT), *filter(None, [os.environ.get("PYTHONPATH")])])
    print("| Network | Batch | 1 process, 2 cores | 2 processes, 1 core each | Ratio |")
    print("| --- | --- | --- | --- | --- |", flush=True)
    for network in NETWORKS:
        for batch_size in batch_sizes:
            how = {"network": network, "batch_size": batch_size, "images": images, "epochs": epochs}
            taken = {1: [], 2: []}
            for _ in range(turns):
                for processes, seconds in taken.items():
                    seconds.append(seconds_of(processes, **how, cores=cores[:2]))
            print(row(network, batch_size, taken), flush=True)


if __name__ == "__main__":
    run(main)
