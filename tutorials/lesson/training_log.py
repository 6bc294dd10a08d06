"""What each epoch of a fine-tuning came to: log.csv, one row an epoch, and the same for TensorBoard."""

import importlib.util
import shutil
import tempfile
from pathlib import Path

from tutorials.lesson.command import LessonError

EVENTS = "log.tfevents"  # TensorBoard reads files with "tfevents" in their names
COLUMNS = ("part", "epoch")


def check_tensorboard(wanted):
    """Refuse to write for TensorBoard where it is not installed, before any work is done.

    Args:
        wanted: Whether to write for it.

    Raises:
        LessonError: If it is wanted and is not there.

    Example:
        >>> check_tensorboard(False)
    """
    if wanted and importlib.util.find_spec("tensorboard") is None:
        raise LessonError("tensorboard is not installed; install it with: python -m pip install tensorboard")


def log_rows(histories, probes_accuracy):
    """The rows of log.csv, the names of the columns first.

    Args:
        histories: {part of the training: {metric: value after each epoch}}.
        probes_accuracy: Share of the photos that the linear probes classify correctly in cross-validation.

    Returns:
        List of lists. The probes come first, as part "probes" with epoch 0; metrics that a part does not
        have are empty there.

    Example:
        >>> histories = {"fold 1": {"loss": [0.5, 0.25], "val_loss": [0.8, 0.9]}, "fold 2": {"loss": [0.4]}}
        >>> log_rows(histories, 0.7)  # doctest: +NORMALIZE_WHITESPACE
        [['part', 'epoch', 'val_accuracy', 'loss', 'val_loss'],
         ['probes', 0, 0.7, '', ''],
         ['fold 1', 1, '', 0.5, 0.8],
         ['fold 1', 2, '', 0.25, 0.9],
         ['fold 2', 1, '', 0.4, '']]
    """
    every = {"probes": {"val_accuracy": [probes_accuracy]}} | histories
    metrics = list(dict.fromkeys(name for history in every.values() for name in history))
    rows = [[*COLUMNS, *metrics]]
    for part, history in every.items():
        for index in range(max(map(len, history.values()), default=0)):
            values = [history.get(name, ())[index : index + 1] for name in metrics]
            rows.append([part, index + (part != "probes"), *(value[0] if value else "" for value in values)])
    return rows


def write_log(report, training, tensorboard=False):
    """Write log.csv into a run's folder, and log.tfevents if TensorBoard is to show the same.

    Args:
        report: The run's `Report`.
        training: Its `FineTuning`.
        tensorboard: Whether to write log.tfevents.
    """
    rows = log_rows(training.histories, training.probes.accuracy)
    with report.unless_it_fails("log.csv"):
        report.table("log", rows)
    if tensorboard:
        with report.unless_it_fails(EVENTS), report.writing(EVENTS) as path:
            _write_events(rows, report.scratch, path)


def _write_events(rows, scratch, path):
    """Write rows as `log_rows` gives them for TensorBoard: a curve for each part and metric."""
    import tensorflow  # slow to import, and only needed here

    columns, *values = rows
    scratch.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=scratch) as folder:
        writer = tensorflow.summary.create_file_writer(folder)
        with writer.as_default():
            for part, epoch, *metrics in values:
                for name, value in zip(columns[2:], metrics, strict=True):
                    if value != "":
                        tensorflow.summary.scalar(f"{part}/{name}", value, step=epoch)
        writer.close()
        shutil.move(next(Path(folder).iterdir()), path)
