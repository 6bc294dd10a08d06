"""What is expected of a lesson's results: bands, and the conclusions that it draws from them.

`tutorials/expected.json` holds bands: the mean ± 4 standard deviations of a result over several seeds.
`tutorials/conclusions.json` holds what the lesson says of its results: a sentence, and a comparison that is
true when the sentence is, such as "conv_test_error * 50 < dense_test_error". Both are of default settings, by
lesson, source of the data and model ("default" where a lesson has one only).

This module imports no Keras: the command line asks it before Keras is loaded.
"""

import inspect
import json
import operator
import re
import sys
from pathlib import Path

from models.startup.surroundings import say

EXPECTED = Path(__file__).parents[1] / "expected.json"
CONCLUSIONS = Path(__file__).parents[1] / "conclusions.json"
# Settings that may differ from their defaults where results are compared with what is expected
NOT_IN_BANDS = {"data", "model", "outputs", "page", "resume", "seed"}
COMPARED = {
    "<=": operator.le,
    ">=": operator.ge,
    "==": operator.eq,
    "<": operator.lt,
    ">": operator.gt,
}
SIGN = re.compile(r"(<=|>=|==|<|>)")
TOKEN = re.compile(r"[a-z]\w*|\d+(?:\.\d+)?(?:e-\d+)?|[-+*]")


def changed_settings(main, settings):
    """The settings of a run that differ from the defaults, so that nothing is expected of its results.

    Args:
        main: The lesson's main function.
        settings: {name: value} of this run.

    Returns:
        List of names.

    Example:
        >>> from tutorials.lesson.conclusions import changed_settings
        >>> changed_settings(lambda epochs=3, seed=0: None, {"epochs": 5, "seed": 1})
        ['epochs']
    """
    return [
        name
        for name, parameter in inspect.signature(main).parameters.items()
        if name not in NOT_IN_BANDS and settings[name] != parameter.default
    ]


def expected(lesson, source, model):
    """What is expected of a lesson at default settings.

    Args:
        lesson: Its name.
        source: Name of the `Source` of its data; None for any.
        model: Its setting model=, or "default".

    Returns:
        ({result: [lowest, highest]}, list of {"says": sentence, "when": comparison}); both empty where
        nothing is expected.
    """
    found = []
    for file in EXPECTED, CONCLUSIONS:
        sources = json.loads(file.read_text(encoding="utf-8")).get(lesson, {})
        some = sources.values() if source is None else [sources.get(source, {})]
        found.append(next((by_model[model] for by_model in some if by_model.get(model)), None))
    return found[0] or {}, found[1] or []


def judged(lesson, source, model, results):
    """Hold the results of a run at default settings against what is expected of them.

    Args:
        lesson, source, model: As for `expected`.
        results: {name: number}.

    Returns:
        {"bands": {result: {"band": [lowest, highest], "verdict": "inside" or "outside"}},
        "conclusions": list of {"says": sentence, "holds": bool}}, as metrics.json holds them.
    """
    bands, conclusions = expected(lesson, source, model)
    return {
        "bands": {
            name: {
                "band": bands[name],
                "verdict": "inside" if bands[name][0] <= value <= bands[name][1] else "outside",
            }
            for name, value in results.items()
            if name in bands
        },
        "conclusions": [{"says": one["says"], "holds": holds(one["when"], results)} for one in conclusions],
    }


def holds(comparison, results):
    """Whether a comparison of results is true.

    Args:
        comparison: Sums, with "<", ">", "<=", ">=" or "==" between them; several such chains are joined by
            "and". A summand is a number, the name of a result, or a product of these.
        results: {name: number}. A result that is missing, or no number ("nan"), makes it false.

    Returns:
        bool.

    Raises:
        ValueError: If the comparison is none.

    Example:
        >>> from tutorials.lesson.conclusions import holds
        >>> holds("-0.02 < a - b < 0.02 and 2 * a > b + 0.1", {"a": 0.9, "b": 0.91})
        True
        >>> holds("a > b", {"a": 0.9, "b": 0.91})
        False
    """
    if not names(comparison) <= set(results):
        return False
    for chain in comparison.split(" and "):
        sums, signs = _parts(chain)
        values = [_sum(text, results) for text in sums]
        pairs = zip(values[:-1], values[1:], strict=True)
        if not all(COMPARED[sign](*pair) for sign, pair in zip(signs, pairs, strict=True)):
            return False
    return True


def names(comparison):
    """The results that a comparison is of.

    Args:
        comparison: As for `holds`.

    Returns:
        Set of names.

    Raises:
        ValueError: If the comparison is none.

    Example:
        >>> from tutorials.lesson.conclusions import names
        >>> sorted(names("test_accuracy > 2 * chance and parameters == 441"))
        ['chance', 'parameters', 'test_accuracy']
    """
    found = set()
    for chain in comparison.split(" and "):
        for text in _parts(chain)[0]:
            for _, factors in _summands(text):
                found |= {factor for factor in factors if factor[0].isalpha()}
    return found


def _parts(chain):
    """The sums of a chain such as "0 < a - b < 1", and the signs between them."""
    parts = SIGN.split(chain)
    if len(parts) < 3:
        raise ValueError(f"{chain!r} compares nothing; write two sums and one of {', '.join(COMPARED)}.")
    return parts[::2], parts[1::2]


def _sum(text, results):
    total = 0
    for sign, factors in _summands(text):
        product = sign
        for factor in factors:
            product *= results[factor] if factor[0].isalpha() else float(factor)
        total += product
    return total


def _summands(text):
    """[(+1 or -1, list of its factors)] of each summand."""
    tokens = TOKEN.findall(text)
    if "".join(tokens) != "".join(text.split()):
        raise ValueError(f"{text!r} is no sum of numbers and names of results.")
    if tokens[:1] not in (["+"], ["-"]):
        tokens = ["+", *tokens]
    found = []
    for sign, factor in zip(tokens[::2], tokens[1::2] + [""] * (len(tokens) % 2), strict=True):
        if sign not in "+-*" or factor in ("", *"+-*"):
            raise ValueError(f"{text!r} is no sum of numbers and names of results.")
        if sign == "*":
            found[-1][1].append(factor)
        else:
            found.append((-1 if sign == "-" else 1, [factor]))
    return found


def checked(main, call):
    """Run a lesson for --check: end with 3 where its results are not as expected.

    Args:
        main: The lesson's main function.
        call: `functools.partial` of it with the settings of this run.

    Returns:
        What `main` returns.

    Raises:
        SystemExit: With 2, before anything is trained, where nothing can be expected of these settings; with
            3, after everything is written, where nothing is expected of this data, a result lies outside its
            band, or a conclusion does not hold.
    """
    asked = inspect.signature(main).bind(*call.args, **call.keywords)
    asked.apply_defaults()
    lesson, model = Path(inspect.getfile(main)).stem, asked.arguments.get("model", "default")
    if changed := changed_settings(main, asked.arguments):
        flags = ", ".join(f"--{name.replace('_', '-')}" for name in changed)
        say(f"Error: --check knows what to expect at default settings only; leave out {flags}.")
        raise SystemExit(2)
    if not any(expected(lesson, None, model)):
        say(f"Error: --check knows nothing to expect of --model {model}; leave one of the two out.")
        raise SystemExit(2)
    outcome = call()
    sys.stdout.flush()
    outside = [name for name, one in outcome.metrics["bands"].items() if one["verdict"] == "outside"]
    flipped = [one for one in outcome.metrics["conclusions"] if not one["holds"]]
    if not outcome.metrics["bands"] and not outcome.metrics["conclusions"]:
        say("Check failed: nothing is expected of this data, so that there is nothing to compare with.")
        raise SystemExit(3)
    if outside or flipped:
        counted = [f"outside their bands: {', '.join(outside)}"] if outside else []
        counted += [f"conclusions that do not hold: {len(flipped)}"] if flipped else []
        say(f"Check failed: {'; '.join(counted)}.")
        raise SystemExit(3)
    if outcome.metrics["bands"]:
        print("Check passed: all results lie in their bands, and all conclusions hold.")
    else:
        print("Check passed: all conclusions hold; there are no bands for this model on this data.")
    return outcome
