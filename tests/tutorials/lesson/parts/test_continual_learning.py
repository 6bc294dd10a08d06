"""The Fisher information and EWC's steps against formulas, the memory of replay against counting."""

import keras
import numpy as np
import pytest

from tutorials.lesson.parts.continual_learning import (
    Learner,
    fisher_information,
    learn_tasks,
    permuted,
    split_by_class,
)


def softmax(z):
    e = np.exp(z - z.max(-1, keepdims=True))
    return e / e.sum(-1, keepdims=True)


def network(optimizer, inputs=3, hidden=None, classes=4):
    middle = [keras.layers.Dense(hidden, activation="tanh")] if hidden else []
    last = keras.layers.Dense(classes, activation="softmax")
    model = keras.Sequential([keras.Input((inputs,)), *middle, last])
    model.compile(optimizer, "sparse_categorical_crossentropy")
    return model


def constant(rate):
    return keras.optimizers.schedules.PolynomialDecay(rate, 1, rate)


def test_the_fisher_information_of_softmax_regression_has_a_formula():
    """d log p_k / d w_ij = x_i (1 if j = k, less p_j); its mean square over k by p is x_i² p_j (1 - p_j)."""
    x = np.random.default_rng(0).normal(size=(20, 3)).astype("float32")
    model = network("sgd")
    kernel, bias = fisher_information(model)(x)
    p = softmax(x @ model.get_weights()[0] + model.get_weights()[1])
    np.testing.assert_allclose(kernel, (x**2).T @ (p * (1 - p)) / 20, rtol=1e-4)
    np.testing.assert_allclose(bias, (p * (1 - p)).mean(0), rtol=1e-4)


def test_the_fisher_information_of_two_layers_is_that_of_back_propagation_in_numpy():
    x = np.random.default_rng(1).normal(size=(15, 3)).astype("float32")
    model = network("sgd", hidden=5)
    w1, b1, w2, b2 = model.get_weights()
    hidden = np.tanh(x @ w1 + b1)
    p = softmax(hidden @ w2 + b2)
    expected = [np.zeros(part.shape) for part in (w1, b1, w2, b2)]
    for n in range(15):
        for k in range(4):
            delta2 = np.eye(4)[k] - p[n]
            delta1 = (1 - hidden[n] ** 2) * (w2 @ delta2)
            slopes = np.outer(x[n], delta1), delta1, np.outer(hidden[n], delta2), delta2
            for total, slope in zip(expected, slopes, strict=True):
                total += p[n, k] * slope**2 / 15
    for found, by_hand in zip(fisher_information(model)(x), expected, strict=True):
        np.testing.assert_allclose(found, by_hand, rtol=1e-3, atol=1e-7)


def test_a_step_of_ewc_is_gradient_descent_on_loss_and_penalty():
    """The second task's steps, in NumPy: the penalty pulls with ewc * F * (w - w*)."""
    random, rate, ewc = np.random.default_rng(2), 0.1, 3.0
    model = network(keras.optimizers.SGD(constant(rate)))
    learner = Learner(model)
    learner.begin(seed=4, ewc=ewc)
    x = random.normal(size=(1, 3)).astype("float32")  # one example, so that every batch is the same
    learner.fit(x, np.array([2]), 3, 2)
    kernel, bias = (weight.copy() for weight in model.get_weights())
    p = softmax(x @ kernel + bias)
    fisher = [x.T**2 @ (p * (1 - p)), (p * (1 - p))[0]]
    held = kernel.copy(), bias.copy()
    new = random.normal(size=(1, 3)).astype("float32")
    learner.fit(new, np.array([1]), 5, 2)
    for _ in range(5):
        delta = (softmax(new @ kernel + bias) - np.eye(4)[[1]])[0]
        kernel, bias = (
            weight - rate * (slope + ewc * f * (weight - anchor))
            for weight, slope, f, anchor in zip(
                (kernel, bias), (np.outer(new[0], delta), delta), fisher, held, strict=True
            )
        )
    np.testing.assert_allclose(model.get_weights()[0], kernel, rtol=1e-3, atol=1e-5)
    np.testing.assert_allclose(model.get_weights()[1], bias, rtol=1e-3, atol=1e-5)


def test_the_memory_holds_as_many_of_each_task():
    learner = Learner(network(keras.optimizers.SGD(constant(0.1)), classes=10))
    learner.begin(seed=0, replay=60)
    for task in range(4):
        x = np.full((100, 3), task, "float32") + np.arange(100)[:, None] / 1000
        learner.fit(x, np.full(100, task), 2, 8)
        images, labels = learner.memory
        assert np.bincount(labels).tolist() == [60 // (task + 1)] * (task + 1)
        np.testing.assert_array_equal(images[:, 0].astype(int), labels)
        assert len(np.unique(images[:, 0])) == len(images)


def test_replay_keeps_what_plain_training_forgets():
    random = np.random.default_rng(3)
    centres = 4 * np.eye(4)
    tasks = []
    for classes in ((0, 1), (2, 3)):
        labels = random.choice(classes, 200)
        tasks.append(((centres[labels] + random.normal(size=(200, 4))).astype("float32"), labels))
    learner = Learner(network(keras.optimizers.Adam(constant(0.02)), inputs=4))
    found = {}
    for replay in (0, 20):
        learner.begin(seed=1, replay=replay)
        found[replay], untrained = learn_tasks(learner, tasks, tasks, 150, 32)
    assert found[0][0, 0] > 0.9 and found[20][1, 0] > 0.9 > found[0][1, 0] + 0.5
    assert found[0][1, 1] > 0.9 and len(untrained) == 2
    learner.begin(seed=1, replay=20)
    np.testing.assert_array_equal(learn_tasks(learner, tasks, tasks, 150, 32)[0], found[20])


def test_tasks_share_no_class_or_hold_all_pixels():
    images = np.random.default_rng(0).integers(0, 256, (60, 6, 6, 1), "uint8")
    labels = np.arange(60) % 10
    split = split_by_class(images, labels)
    assert [sorted(set(part)) for _, part in split] == [[0, 1], [2, 3], [4, 5], [6, 7], [8, 9]]
    assert sum(len(part) for part, _ in split) == 60
    first, second = (part for part, _ in permuted(images, labels, seed=5)[:2])
    assert (first != second).any()
    for part in (first, second):
        np.testing.assert_array_equal(np.sort(part.reshape(60, -1)), np.sort(images.reshape(60, -1)))
    for part, again in zip(permuted(images, labels, 5), permuted(images[:3], labels[:3], 5), strict=True):
        np.testing.assert_array_equal(part[0][:3], again[0])


@pytest.mark.parametrize("ewc", [0.0, 100.0])
def test_the_first_task_is_learned_the_same_with_and_without_ewc(ewc):
    learner = Learner(network(keras.optimizers.Adam(constant(0.01))))
    x = np.random.default_rng(0).normal(size=(50, 3)).astype("float32")
    weights = []
    for weight in (0.0, ewc):
        learner.begin(seed=2, ewc=weight)
        learner.fit(x, np.arange(50) % 4, 10, 8)
        weights.append(learner.network.get_weights()[0])
    np.testing.assert_array_equal(*weights)
