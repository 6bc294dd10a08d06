"""Every lesson, run through on a sample: what it writes, what it returns, what it refuses.

The costly half is marked `slow`; the tests of each of these lessons' parts and of its own file are not.
"""

import contextlib
import importlib
import io
import json
import re

from tutorials.lesson.command import LessonError

import keras
import numpy as np
import pytest
from PIL import Image

from datasets import DataError
from models import ModelError
from tutorials import __main__ as listing
from tutorials.lesson import command, conclusions, rescore
from tutorials.lesson.report import Report
from tutorials.predict import load

RESULTS = {
    "convolution": {
        "largest_difference",
        "test_error",
        "parameters",
        "sizes_agreeing",
        "sizes_compared",
    },
    "losses": {
        "squared_error_test_accuracy",
        "cross_entropy_test_accuracy",
        "squared_error_wrong_start_test_accuracy",
        "cross_entropy_wrong_start_test_accuracy",
        "best_rates_inside",
        "largest_gradient_difference",
        *(
            f"{network}_{measure}"
            for network in ("nn1", "nn2")
            for measure in ("classification_error", "squared_error", "cross_entropy")
        ),
    },
    "gradient_descent": {
        "test_accuracy",
        "parameters",
        "largest_gradient_difference",
        "largest_loss_difference",
        "left_valley_loss",
        "right_valley_loss",
        "sgd_surface_loss",
        "momentum_surface_loss",
        "adam_surface_loss",
        "momentum_settings_better",
        "adam_settings_better",
    },
    "digits": {"test_accuracy", "parameters", "fit_seconds"},
    "dense_vs_conv": {
        "mlp_20_parameters",
        "mlp_256_parameters",
        "dense_layer_parameters",
        "conv_layer_parameters",
        "dense_test_error",
        "conv_test_error",
    },
    "invariance": {
        f"{network}{perturbed}_test_accuracy"
        for network in (
            "dense",
            "convolutional",
            "augmented_dense",
            "augmented_convolutional",
            "unpooled",
            "pooled",
        )
        for perturbed in ("", "_perturbed")
    },
    "column_shuffle": {
        f"{network}_{task}{shuffled}_test_accuracy"
        for network in ("dense", "convolutional")
        for task in ("digits", "customers")
        for shuffled in ("", "_shuffled")
    },
    "sentiment": {
        "test_accuracy",
        "parameters",
        "fit_seconds",
        "linear_test_accuracy",
        "linear_fit_seconds",
    },
    "video": {
        f"{network}_{measure}"
        for network in ("frame_by_frame", "lstm", "conv3d")
        for measure in ("test_accuracy", "shuffled_test_accuracy", "parameters")
    },
    "few_examples": {
        "test_accuracy",
        "frozen_test_accuracy",
        "scratch_test_accuracy",
        "not_fine_tuned_test_accuracy",
        "new_layer_test_accuracy",
        "new_layer_frozen_test_accuracy",
        "new_layer_at_once_test_accuracy",
        "gain_over_scratch",
        "gain_over_scratch_spread",
        "gain_over_not_fine_tuned",
        "gain_over_not_fine_tuned_spread",
        "trained_parameters",
        "frozen_trained_parameters",
    },
    "fine_tune": {
        "test_accuracy",
        "baseline_test_accuracy",
        "cross_validation_accuracy",
        "balanced_accuracy",
        "share_of_fine_tuned",
        "photos_used",
        "photos_set_aside",
        "parameters",
        "features_seconds",
        "probes_seconds",
        "measuring_seconds",
        "activations_seconds",
        "fold_1_seconds",
        "fold_2_seconds",
        "fold_3_seconds",
    },
    "classify_texts": {
        "test_accuracy",
        "majority_test_accuracy",
        "words_test_accuracy",
        "balanced_accuracy",
        "calibration_error",
        "suspects_shown",
        "fit_seconds",
        "wrong_labels",
        "wrong_labels_found",
    },
    "knobs": {
        "test_accuracy",
        "baseline_test_accuracy",
        "baseline_parameters",
        "baseline_multiply_adds",
        "features_effect",
        "kernel_size_effect",
        "pool_size_effect",
        "pool_stride_effect",
        "dense_units_effect",
        "architecture_effect",
    },
    "word2vec": {
        "test_accuracy",
        "ppmi_test_accuracy",
        "untrained_test_accuracy",
        "bag_test_accuracy",
        "few_labels_test_accuracy",
        "few_labels_ppmi_test_accuracy",
        "few_labels_bag_test_accuracy",
        "lstm_test_accuracy",
        "lstm_from_vectors_test_accuracy",
        "purity_share",
        "ppmi_purity_share",
        "untrained_purity_share",
        "opposites_share",
        "analogies",
        "analogies_right",
        "parameters",
    },
    "reinforcement": {
        "parameters",
        "value_error",
        "largest_value_error",
        "untrained_value_error",
        "optimal_return",
        "lost_return",
        "untrained_lost_return",
        "random_lost_return",
        "truncation_value_error",
        "limit_as_end_value_error",
        "predicted_limit_as_end_value_error",
        "limit_as_end_prediction_error",
        *(
            f"{setting}_{measure}"
            for setting in ("with_both", "without_target_network", "without_replay", "without_either")
            for measure in ("error", "largest_value")
        ),
    },
    "forgetting": {
        "parameters",
        *(
            f"{kind}_{measure}"
            for kind in ("split", "permuted")
            for measure in ("joint_test_accuracy", "untrained_test_accuracy")
        ),
        *(
            f"{kind}_{way}_{measure}"
            for kind in ("split", "permuted")
            for way in ("nothing", "ewc", "replay")
            for measure in ("test_accuracy", "forgetting", "transfer")
        ),
    },
    "gan": {
        "generator_loss",
        "discriminator_loss",
        "generator_parameters",
        "discriminator_parameters",
        "smallest_class",
        "copied",
        "neighbour_distance",
        "held_out_neighbour_distance",
        *(
            f"{kind}{measure}"
            for kind in ("", "real_", "held_out_", "early_", "collapsed_", "cured_", "noise_")
            for measure in ("confident", "largest_class", "entropy", "frechet_distance")
            if (kind, measure) != ("held_out_", "frechet_distance")
        ),
    },
    "labels": {
        "test_accuracy",
        *(
            f"{way}_{measure}"
            for way in ("random", "margin", "k_center", "margin_with_diversity")
            for measure in ("labels_needed", "early_test_accuracy", "late_test_accuracy")
        ),
        "random_start_test_accuracy",
        "centers_start_test_accuracy",
        "pseudo_test_accuracy",
        "wrong_pseudo_share",
        "biased_test_accuracy",
        "unbiased_test_accuracy",
    },
    "sound": {
        "test_accuracy",
        "convnet_test_accuracy",
        "shuffled_test_accuracy",
        "statistics_test_accuracy",
        "whole_spectrogram_test_accuracy",
        "mean_spectrum_test_accuracy",
        "chance_test_accuracy",
        "parameters",
    },
    "x_or_o": {"test_accuracy", "by_hand_test_accuracy", "by_hand_clean_accuracy", "parameters"},
    "receptive_field": {
        "stacks",
        "stacks_that_agree",
        "conv_pool_pixels",
        "second_pool_pixels",
        "theoretical_pixels",
        "effective_pixels_before",
        "effective_pixels_after",
        "convnet_test_accuracy",
        "two_block_test_accuracy",
        "lenet5_test_accuracy",
    },
    "look_inside": {
        "test_accuracy",
        "parameters",
        "edge_filters_share",
        "maximized_share",
        "zero_activations_share",
        "one_class_share",
        "saliency_drop",
        "grad_cam_drop",
        "occlusion_drop",
        "random_drop",
        "neighbours_by_pixels",
        "neighbours_by_hidden",
        "untrained_edge_filters_share",
        "untrained_maximized_share",
        "untrained_zero_activations_share",
        "untrained_one_class_share",
        "untrained_neighbours_by_hidden",
        "untrained_conv1_correlation",
        "untrained_conv2_correlation",
        "saliency_left",
        "grad_cam_left",
        "occlusion_left",
        "occlusion_without_its_sign_left",
        "conv1_early_correlation",
        "conv2_early_correlation",
    },
}
FIGURES = {
    "convolution": {
        "filtering_the_x",
        "small_images",
        "photograph",
        "padding_and_strides",
        "sequence_and_volume",
        "activations",
        "learned_kernel",
        "test_images",
    },
    "losses": {"two_networks", "loss_and_gradient", "training"},
    "gradient_descent": {"loss_curve", "loss_surface", "training"},
    "digits": {"inputs", "learning_curves", "confusion_matrix", "mistakes"},
    "dense_vs_conv": {"counts", "test_images", "learned_weights"},
    "invariance": {"inputs", "dense_and_convolutional", "augmentation", "pooling"},
    "column_shuffle": {"shuffled_digits", "accuracy"},
    "sentiment": {
        "learning_curves",
        "confusion_matrix",
        "accuracy_by_length",
        "neighbourhoods",
        "moved_words",
    },
    "video": {"clips", "accuracy", "learning_curves"},
    "few_examples": {"learning_curve", "few_examples", "corrected_mistakes"},
    "fine_tune": {
        "augmentation",
        "curves",
        "confusion_matrix",
        "class_scores",
        "calibration",
        "grad_cam",
        "mistakes",
        "more_photos",
    },
    "classify_texts": {"confusion_matrix", "class_scores", "calibration", "weights", "moved_words"},
    "knobs": {"knobs"},
    "word2vec": {"sampling", "training", "neighbours", "map", "labels"},
    "reinforcement": {"q_values", "triad", "time_limit"},
    "forgetting": {"split_digits", "permuted_digits"},
    "labels": {"curves", "choices", "pitfalls"},
    "gan": {"losses", "samples", "classes", "neighbours"},
    "sound": {
        "waveforms_and_spectrograms",
        "learning_curves",
        "confusion_matrix",
        "first_kernels",
        "shuffled",
        "baselines",
    },
    "x_or_o": {"stack", "accuracy", "letters", "kernels_and_votes"},
    "receptive_field": {"formula_and_gradient", "growth", "effective"},
    "look_inside": {
        "filters",
        "maximized_activations",
        "feature_maps",
        "neurons",
        "maps",
        "sanity",
        "hidden_map",
        "training",
    },
}


def takes(lesson):
    return set(importlib.import_module(f"tutorials.{lesson}").main.__annotations__)


def teach(lesson, **settings):
    if "data" in takes(lesson):
        settings = {"data": "embedded"} | settings
    return importlib.import_module(f"tutorials.{lesson}").main(**settings)


# A second run of these too would take minutes. The tests of the site compare two runs of every lesson, as a
# notebook and as a script, so that even CI leaves it out
SECOND_RUN_IS_SLOW = set(RESULTS) - {"digits"}
FIRST_RUN_IS_SLOW = {
    *("classify_texts", "convolution", "few_examples", "fine_tune", "forgetting", "gan", "look_inside"),
    *("losses", "sentiment", "sound", "video", "word2vec"),
}
ONCE = [pytest.param(name, marks=pytest.mark.slow if name in FIRST_RUN_IS_SLOW else ()) for name in RESULTS]
AGAIN = pytest.mark.slow, pytest.mark.long
SAID, OUTCOMES = {}, {}  # what each lesson printed and returned in its quick run


@pytest.fixture(scope="module", params=ONCE)
def run(request, tmp_path_factory):
    """One quick run of each lesson: (its name, its folder, its metrics)."""
    outputs = tmp_path_factory.mktemp("outputs")
    said = io.StringIO()
    with contextlib.redirect_stdout(said), pytest.MonkeyPatch.context() as patch:
        # What needs a fresh process is tested in test_rescore.py and test_fine_tune.py
        patch.setattr(rescore, "_ask", lambda request, _: rescore.main(request))
        OUTCOMES[request.param] = teach(request.param, quick=True, outputs=outputs, seed=7)
    SAID[request.param] = said.getvalue()
    return request.param, outputs / request.param, OUTCOMES[request.param].metrics


@pytest.fixture
def undrawn(monkeypatch):
    """Leave out the figures, which `run` has drawn, where other results of a lesson are looked at."""
    monkeypatch.setattr(Report, "figure", lambda report, name, axes: None)


def test_every_lesson_is_here():
    assert [*listing.LESSONS] == sorted(RESULTS, key=[*listing.LESSONS].index)


def test_the_map_of_the_course_has_every_lesson_behind_those_it_builds_on(capsys):
    order = [*listing.LESSONS]
    assert [lesson for lessons in listing.in_parts().values() for lesson in lessons] == order
    assert [*listing.in_parts()] == [*listing.PARTS]
    for lesson, others in listing.BUILDS_ON.items():
        assert all(order.index(other) < order.index(lesson) for other in others), lesson
    listing.main()
    said = capsys.readouterr().out
    for lesson in order:
        assert f"python -m tutorials.{lesson} " in said


def test_metrics_hold_what_they_should(run):
    lesson, folder, returned = run
    metrics = json.loads((folder / "metrics.json").read_text(encoding="utf-8"))
    assert metrics == returned
    assert set(metrics) == {
        "lesson", "results", "bands", "conclusions", "finding", "settings", "data", "environment", "seconds"
    }  # fmt: skip
    assert metrics["lesson"] == lesson
    assert set(metrics["results"]) == RESULTS[lesson]
    assert all(np.isfinite(value) for value in metrics["results"].values())
    assert metrics["finding"].endswith(".")
    assert set(metrics["data"]) == {"source", "examples"}
    assert metrics["data"]["examples"] > 0
    assert metrics["settings"]["seed"] == 7
    assert metrics["settings"]["quick"] is True
    assert metrics["environment"]["keras"] == keras.__version__
    assert {"backend", "processors"} <= set(metrics["environment"])
    assert metrics["seconds"] > 0


def test_conclusions_are_of_results_that_the_lesson_gives(run):
    lesson, _, metrics = run
    assert (metrics["bands"], metrics["conclusions"]) == ({}, [])  # nothing is expected of a quick run
    found = json.loads(conclusions.CONCLUSIONS.read_text(encoding="utf-8"))[lesson]
    for by_model in found.values():
        for one in (each for listed in by_model.values() for each in listed):
            assert conclusions.names(one["when"]) <= set(metrics["results"]), one["says"]


def test_the_run_is_returned_as_it_was_written(run):
    lesson, folder, metrics = run
    outcome = OUTCOMES[lesson]
    assert outcome.results == metrics["results"]
    assert outcome.folder == folder
    assert set(outcome.figures) == {file.stem for file in folder.iterdir() if file.suffix in (".png", ".gif")}
    saved = folder / "model.keras"
    assert saved.exists() == (outcome.model is not None)
    if saved.exists():
        for kept, returned in zip(
            keras.saving.load_model(saved).get_weights(), outcome.model.get_weights(), strict=True
        ):
            np.testing.assert_array_equal(kept, returned)


def test_figures_are_there_and_show_something(run):
    lesson, folder, _ = run
    assert {file.stem for file in folder.glob("*.png")} == FIGURES[lesson]
    for file in folder.glob("*.png"):
        pixels = np.asarray(Image.open(file).convert("L"))
        assert pixels.std() > 10, file
        assert min(pixels.shape) >= 300, file


def test_every_sentence_of_conclusion_is_listed_and_true(run, claims):
    lesson, _, metrics = run
    said = {name: figure.get_suptitle() for name, figure in OUTCOMES[lesson].figures.items()}
    said["finding"] = metrics["finding"]
    assert set(said) == set(claims.CLAIMS[lesson])
    for name, sentence in said.items():
        holds = claims.CLAIMS[lesson][name]
        if holds is not claims.CAPTION:
            text = " ".join(sentence.split())
            assert holds(text, claims.numbers(text), metrics["results"]), (name, text)
            # With results in another order the same sentence is false
            other = {key: 0.3 - 0.6 * value for key, value in metrics["results"].items()}
            if name not in claims.CONSTANT:
                assert not holds(text, claims.numbers(text), other), (name, text)


def test_nothing_else_is_left_behind(run):
    _, folder, _ = run
    assert [entry.name for entry in folder.parent.iterdir()] == [folder.name]


@pytest.mark.parametrize("lesson", RESULTS)
def test_every_lesson_takes_the_common_flags(lesson):
    assert {"seed", "quick", "outputs"} <= takes(lesson)


@pytest.mark.parametrize(
    "run",
    [pytest.param(lesson, marks=AGAIN if lesson in SECOND_RUN_IS_SLOW else ()) for lesson in RESULTS],
    indirect=True,
    scope="module",
)
def test_the_same_seed_gives_the_same_digits(run, undrawn, tmp_path):
    lesson, _, before = run
    again = teach(lesson, quick=True, outputs=tmp_path, seed=7).metrics
    assert {k: v for k, v in again["results"].items() if not k.endswith("_seconds")} == {
        k: v for k, v in before["results"].items() if not k.endswith("_seconds")
    }


@pytest.mark.parametrize(
    "model", ["mlp", *(pytest.param(model, marks=pytest.mark.slow) for model in ("two_block", "lenet5"))]
)
def test_digits_saves_any_model_so_that_it_loads(model, undrawn, tmp_path):
    metrics = teach("digits", model=model, quick=True, outputs=tmp_path).metrics
    lesson, loaded, names = load(tmp_path / "digits")
    assert lesson == "digits"
    assert names == list("0123456789")
    assert loaded.count_params() == metrics["results"]["parameters"]
    assert loaded.name == model


def test_digits_never_trains_on_a_test_image(run, undrawn, tmp_path, monkeypatch):
    """Poison the test labels: whatever else changes, the trained weights must not."""
    lesson, folder, _ = run
    if lesson != "digits":
        return
    from datasets import digits

    load_data, poisonings = digits.load_data, []

    def poisoned(source):
        train, (x_test, y_test) = load_data(source)
        poisonings.append(source)
        return train, (x_test[::-1], (y_test + 1) % 10)

    monkeypatch.setattr(digits, "load_data", poisoned)
    teach("digits", quick=True, outputs=tmp_path, seed=7)
    assert len(poisonings) == 1
    clean, other = (load(path)[1] for path in (folder, tmp_path / "digits"))
    for one, two in zip(clean.get_weights(), other.get_weights(), strict=True):
        np.testing.assert_array_equal(one, two)


@pytest.mark.slow
def test_digits_on_embedded_data_reaches_97_percent(tmp_path, capsys):
    metrics = teach("digits", outputs=tmp_path).metrics
    assert metrics["results"]["test_accuracy"] >= 0.97
    said = capsys.readouterr().out
    assert "inside the expected band" in said
    assert "302,794      as expected" in said
    assert "OUTSIDE" not in said


def test_dense_vs_conv_counts_are_the_lectures(run):
    lesson, _, metrics = run
    if lesson != "dense_vs_conv":
        return
    results = metrics["results"]
    assert results["mlp_20_parameters"] == 861
    assert results["mlp_256_parameters"] == 1_311_181
    assert results["dense_layer_parameters"] == 1_048_576
    assert results["conv_layer_parameters"] == 441
    assert "(20+1)·20 + (20+1)·20 + (20+1)·1 = 861 parameters" in SAID[lesson]
    assert SAID[lesson].count("Total params:") == 4


@pytest.mark.slow
def test_dense_vs_conv_finds_the_laplacian(tmp_path, capsys):
    results = teach("dense_vs_conv", outputs=tmp_path).results
    assert results["dense_test_error"] > 100 * results["conv_test_error"]
    said = capsys.readouterr().out
    assert "inside the expected band" in said and "OUTSIDE" not in said


def test_receptive_field_counts_the_sixteen_pixels_and_the_erratums(run):
    lesson, _, metrics = run
    if lesson != "receptive_field":
        return
    results = metrics["results"]
    assert (results["conv_pool_pixels"], results["second_pool_pixels"]) == (16, 36)
    assert results["stacks_that_agree"] == results["stacks"]
    assert results["effective_pixels_after"] < results["theoretical_pixels"] == 256
    assert isinstance(results["stacks_that_agree"], int)
    assert "It is 6 × 6, 36 of 49 pixels" in SAID[lesson]


@pytest.mark.parametrize("lesson", RESULTS)
@pytest.mark.parametrize(
    ("bad", "said"),
    [
        ({"epochs": 0}, "epochs= must be more than 0, not 0"),
        ({"batch_size": -3}, "batch_size= must be more than 0, not -3"),
        ({"learning_rate": 0.0}, "learning_rate= must be more than 0, not 0"),
        ({"train_images": 0}, "train_images= must be (more than 0|10 or more|20 or more), not 0"),
        ({"repeats": 0}, "repeats= must be more than 0, not 0"),
        ({"search": -1.0}, "search= must be from 0 to 31536000, not -1"),
        ({"seed": -1}, r"seed= must be from 0 to \d+, not -1"),
    ],
)
def test_impossible_settings_are_refused_and_nothing_is_written(lesson, bad, said, tmp_path, collect):
    if not set(bad) <= takes(lesson):
        return  # this lesson has no such setting to refuse
    with pytest.raises(LessonError, match=said):
        teach(lesson, outputs=tmp_path / "new", **bad)
    collect()
    assert not list(tmp_path.rglob("*.*"))


def test_bad_data_leaves_the_last_results_as_they_were(run, tmp_path, collect):
    lesson, folder, _ = run
    if lesson != "digits":
        return
    before = {file.name: file.read_bytes() for file in folder.iterdir()}
    with pytest.raises(DataError, match="nowhere"):
        teach("digits", data=str(tmp_path / "nowhere"), outputs=folder.parent)
    collect()
    assert {file.name: file.read_bytes() for file in folder.iterdir()} == before
    assert [entry.name for entry in folder.parent.iterdir()] == [folder.name]


@pytest.mark.slow
@pytest.mark.parametrize(
    ("model", "bar"), [("convnet", 0.990), pytest.param("mlp", 0.982, marks=pytest.mark.long)]
)
def test_digits_on_mnist_reach_what_the_readme_says(model, bar, mnist_folder, tmp_path, capsys):
    """With one seed; `benchmarks/seeds.py` measures the spread over five."""
    results = teach("digits", model=model, data=str(mnist_folder), outputs=tmp_path).results
    assert results["test_accuracy"] >= bar
    assert "OUTSIDE" not in capsys.readouterr().out


@pytest.mark.slow
def test_convolution_learns_sobels_nine_numbers(tmp_path, capsys):
    metrics = teach("convolution", outputs=tmp_path).metrics
    results = metrics["results"]
    assert results["largest_difference"] < 0.01
    assert results["test_error"] < 1e-5
    assert results["parameters"] == 9
    assert results["sizes_agreeing"] == results["sizes_compared"] == 2630
    assert f"largest difference {results['largest_difference']:.1g}" in metrics["finding"]
    assert "a layer learned the kernel" in metrics["finding"]
    said = capsys.readouterr().out
    assert "inside the expected band" in said and "OUTSIDE" not in said


def test_convolution_refuses_what_it_cannot_use_in_a_sentence(tmp_path, undrawn):
    pixels = np.zeros((2, 2, 3), "uint8")
    Image.fromarray(pixels).save(tmp_path / "tiny.png")
    with pytest.raises(DataError, match="nowhere.jpg does not exist"):
        teach("convolution", photo="nowhere.jpg", quick=True, outputs=tmp_path)
    with pytest.raises(ModelError, match="kernel of 3 x 3 does not fit into 2 x 2"):
        teach("convolution", photo=str(tmp_path / "tiny.png"), quick=True, outputs=tmp_path)
    with pytest.raises(LessonError, match="learning_rate= must be more than 0, not 0"):
        teach("convolution", learning_rate=0, outputs=tmp_path)
    with pytest.raises(LessonError, match="train_images= must be 10 or more, not 9"):
        teach("convolution", train_images=9, outputs=tmp_path)


def test_losses_print_the_lectures_table(run):
    lesson, _, metrics = run
    if lesson != "losses":
        return
    results = metrics["results"]
    assert results["nn1_squared_error"] == pytest.approx(0.76 / 3)
    assert results["nn2_squared_error"] == pytest.approx(2.12 / 3)
    assert results["largest_gradient_difference"] < 1e-12
    for printed in "0.33", "0.25", "0.71", "0.38", "1.06":
        assert f" {printed} " in SAID[lesson]
    assert "uses 200: 180 to fit, 20 as the validation split" in SAID[lesson]
    title = OUTCOMES[lesson].figures["two_networks"].get_suptitle()
    assert title.endswith(f"{results['nn2_cross_entropy'] / results['nn1_cross_entropy']:.1f} times as high")
    assert results["nn1_classification_error"] == results["nn2_classification_error"]
    title = OUTCOMES[lesson].figures["training"].get_suptitle()
    assert " ".join(title.split()) in metrics["finding"]


def test_gradient_descent_trains_as_keras_does_and_shows_it_moving(run):
    lesson, folder, metrics = run
    if lesson != "gradient_descent":
        return
    assert metrics["results"]["largest_gradient_difference"] < 1e-5
    assert metrics["results"]["largest_loss_difference"] < 1e-4
    assert "at -3 the derivative is -4.00: move right" in SAID[lesson]
    assert "at +3 the derivative is +3.50: move left" in SAID[lesson]
    with Image.open(folder / "descent.gif") as film:
        assert film.n_frames == 5  # the start, and 4 steps of a quick run
    assert (folder / "descent.gif").stat().st_size < 1e6


def test_x_or_o_prints_the_lectures_numbers(run):
    lesson, _, metrics = run
    if lesson != "x_or_o":
        return
    assert metrics["results"]["by_hand_clean_accuracy"] == 1
    assert metrics["results"]["parameters"] == 56
    assert "backslash  1.00 0.55 0.55 1.00" in SAID[lesson]
    assert "crossing   1.00 0.55 0.55 0.55" in SAID[lesson]
    assert "slash      0.55 1.00 1.00 0.55" in SAID[lesson]
    assert "in total 0.57" in SAID[lesson]


@pytest.mark.slow
def test_x_or_o_trained_tells_what_it_cannot_by_hand(tmp_path, capsys):
    results = teach("x_or_o", outputs=tmp_path).results
    assert results["by_hand_test_accuracy"] < 0.6
    assert results["test_accuracy"] >= 0.98
    assert "OUTSIDE" not in capsys.readouterr().out


@pytest.mark.slow
def test_sound_tells_tones_apart_and_shuffled_rows_cost(tmp_path, capsys):
    metrics = teach("sound", outputs=tmp_path).metrics
    results = metrics["results"]
    assert results["test_accuracy"] >= 0.97
    assert results["convnet_test_accuracy"] > results["shuffled_test_accuracy"] + 0.01
    assert results["chance_test_accuracy"] == pytest.approx(0.2)
    linear = max(
        results[f"{name}_test_accuracy"] for name in ("statistics", "whole_spectrogram", "mean_spectrum")
    )
    assert 0.6 < linear < results["shuffled_test_accuracy"] - 0.1
    assert "the network is better than the best linear model" in metrics["finding"]
    assert results["parameters"] == 72_533
    assert (
        f"{results['shuffled_test_accuracy']:.1%} with their rows of frequency shuffled" in metrics["finding"]
    )
    assert "OUTSIDE" not in capsys.readouterr().out


def test_video_by_separate_frames_is_at_chance_even_when_quick(run):
    lesson, folder, metrics = run
    if lesson != "video":
        return
    results = metrics["results"]
    assert (
        results["frame_by_frame_test_accuracy"] == results["frame_by_frame_shuffled_test_accuracy"] == 0.125
    )
    assert isinstance(results["lstm_parameters"], int)
    with Image.open(folder / "predictions.gif") as film:
        assert film.n_frames == 8
    assert (folder / "predictions.gif").stat().st_size < 1e6
    model = keras.saving.load_model(folder / "model.keras", safe_mode=True)
    assert len(json.loads((folder / "labels.json").read_text())) == model.output_shape[-1] == 8


@pytest.mark.slow
@pytest.mark.long
def test_video_tells_the_order_of_frames(tmp_path):
    results = teach("video", seed=1, outputs=tmp_path).results
    assert results["frame_by_frame_test_accuracy"] == pytest.approx(0.125, abs=0.05)
    for network in "lstm", "conv3d":
        assert results[f"{network}_test_accuracy"] >= 0.97
        assert results[f"{network}_shuffled_test_accuracy"] == pytest.approx(0.125, abs=0.05)


@pytest.mark.parametrize(
    ("lesson", "flags", "status", "said"),
    [
        ("x_or_o", ["--rotation", "abc"], 2, "--rotation: could not convert string to float: 'abc'"),
        ("x_or_o", ["--weight", "-1"], 1, "weight must be from 0 to 2"),
        ("x_or_o", ["--train-letters", "-5"], 1, "--train-letters must be more than 0, not -5"),
        ("convolution", ["--learning-rate", "0"], 1, "--learning-rate must be more than 0, not 0"),
        ("convolution", ["--train-images", "-9"], 1, "must be 10 or more, not -9"),
        ("gradient_descent", ["--learning-rate", "0"], 1, "--learning-rate must be more than 0, not 0"),
        ("knobs", ["--repeats", "two"], 2, "--repeats: invalid literal for int() with base 10: 'two'"),
        ("sound", ["--hertz", "fast"], 2, "--hertz: invalid literal for int() with base 10: 'fast'"),
        ("sound", ["--seconds", "0"], 1, "--seconds must be more than 0, not 0"),
        ("sound", ["--seconds", "0.3"], 1, "Tones need --seconds of 0.5 or more"),
        ("sound", ["--decibels", "nan"], 1, "--decibels must be from -100 to 100, not nan"),
        ("sound", ["--data", "nowhere"], 1, "nowhere does not exist"),
        ("video", ["--train-clips", "100"], 1, "train= must be a multiple of 8"),
        ("video", ["--train-clips", "8"], 1, "--train-clips must be 16 or more, not 8"),
        ("video", ["--frames", "3"], 1, "frames must be from 4 to 64, not 3"),
        ("video", ["--noise", "loud"], 2, "--noise: could not convert string to float: 'loud'"),
        ("losses", ["--data", "nowhere"], 1, "nowhere does not exist"),
    ],
)
def test_bad_flags_get_one_sentence(lesson, flags, status, said, tmp_path, monkeypatch, capsys, collect):
    main = importlib.import_module(f"tutorials.{lesson}").main
    monkeypatch.setattr("sys.argv", [lesson, *flags, "--outputs", str(tmp_path / "new")])
    with pytest.raises(SystemExit) as stop:
        command.run(main)
    assert stop.value.code == status
    del stop  # it holds the run, whose unfinished results go with it
    collect()
    error = capsys.readouterr().err
    if status == 2:  # tyro's own message, in a box as wide as the terminal
        error = " ".join(re.sub(r"[│╭╮╰╯─]|--{4,}", " ", error).split())
        assert error.startswith("Value error Error parsing") or "Unrecognized" in error
    else:
        assert error.startswith("Error: ")
        assert error.count("\n") == 1
    assert said in error
    assert not list(tmp_path.rglob("*.*"))


@pytest.mark.slow
@pytest.mark.parametrize(
    "lesson",
    [
        "receptive_field",
        *(
            pytest.param(lesson, marks=pytest.mark.long)
            for lesson in ("invariance", "losses", "column_shuffle", "knobs", "gan")
        ),
    ],
)
def test_lessons_on_mnist_lie_in_their_bands(lesson, mnist_folder, tmp_path, capsys):
    results = teach(lesson, data=str(mnist_folder), outputs=tmp_path).results
    said = capsys.readouterr().out
    assert "inside the expected band" in said
    assert "OUTSIDE" not in said
    if lesson == "losses":
        assert results["best_rates_inside"] == 4
        usual, wrong = (
            results[f"cross_entropy{start}_test_accuracy"] - results[f"squared_error{start}_test_accuracy"]
            for start in ("", "_wrong_start")
        )
        assert abs(usual) < 0.03 < 0.08 < wrong
    if lesson == "receptive_field":
        assert results["effective_pixels_after"] < results["theoretical_pixels"]
    if lesson == "invariance":
        accuracy = {name.removesuffix("_perturbed_test_accuracy"): results[name] for name in results}
        assert accuracy["dense"] < accuracy["convolutional"] < accuracy["augmented_convolutional"]
        assert accuracy["unpooled"] < accuracy["pooled"]
    if lesson == "column_shuffle":
        lost = {
            name: results[f"{name}_test_accuracy"] - results[f"{name}_shuffled_test_accuracy"]
            for name in ("dense_digits", "convolutional_digits", "dense_customers")
        }
        assert lost["convolutional_digits"] > 0.04
        assert abs(lost["dense_digits"]) < 0.01
        assert abs(lost["dense_customers"]) < 0.01
        assert results["dense_customers_test_accuracy"] > results["convolutional_customers_test_accuracy"]
        assert results["dense_digits_test_accuracy"] > results["convolutional_digits_shuffled_test_accuracy"]
    if lesson == "knobs":
        assert results["kernel_size_effect"] == max(results[n] for n in results if n.endswith("_effect"))
