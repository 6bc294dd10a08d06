"""Every sentence of conclusion that a lesson prints or writes in a figure's title, and what holds it.

`CLAIMS[lesson][figure]` is a caption that concludes nothing, or a function of the sentence, its numbers and
the results of the run that is true when the sentence is. "finding" is the sentence at the end.
`test_lessons.py` asks each of them after each quick run; and a title that is not listed here fails.
"""

import re

CAPTION = "a caption, which concludes nothing"
# What is the same in each run, whatever a network learns; other tests hold it
CONSTANT = {"filtering_the_x", "small_images", "photograph", "sequence_and_volume"}


def numbers(text):
    """The numbers of a sentence in their order; those inside names, such as the 2 of NN2, are none."""
    found = re.findall(r"(?<![A-Za-z])-?\d[\d,.]*(?:e-?\d+)?(?<![,.])", text)
    return [float(one.replace(",", "")) for one in found]


def near(number, value, unit=1.0, places=0):
    """Whether a printed number is the value in a unit such as 100 (percent), rounded to so many places."""
    return abs(number - unit * value) <= 0.5001 * 10**-places + 1e-9


def percent(number, value, places=0):
    return near(number, value, 100, places)


def roughly(number, value):
    """Whether a number was printed with one digit."""
    return float(f"{value:.0e}") == number or abs(number - value) <= 0.06 * abs(value)


def change(text, before, after):
    """Whether "gains 1.5 points", "costs 7.1 points" or "changes nothing" is what happened."""
    size = f"{100 * abs(after - before):.1f}"
    word = "changes nothing" if size == "0.0" else f"{'gains' if after > before else 'costs'} {size} points"
    return word in text


def beside(text, value, mean):
    """Whether a share and its mean in untrained networks are those that were measured."""
    found = numbers(text.replace("conv1", "").replace("conv2", ""))
    words = ("more than in any", "less than in any", "within the range")
    low, high = found[-2:]
    told = [100 * value > high - 0.5, 100 * value < low + 0.5, low - 0.5 <= 100 * value <= high + 0.5]
    return percent(found[-3], mean) and any(word in text and so for word, so in zip(words, told, strict=True))


def losses_ahead(text, n, r):
    for sentence, start in zip(text.split(";"), ("", "_wrong_start"), strict=True):
        loss = {name: r[f"{name}{start}_test_accuracy"] for name in ("squared_error", "cross_entropy")}
        gap = loss["cross_entropy"] - loss["squared_error"]
        ahead = re.search(r"(squared error|cross-entropy) is ahead by ([\d.]+)", sentence)
        if ahead and (ahead[1] == "cross-entropy") != (gap > 0):
            return False
        if not near(float(re.search(r"by ([\d.]+)", sentence)[1]), abs(gap), 100, 1):
            return False
        if not ahead and "no loss is clearly ahead" not in sentence:
            return False
    return True


def optimizers(text, n, r):
    ends = {name: r[f"{name.lower()}_surface_loss"] for name in ("SGD", "momentum", "Adam")}
    order = sorted(ends, key=ends.get)
    return (
        f"{order[0]} ends lowest and {order[-1]} highest" in text
        and f"{r['momentum_settings_better']} of momentum and {r['adam_settings_better']} of Adam" in text
    )


def sanity(text, n, r):
    names = {"saliency": "saliency", "Grad-CAM": "grad_cam", "occlusion": "occlusion"}
    gone, stay = text.split(";")
    return all((name in gone) == (r[f"{key}_left"] < 0.5**0.5) for name, key in names.items()) and (
        "occlusion without its sign keeps" in stay
    ) == (r["occlusion_without_its_sign_left"] >= 0.5**0.5)


def augmentation(text, n, r):
    perturbed, plain = text.split(";")
    return all(
        change(part.split(" and ")[place], r[f"{name}{kind}"], r[f"augmented_{name}{kind}"])
        for part, kind in ((perturbed, "_perturbed_test_accuracy"), (plain, "_test_accuracy"))
        for place, name in enumerate(("dense", "convolutional"))
    )


def ahead_of(text, first, second):
    word = "ahead of" if first > second else "behind" if first < second else "level with"
    return word in text and f"{100 * abs(first - second):.1f} points" in text


def pooling(text, n, r):
    return all(
        change(part, r[f"unpooled{kind}_test_accuracy"], r[f"pooled{kind}_test_accuracy"])
        for part, kind in zip(text.split(", on plain"), ("_perturbed", ""), strict=True)
    )


def shuffling(text, name, r):
    on_digits, _, on_customers = re.sub(r"\s+", " ", text).partition(" on digits and ")
    return all(
        change(part, r[f"{name}_{task}_test_accuracy"], r[f"{name}_{task}_shuffled_test_accuracy"])
        for part, task in ((on_digits, "digits"), (on_customers, "customers"))
    )


def video(text, n, r):
    names = {"frame by frame": "frame_by_frame", "LSTM": "lstm", "Conv3D": "conv3d"}
    able = text.split(";")[0]
    # by chance the 80 clips of a quick run are up to 7.4 points above 1 / 8
    return all(
        r[f"{key}_test_accuracy"] > 1 / 8 if name in able else r[f"{key}_test_accuracy"] < 0.2
        for name, key in names.items()
    )


def knobs(text, n, r):
    effects = {name.removesuffix("_effect"): r[name] for name in r if name.endswith("_effect")}
    most, least = max(effects, key=effects.get), min(effects, key=effects.get)
    told = f"{most} moves the accuracy most" in text or f"most on {most}" in text
    told = told and f"{100 * effects[most]:.1f}" in text
    return told and ("least" not in text or f"and {least} least" in text)


def ways(text, kind, r):
    keys = "nothing", "ewc", "replay", "joint"
    said = zip(numbers(text), keys, strict=True)
    return all(percent(one, r[f"{kind}_{key}_test_accuracy"], 1) for one, key in said)


def largest_values(text, n, r):
    """No return is above 1, since an episode ends with its first reward, which is 1 or -1."""
    settings = ("with both", "without target network", "without replay", "without either")
    said = [f"{r[name.replace(' ', '_') + '_largest_value']:.1f} {name}" for name in settings]
    return ", ".join(said) in text and 0 < r["optimal_return"] <= 1


def limit_as_end(text, n, r):
    keys = "limit_as_end", "predicted_limit_as_end", "truncation"
    return numbers(text) == [round(r[f"{key}_value_error"], 3) for key in keys]


def percents(*keys, places=1):
    """The sentence's first numbers are these results in percent, in this order."""
    return lambda text, n, r: all(percent(one, r[key], places) for one, key in zip(n, keys, strict=False))


def against_the_linear(text, n, r):
    """Whether the network is ahead of the best linear model by as much as it says."""
    linear = max(r[f"{name}_test_accuracy"] for name in ("statistics", "whole_spectrogram", "mean_spectrum"))
    ahead = r["test_accuracy"] - linear
    return near(n[-1], ahead, 100, 1) and not (
        ("is better" in text and ahead <= 0) or ("is worse" in text and ahead >= 0)
    )


CLAIMS = {
    "convolution": {
        "filtering_the_x": lambda text, n, r: "9 of 147 outputs" in text,  # test_filtering.py counts them
        "small_images": lambda text, n, r: n[:2] == [0, 1],  # test_filtering.py: the slides' error
        "photograph": lambda text, n, r: n[0] == 11,
        "padding_and_strides": lambda text, n, r: n == [r["sizes_agreeing"], r["sizes_compared"]],
        "sequence_and_volume": lambda text, n, r: "finds 3 motifs" in text,  # test_filtering.py
        "activations": CAPTION,  # mathematics; test_activations.py holds the derivatives
        "learned_kernel": lambda text, n, r: roughly(n[-1], r["largest_difference"]),
        "test_images": lambda text, n, r: roughly(n[-1], r["test_error"]),
        "finding": lambda text, n, r: (
            ("a layer learned" in text) == (r["largest_difference"] < 0.01)
            and n[-2:] == [r["sizes_agreeing"], r["sizes_compared"]]
        ),
    },
    "x_or_o": {
        "accuracy": lambda text, n, r: ahead_of(text, r["test_accuracy"], r["by_hand_test_accuracy"]),
        "stack": CAPTION,
        "letters": CAPTION,  # counts of what is drawn in orange
        "kernels_and_votes": CAPTION,  # the correlation of what is drawn
        "finding": lambda text, n, r: (
            percent(n[0], r["by_hand_test_accuracy"], 1)
            and percent(n[1], r["test_accuracy"], 2)
            and percent(n[2], r["by_hand_clean_accuracy"])
        ),
    },
    "losses": {
        "two_networks": lambda text, n, r: (
            near(n[-1], r["nn2_cross_entropy"] / r["nn1_cross_entropy"], 1, 1)
            and r["nn1_classification_error"] == r["nn2_classification_error"]
        ),
        "loss_and_gradient": CAPTION,  # mathematics; test_loss_functions.py holds it
        "training": losses_ahead,
        "finding": lambda text, n, r: (
            losses_ahead(text.partition(". ")[2], n, r)
            and n[:2] == [round(r["nn1_cross_entropy"], 2), round(r["nn2_cross_entropy"], 2)]
            and r["nn1_classification_error"] == r["nn2_classification_error"]
        ),
    },
    "gradient_descent": {
        "loss_curve": lambda text, n, r: (
            near(n[0], r["left_valley_loss"], 1, 2)
            and near(n[1], r["right_valley_loss"], 1, 2)
            and ("does not" in text) == (abs(n[0] - n[1]) < 0.1)
        ),
        "descent": CAPTION,
        "loss_surface": optimizers,
        "training": percents("test_accuracy"),
        "finding": lambda text, n, r: optimizers(text, n, r) and percent(n[-1], r["test_accuracy"], 1),
    },
    "dense_vs_conv": {
        "counts": lambda text, n, r: n[0] == r["dense_layer_parameters"] // r["conv_layer_parameters"],
        "test_images": lambda text, n, r: near(n[0], r["dense_test_error"] / r["conv_test_error"], 1, 1),
        "learned_weights": lambda text, n, r: (
            r["dense_layer_parameters"] == 32**4 and r["conv_layer_parameters"] == 21**2
        ),
        "finding": lambda text, n, r: (
            abs(n[0] / n[1] / (r["dense_test_error"] / r["conv_test_error"]) - 1) < 0.1
        ),
    },
    "digits": {
        "inputs": CAPTION,
        "learning_curves": CAPTION,  # the last number of the curve
        "confusion_matrix": lambda text, n, r: near(n[0], 1 - r["test_accuracy"], n[1]),
        "mistakes": CAPTION,
        "finding": lambda text, n, r: n[0] == r["parameters"] and percent(n[1], r["test_accuracy"], 2),
    },
    "receptive_field": {
        "formula_and_gradient": lambda text, n, r: n == [r["stacks_that_agree"], r["stacks"]],
        "growth": lambda text, n, r: n[:2] == [r["effective_pixels_after"], r["theoretical_pixels"]],
        "effective": lambda text, n, r: r["effective_pixels_after"] < r["theoretical_pixels"],
        "finding": lambda text, n, r: (
            [n[0], *n[-2:]]
            == [r["theoretical_pixels"], r["effective_pixels_before"], r["effective_pixels_after"]]
        ),
    },
    "look_inside": {
        "filters": lambda text, n, r: beside(
            text, r["edge_filters_share"], r["untrained_edge_filters_share"]
        ),
        "maximized_activations": lambda text, n, r: beside(
            text, r["maximized_share"], r["untrained_maximized_share"]
        ),
        "feature_maps": lambda text, n, r: beside(
            text.partition(", for an")[0], r["zero_activations_share"], r["untrained_zero_activations_share"]
        ),
        "neurons": lambda text, n, r: beside(text, r["one_class_share"], r["untrained_one_class_share"]),
        "maps": lambda text, n, r: near(n[1], r["occlusion_drop"], 100) and near(n[2], r["random_drop"], 100),
        "sanity": sanity,
        "hidden_map": lambda text, n, r: (
            beside(text, r["neighbours_by_hidden"], r["untrained_neighbours_by_hidden"])
            and percent(n[1], r["neighbours_by_pixels"])
        ),
        "training": lambda text, n, r: all(
            (layer in text) == (r[f"{layer}_early_correlation"] > r[f"untrained_{layer}_correlation"])
            for layer in ("conv1", "conv2")
        ),
        "finding": lambda text, n, r: (
            sanity(text.partition(". ")[2], n, r)
            and ("occlusion finds" in text) == (r["occlusion_drop"] > max(2 * r["random_drop"], 0.05))
        ),
    },
    "invariance": {
        "inputs": CAPTION,
        "dense_and_convolutional": lambda text, n, r: ahead_of(
            text, r["convolutional_perturbed_test_accuracy"], r["dense_perturbed_test_accuracy"]
        ),
        "augmentation": augmentation,
        "pooling": pooling,
        "finding": lambda text, n, r: (
            augmentation(text.split(". ")[1], n, r) and pooling(text.split(". ")[2], n, r)
        ),
    },
    "column_shuffle": {
        "shuffled_digits": lambda text, n, r: change(
            text, r["dense_digits_test_accuracy"], r["dense_digits_shuffled_test_accuracy"]
        ),
        "accuracy": lambda text, n, r: shuffling(text, "convolutional", r),
        "finding": lambda text, n, r: (
            shuffling(text.split(". ")[0], "convolutional", r)
            and shuffling(text.split(". ")[1], "dense", r)
            and percent(n[-2], r["convolutional_customers_test_accuracy"], 1)
            and percent(n[-1], r["dense_customers_test_accuracy"], 1)
        ),
    },
    "sentiment": {
        "learning_curves": CAPTION,
        "confusion_matrix": lambda text, n, r: near(n[0], 1 - r["test_accuracy"], n[1]),
        "accuracy_by_length": CAPTION,  # the difference of what is drawn
        "neighbourhoods": CAPTION,
        "moved_words": CAPTION,
        "finding": lambda text, n, r: (
            n[0] == r["parameters"]
            and percent(n[1], r["test_accuracy"], 1)
            and percent(n[-2], r["linear_test_accuracy"], 1)
            and ("the network is better" not in text or r["test_accuracy"] > r["linear_test_accuracy"])
            and ("better than the network" not in text or r["test_accuracy"] < r["linear_test_accuracy"])
        ),
    },
    "sound": {
        "waveforms_and_spectrograms": CAPTION,
        "learning_curves": CAPTION,
        "confusion_matrix": percents("test_accuracy"),
        "first_kernels": CAPTION,
        "shuffled": lambda text, n, r: (
            ("no accuracy" in text) == (r["shuffled_test_accuracy"] >= r["convnet_test_accuracy"])
        ),
        "baselines": against_the_linear,
        "finding": lambda text, n, r: (
            percents("test_accuracy", "convnet_test_accuracy", "shuffled_test_accuracy")(text, n, r)
            and n[4] - 0.06 <= 100 * r["test_accuracy"] <= n[5] + 0.06  # after "95 % interval"
            and percents(
                "mean_spectrum_test_accuracy",
                "whole_spectrogram_test_accuracy",
                "statistics_test_accuracy",
                "chance_test_accuracy",
            )(text, n[7:], r)
            and against_the_linear(text.rpartition("On ")[2], n[11:], r)
        ),
    },
    "video": {
        "clips": CAPTION,
        "accuracy": video,
        "learning_curves": CAPTION,  # the lowest of what is drawn
        "predictions": lambda text, n, r: percent(n[2], r["lstm_test_accuracy"], 1),
        "finding": lambda text, n, r: (
            percent(n[0], r["frame_by_frame_test_accuracy"], 1)
            and percent(n[2], r["lstm_test_accuracy"], 1)
            and all(
                percent(one, r[f"{key}_shuffled_test_accuracy"], 1)
                for one, key in zip(n[-3:], ("frame_by_frame", "lstm", "conv3d"), strict=True)
            )
        ),
    },
    "few_examples": {
        "learning_curve": lambda text, n, r: near(n[1], r["gain_over_scratch"], 100, 1),
        "few_examples": CAPTION,
        "corrected_mistakes": CAPTION,  # counts what is drawn
        "finding": lambda text, n, r: (
            percent(n[2], r["test_accuracy"], 1)
            and near(n[3], r["gain_over_scratch"], 100, 1)
            and near(n[5], r["gain_over_not_fine_tuned"], 100, 1)
        ),
    },
    "fine_tune": dict.fromkeys(
        ["augmentation", "curves", "confusion_matrix", "class_scores", "calibration", "grad_cam", "mistakes"]
        + ["more_photos", "finding"],
        CAPTION,  # test_fine_tune_findings.py holds them
    ),
    "classify_texts": {
        **dict.fromkeys(
            ["class_scores", "weights", "moved_words", "confusion_matrix", "calibration"], CAPTION
        ),
        "finding": lambda text, n, r: (
            percent(n[2], r["test_accuracy"], 1)
            and percent(n[6], r["majority_test_accuracy"], 1)
            and percent(n[7], r["words_test_accuracy"], 1)
            and n[8] == r["wrong_labels"]
            and percent(n[9], r["wrong_labels_found"])
        ),
    },
    "knobs": {"knobs": knobs, "finding": knobs},
    "word2vec": {
        "sampling": CAPTION,  # shares of what is drawn
        "training": CAPTION,  # the last of what is drawn
        "neighbours": percents("opposites_share", places=0),
        "map": percents("purity_share", "untrained_purity_share", places=0),
        "labels": lambda text, n, r: ahead_of(
            text, r["few_labels_test_accuracy"], r["few_labels_bag_test_accuracy"]
        ),
        "finding": lambda text, n, r: (
            percent(n[0], r["few_labels_test_accuracy"], 1)
            and percent(n[3], r["test_accuracy"], 1)
            and percent(n[-2], r["few_labels_bag_test_accuracy"], 1)
            and percent(n[-1], r["bag_test_accuracy"], 1)
        ),
    },
    "labels": {
        "curves": lambda text, n, r: (
            near(n[1], r["margin_with_diversity_labels_needed"]) and near(n[2], r["random_labels_needed"])
        ),
        "choices": CAPTION,
        "pitfalls": percents("centers_start_test_accuracy", "random_start_test_accuracy", places=0),
        "finding": lambda text, n, r: (
            near(n[1], r["margin_with_diversity_labels_needed"])
            and near(n[2], r["random_labels_needed"])
            and percent(n[-2], r["centers_start_test_accuracy"])
            and percent(n[-1], r["random_start_test_accuracy"])
        ),
    },
    "forgetting": {
        "split_digits": lambda text, n, r: ways(text, "split", r),
        "permuted_digits": lambda text, n, r: ways(text, "permuted", r),
        "finding": lambda text, n, r: (
            ways(text.partition(". New orders")[0], "split", r)
            and ways(text.partition(". New orders")[2], "permuted", r)
        ),
    },
    "reinforcement": {
        "q_values": lambda text, n, r: n == [round(r[f"{key}value_error"], 3) for key in ("", "untrained_")],
        "learning": CAPTION,
        "triad": largest_values,
        "time_limit": limit_as_end,
        "finding": lambda text, n, r: (
            n[0] == round(r["value_error"], 3)
            and largest_values(text.split(". ")[1], n, r)
            and limit_as_end(text.split(". ")[2], n, r)
        ),
    },
    "gan": {
        "film": CAPTION,
        "losses": lambda text, n, r: (
            near(n[0], r["generator_loss"], 1, 2) and near(n[1], r["discriminator_loss"], 1, 2)
        ),
        "samples": lambda text, n, r: (
            percent(n[1], r["confident"])
            and percent(n[2], r["held_out_confident"])
            and percent(n[3], r["noise_confident"])
        ),
        "classes": lambda text, n, r: (
            percent(n[0], r["collapsed_largest_class"])
            and percent(n[1], r["cured_largest_class"])
            and percent(n[2], r["largest_class"])
        ),
        "neighbours": lambda text, n, r: percent(n[0], r["copied"], 1),
        "finding": lambda text, n, r: (
            percent(n[0], r["confident"], 1)
            and percent(n[2], r["noise_confident"], 1)
            and near(n[3], r["frechet_distance"], 1, 1)
            and near(n[4], r["real_frechet_distance"], 1, 1)
            and near(n[5], r["noise_frechet_distance"])
            and near(n[6], r["collapsed_frechet_distance"])
            and percent(n[7], r["copied"], 1)
        ),
    },
}
