"""A search over many knobs at once, by Optuna, within a budget of seconds."""

import time

from tutorials.lesson.command import LessonError


def load_optuna():
    """Optuna, or one sentence that says how to get it.

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
    """Try settings, each a better guess than the last ones, until the time is over.

    Says after each trial how far it is. The last trial is finished, so the search may take
    that much longer than its budget.

    Args:
        knobs: {knob: the values that it can be turned to}.
        score: Function of a setting, {knob: value}, to what is to be as large as possible, or
            to None for a setting that will not be tried.
        budget: Seconds.
        seed: The same seed tries the same settings, as far as the time goes.

    Returns:
        [(setting, score)] in the order of the trials, at least one.

    Raises:
        LessonError: If Optuna is not installed.
    """
    optuna = load_optuna()
    study = optuna.create_study(direction="maximize", sampler=optuna.samplers.TPESampler(seed=seed))
    trials, started, refused = [], time.perf_counter(), optuna.trial.TrialState.PRUNED
    while not trials or time.perf_counter() - started < budget:
        trial = study.ask()
        setting = {knob: trial.suggest_categorical(knob, values) for knob, values in knobs.items()}
        scored = score(setting)
        study.tell(trial, scored, state=refused if scored is None else None)
        if scored is not None:
            trials.append((setting, scored))
            print(
                f"{time.perf_counter() - started:4.0f} of {budget:g} s, trial {len(trials)}: {scored:.4f} "
                f"(best {study.best_value:.4f}) with {', '.join(f'{k} {v}' for k, v in setting.items())}",
                flush=True,
            )
    return trials
