"""How long a training will take: what is measured changes nothing, what is planned fits the budget."""

import time

import keras
import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from keras import layers

from models import ModelError
from models.fine_tuning.time_budget import plan
from models.training.checkpoints import training_variables
from models.training.time_budget import Deadline, as_seconds, duration, step_seconds


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        (None, None),
        (90, 90),
        (0.5, 0.5),
        ("90", 90),
        ("60s", 60),
        ("60 sec", 60),
        (" 2m ", 120),
        ("5min", 300),
        ("1.5h", 5400),
        ("2M", 120),
        (".5s", 0.5),
    ],
)
def test_times_as_people_write_them(text, seconds):
    assert as_seconds(text) == seconds


@pytest.mark.parametrize(
    "text",
    [
        0,
        -1,
        True,
        float("nan"),
        1e9,
        (),
        "",
        "soon",
        "0s",
        "-5s",
        "1 day",
        "5 m 3 s",
        "1e3",
        "nan",
        "inf",
        "0.0h",
    ],
)
def test_what_is_no_time_is_refused_in_a_sentence(text):
    with pytest.raises(ModelError, match=r'budget= takes a time such as "60s", "5m" or "1h", not '):
        as_seconds(text)


@pytest.mark.parametrize(
    ("seconds", "said"),
    [
        (0.01, "1 s"),
        (41.4, "41 s"),
        (180, "3 min"),
        (5399, "90 min"),
        (5400, "1 h 30 min"),
        (7199, "2 h 0 min"),
        (7260, "2 h 1 min"),
    ],
)
def test_durations_as_people_say_them(seconds, said):
    assert duration(seconds) == said


seconds_each = st.floats(1e-6, 10)
works = st.fixed_dictionaries(
    {
        "photo": st.just(0.0) | seconds_each,
        "photos": st.integers(1, 5000),
        "steps": st.dictionaries(
            st.sampled_from(["head", "top"]), st.tuples(st.integers(1, 200), seconds_each), min_size=1
        ),
        "views": st.integers(1, 16),
        "epochs": st.fixed_dictionaries({"head": st.integers(1, 60), "top": st.integers(1, 60)}),
    }
)


def costs(work, views, epochs):
    """What is to be spent, added up the plain way."""
    total = 0.0
    for _ in range(views):
        total += work["photos"] * work["photo"]
    for phase, (number, each) in work["steps"].items():
        for _ in range(epochs[phase]):
            total += number * each
    return total


@given(work=works)
@settings(max_examples=100, deadline=None)
def test_without_a_budget_nothing_is_cut(work):
    found = plan(None, **work)
    assert found.views == work["views"]
    assert found.epochs == {phase: work["epochs"][phase] for phase in work["steps"]}
    assert found.seconds == pytest.approx(costs(work, found.views, found.epochs))


@given(work=works, share=st.floats(0, 1.5))
@settings(max_examples=200, deadline=None)
def test_a_plan_fits_its_budget_or_is_the_least_there_is(work, share):
    whole = costs(work, work["views"], work["epochs"])
    assume(whole < 1e9)
    budget = share * whole
    found = plan(budget, **work)
    least = found.views == 1 and set(found.epochs.values()) == {1}
    assert found.seconds <= budget or least
    assert 1 <= found.views <= work["views"]
    assert all(1 <= found.epochs[phase] <= work["epochs"][phase] for phase in work["steps"])
    assert found.seconds == pytest.approx(costs(work, found.views, found.epochs))
    if share > 1.001:
        assert (found.views, found.seconds) == (work["views"], pytest.approx(whole))


@given(work=works, shares=st.tuples(st.floats(0, 1), st.floats(0, 1)))
@settings(max_examples=100, deadline=None)
def test_more_time_never_means_less_work(work, shares):
    whole = costs(work, work["views"], work["epochs"])
    less, more = (plan(share * whole, **work) for share in sorted(shares))
    assert less.views <= more.views
    assert all(less.epochs[phase] <= more.epochs[phase] for phase in work["steps"])


def network():
    keras.utils.set_random_seed(3)
    model = keras.Sequential(
        [
            keras.Input((6,)),
            layers.Dense(5, activation="relu"),
            layers.BatchNormalization(),
            layers.Dropout(0.5),
            layers.Dense(3, activation="softmax"),
        ]
    )
    model.compile(keras.optimizers.Adam(0.05), "categorical_crossentropy", metrics=["accuracy"])
    return model


def test_measuring_leaves_every_variable_as_it_was_and_training_too():
    random = np.random.default_rng(0)
    x, y = random.random((12, 6), "float32"), np.eye(3, dtype="float32")[random.integers(3, size=12)]
    histories = []
    for measured in False, True:
        model = network()
        model.fit(x, y, shuffle=False, verbose=0)  # so that the optimizer has something to remember
        before = [np.array(variable) for variable in training_variables(model)]
        if measured:
            assert step_seconds(model, 4) > 0
        after = [np.array(variable) for variable in training_variables(model)]
        # 6 of the two dense layers, 4 of the norm's, 1 of dropout, and more than that of Adam's
        assert len(before) == len(after) > 2 * 6 + 4 + 1
        for one, two in zip(before, after, strict=True):
            assert one.dtype == two.dtype
            assert one.tobytes() == two.tobytes()
        histories.append(model.fit(x, y, epochs=3, shuffle=False, verbose=0).history)
    assert histories[0] == histories[1]


def test_measuring_a_network_of_any_image_size():
    pixels = keras.Input((None, None, 3))
    model = keras.Model(
        pixels, layers.Dense(2, activation="softmax")(layers.GlobalAveragePooling2D()(pixels))
    )
    model.compile("sgd", "categorical_crossentropy")
    assert 0 < step_seconds(model, 2) < 60


def test_training_ends_after_the_epoch_in_which_its_time_is_over():
    x, y = np.zeros((4, 6), "float32"), np.eye(3, dtype="float32")[[0, 1, 2, 0]]
    for moment, epochs in ((time.perf_counter() - 1, 1), (time.perf_counter() + 600, 4), (None, 4)):
        history = network().fit(x, y, epochs=4, verbose=0, callbacks=[Deadline(moment)]).history
        assert len(history["loss"]) == epochs
