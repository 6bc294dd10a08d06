"""log.csv: what each epoch of a fine-tuning came to, one row an epoch."""

COLUMNS = ("part", "epoch")


def log_rows(histories, probes_accuracy):
    """The rows of log.csv, the names of the columns first.

    Args:
        histories: {part of the training: {metric: value after each epoch}}.
        probes_accuracy: Share of the photos that the linear probes classify correctly in cross-validation.

    Returns:
        List of lists. The probes come first, as part "probes" with epoch 0; metrics that a part does not
        have are empty there.

    Example:
        >>> histories = {"fold 1": {"loss": [0.5, 0.25], "val_accuracy": [0.8, 0.9]}, "all": {"loss": [0.4]}}
        >>> log_rows(histories, 0.7)  # doctest: +NORMALIZE_WHITESPACE
        [['part', 'epoch', 'val_accuracy', 'loss'],
         ['probes', 0, 0.7, ''],
         ['fold 1', 1, 0.8, 0.5],
         ['fold 1', 2, 0.9, 0.25],
         ['all', 1, '', 0.4]]
    """
    every = {"probes": {"val_accuracy": [probes_accuracy]}} | histories
    metrics = list(dict.fromkeys(name for history in every.values() for name in history))
    rows = [[*COLUMNS, *metrics]]
    for part, history in every.items():
        for index in range(max(map(len, history.values()), default=0)):
            values = [history.get(name, ())[index : index + 1] for name in metrics]
            rows.append([part, index + (part != "probes"), *(value[0] if value else "" for value in values)])
    return rows


def write_log(report, training):
    """Write log.csv into a run's folder.

    Args:
        report: The run's `Report`.
        training: Its `FineTuning`.
    """
    with report.unless_it_fails("log.csv"):
        report.table("log", log_rows(training.histories, training.probes.accuracy))
