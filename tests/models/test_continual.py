"""Measures of continual learning: counts by hand, and limits."""

import numpy as np
import pytest

from models import ModelError
from models.continual import average_accuracy, forgetting, forward_transfer

THREE = [[0.9, 0.2, 0.1], [0.5, 0.8, 0.3], [0.4, 0.7, 1.0]]


def test_three_tasks_by_hand():
    assert average_accuracy(THREE) == pytest.approx((0.4 + 0.7 + 1.0) / 3)
    assert forgetting(THREE) == pytest.approx(((0.9 - 0.4) + (0.8 - 0.7)) / 2)
    assert forward_transfer(THREE, [0.1, 0.1, 0.2]) == pytest.approx(((0.2 - 0.1) + (0.3 - 0.2)) / 2)


def test_the_best_may_come_after_the_task_itself():
    assert forgetting([[0.5, 0.1, 0], [0.9, 0.7, 0], [0.6, 0.7, 1]]) == pytest.approx((0.9 - 0.6) / 2)


def test_a_network_that_keeps_everything_forgets_nothing_and_one_that_improves_less_than_nothing():
    assert forgetting(np.tril(np.ones((4, 4)))) == 0
    assert forgetting([[0.5, 0], [0.8, 1]]) == pytest.approx(-0.3)


@pytest.mark.parametrize(
    "wrong", [[0.5, 0.5], [[1.0]], [[0.5, 0.5]], [[0.5, 2.0], [0, 0]], [[-0.1, 0], [0, 0]]]
)
def test_what_is_no_matrix_of_accuracies_is_refused(wrong):
    for measure in (average_accuracy, forgetting, lambda matrix: forward_transfer(matrix, [0, 0])):
        with pytest.raises(ModelError, match="accuracies= must be an array"):
            measure(wrong)


def test_as_many_untrained_accuracies_as_tasks():
    with pytest.raises(ModelError, match="untrained= must hold 3 accuracies"):
        forward_transfer(THREE, [0.1, 0.1])
