"""Wrong labels: planted ones are found, clean data are left in peace, odd classes do no harm."""

import csv
import subprocess
import sys

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from models import ModelError
from models.fine_tuning.linear_probe import fit_linear_probe
from models.labelling.wrong_labels import find_suspects

NAMES = ["ants", "<b>bees</b>", "wasps"]


def blobs(apart, each=60, seed=0):
    """Points about three centres, and their classes."""
    random = np.random.default_rng(seed)
    labels = np.repeat(np.arange(3), each)
    return apart * np.eye(3)[labels] + random.normal(size=(len(labels), 3)), labels


def suspects(features, labels):
    probe = fit_linear_probe(features, labels, 3)
    return find_suspects(probe.out_of_fold, labels, [f"{n}.jpg" for n in range(len(labels))], NAMES)


@pytest.fixture(scope="module")
def planted():
    """(places of nine flipped labels, the suspects, the labels)."""
    features, labels = blobs(apart=5)
    flipped = np.random.default_rng(1).permutation(len(labels))[:9]
    labels[flipped] = (labels[flipped] + 1) % 3
    return flipped, suspects(features, labels), labels


def test_flipped_labels_of_well_separated_classes_come_first(planted):
    flipped, found, labels = planted
    assert set(found.rows[:9]) == set(flipped)
    for row, each in zip(found.rows[:9], found, strict=False):
        assert each.file == f"{row}.jpg" and each.label == NAMES[labels[row]]
        assert each.likely == NAMES[(labels[row] - 1) % 3] and each.likely_probability > each.probability
    scores = [each.score for each in found]
    assert scores == sorted(scores)
    assert 7 <= found.confident <= 9 and found.estimated <= 12


@pytest.mark.parametrize("apart", [3, 5])
def test_clean_labels_give_few_suspects_to_look_at_even_where_classes_overlap(apart):
    features, labels = blobs(apart, each=200)
    assert suspects(features, labels).confident <= 0.01 * len(labels)


def test_they_read_well_and_make_a_table(planted, tmp_path):
    _, found, _ = planted
    said = str(found).splitlines()
    assert said[0].split() == ["file", "given", "likely", "probability", "of", "given", "of", "likely"]
    assert len(said) == 1 + found.confident and said[1].startswith(found[0].file)
    assert "<b>bees" not in found._repr_html_() and "&lt;b&gt;bees" in found._repr_html_()
    with (tmp_path / "suspects.csv").open("w", newline="") as file:
        csv.writer(file).writerows(found.table())
    with (tmp_path / "suspects.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == len(found) and rows[0]["file"] == found[0].file
    assert float(rows[0]["likely_probability"]) == found[0].likely_probability


def test_without_suspects_it_says_so():
    labels = np.arange(12) % 3
    found = find_suspects(np.eye(3)[labels] * 0.7 + 0.1, labels, map(str, labels), NAMES)
    assert len(found) == found.confident == 0 and str(found) == "no label looks wrong"
    assert len(found.table()) == 1
    assert len(find_suspects(np.zeros((0, 3)), [], [], NAMES)) == 0


@settings(max_examples=25, deadline=None)
@given(st.lists(st.integers(0, 3), max_size=30), st.integers(0, 99))
def test_any_labels_and_probabilities_give_photos_whose_likely_class_is_another(labels, seed):
    labels = np.array(labels, int)
    random = np.random.default_rng(seed)
    probabilities = random.dirichlet(np.ones(4) * random.choice([0.01, 1]), len(labels))
    found = find_suspects(probabilities, labels, [str(n) for n in range(len(labels))], list("abcd"))
    assert sorted(found.rows) == [n for n, row in enumerate(probabilities) if row.max() > row[labels[n]]]
    assert 0 <= found.confident <= found.estimated <= len(found)


@pytest.mark.parametrize(
    ("probabilities", "labels", "said"),
    [
        ([[0.5, 0.5]], [0, 1], "a row for each of 2 labels"),
        ([[1.0], [1.0]], [0, 0], "a column for each of 2 classes"),
        ([[np.nan, 1], [0, 1]], [0, 1], "not between 0 and 1"),
        ([[3, -1], [0, 1]], [0, 1], "not between 0 and 1"),
        ([[1, 0], [0, 1]], [0, 2], "indices of the 2 classes"),
    ],
)
def test_what_does_not_fit_is_one_sentence(probabilities, labels, said):
    with pytest.raises(ModelError, match=rf"^\w+= .*{said}.*\.$"):
        find_suspects(probabilities, labels, ["1", "2"], ["a", "b"])


def test_cleanlab_is_loaded_only_when_it_is_needed():
    code = "import sys, models.labelling.wrong_labels; print('cleanlab' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split()[-1] == "False"
