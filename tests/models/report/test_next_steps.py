"""What to do next: only what was found, what costs least first."""

import numpy as np

from models.evaluation import Evaluation
from models.fine_tuning.learning_curve import Forecast
from models.report.next_steps import next_steps

NAMES = "ants", "bees", "wasps"


def evaluated(counts):
    """An evaluation with this confusion matrix."""
    pairs = [
        (row, column) for row, line in enumerate(counts) for column, n in enumerate(line) for _ in range(n)
    ]
    labels, predictions = np.array(pairs).T
    return Evaluation("test", NAMES, [""] * len(pairs), labels, np.eye(3)[predictions])


def steps(counts, trained=(100, 100, 100), **found):
    return next_steps(evaluated(counts), NAMES, trained, **found)


def test_nothing_is_said_of_a_classifier_that_is_right_about_many_photos():
    assert steps([[200, 0, 0], [0, 200, 0], [0, 0, 200]]) == []


def test_what_costs_least_comes_first():
    found = steps(
        [[190, 10, 0], [2, 198, 0], [0, 0, 200]],
        suspects=4,
        asked=True,
        forecast=Forecast(100, 0.012, 0.004, 0.021),
        set_aside=40,
    )
    assert [step.section for step in found] == ["suspects", "set-aside", "", "confusion", "more-photos"]
    assert "1.2 points of accuracy (95 % interval 0.4 to 2.1): an estimate" in found[-1].why


def test_the_class_with_the_lowest_recall_is_named_with_what_it_is_taken_for():
    (step,) = steps([[200, 0, 0], [0, 120, 80], [0, 0, 200]], trained=(100, 80, 100))
    assert step.what == "Add photos of bees"
    assert "120 of 200 are classified correctly (60 %); 80 photos of it were trained on" in step.why
    assert "Of 80 misclassified ones 80 are taken for wasps." in step.why
    assert "chance" not in step.why


def test_a_difference_within_its_interval_may_be_chance():
    step = steps([[150, 50, 0], [0, 7, 3], [0, 0, 200]])[0]
    assert step.why.endswith("With so few photos, that may be chance.")


def test_a_rare_class_is_named_once():
    rare = steps([[200, 0, 0], [0, 200, 0], [0, 0, 200]], trained=(100, 100, 7))
    assert [step.what for step in rare] == ["Add photos of wasps"]
    assert "Only 7" in rare[0].why
    both = steps([[200, 0, 0], [0, 200, 0], [100, 0, 100]], trained=(100, 100, 7))
    assert [step.what for step in both] == ["Add photos of wasps"]


def test_few_test_photos_are_said():
    (step,) = steps([[10, 0, 0], [0, 10, 0], [0, 0, 10]])
    assert step.what == "Hold back more photos for the test"
    assert "With 30 photos the accuracy is only known to be from 89 to 100 %" in step.why


def test_of_more_photos_only_what_the_estimate_can_tell_is_said():
    matrix = [[200, 0, 0], [0, 200, 0], [0, 0, 200]]
    assert steps(matrix, forecast=Forecast(100, 0.008, -0.001, 0.02)) == []
    (little,) = steps(matrix, forecast=Forecast(100, 0.001, 0.0, 0.003))
    assert little.what == "Do not expect much of more photos like these"
    (much,) = steps(matrix, forecast=Forecast(100, 0.02, 0.01, 0.03))
    assert much.what == "Consider more photos like these"
