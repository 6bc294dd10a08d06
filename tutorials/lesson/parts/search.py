"""A search over several hyperparameters at once, with Optuna and a time budget."""

import time

from tutorials.lesson.command import LessonError


def load_optuna():
    """Import Optuna.

    Returns:
        The module `optuna`.

    Raises:
        LessonError: If Optuna is not installed.
    """
    try:
        import optuna
    except ImportError as error:
        raise LessonError(
            "--search needs Optuna: run `pip install optuna`, or leave the search out."
        ) from error
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    return optuna


def search_knobs(knobs, score, budget, seed):
    """Search for the best setting of several hyperparameters until a time budget is used up.

    Prints each trial. The last trial is finished, so a search may take that much longer.

    Args:
        knobs: {hyperparameter: its possible values}.
        score: Function of a setting, {hyperparameter: value}, to the number to maximize, or to None
            for a setting that is not allowed.
        budget: Seconds.
        seed: Random seed; the same seed tries the same settings, in as many trials as time allows.

    Returns:
        [(setting, score)] in the order of the trials, at least one.

    Raises:
        LessonError: If Optuna is not installed.
    """
    optuna = load_optuna()
    study = optuna.create_study(direction="maximize", sampler=optuna.samplers.TPESampler(seed=seed))
    trials, started, pruned = [], time.perf_counter(), optuna.trial.TrialState.PRUNED
    while not trials or time.perf_counter() - started < budget:
        trial = study.ask()
        setting = {knob: trial.suggest_categorical(knob, values) for knob, values in knobs.items()}
        scored = score(setting)
        study.tell(trial, scored, state=pruned if scored is None else None)
        if scored is not None:
            trials.append((setting, scored))
            print(
                f"{time.perf_counter() - started:4.0f} of {budget:g} s, trial {len(trials)}: {scored:.4f} "
                f"(best {study.best_value:.4f}) with {', '.join(f'{k} {v}' for k, v in setting.items())}",
                flush=True,
            )
    return trials
