"""Wrong arguments of every builder and function: a result, or one sentence that names the argument."""

import importlib
import inspect
import re

import keras
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import models
from models import (
    ModelError,
    by_hand,
    counting,
    filters,
    inspection,
    landscapes,
    receptive_fields,
    text,
    text_classification,
)
from models import activations as formulas
from models.export.page.portable import portable, portable_with_places
from models.fine_tuning.augmentation import AugmentPhotos, augment_photos, mix, random_affine, random_light
from models.fine_tuning.transfer import (
    TransferClassifier,
    border_at,
    borders,
    freeze,
    operations_until,
    split,
)
from models.zoo import zoo

BUILDERS = [*zoo()]
WRONG = {
    "none": None,
    "negative": -1,
    "zero": 0,
    "one": 1,
    "huge": 10**12,
    "larger than any integer of a machine": 10**40,
    "half": 0.5,
    "nan": float("nan"),
    "infinity": float("inf"),
    "true": True,
    "text": "wrong",
    "empty text": "",
    "bytes": b"wrong",
    "empty tuple": (),
    "pair": (3, 3),
    "huge pair": (10**10, 10**10),
    "nested": ((1, 2), (3,)),
    "words": ["a", "b"],
    "object": object(),
    "dict": {"a": 1},
    "complex": 1j,
    "array": np.zeros((2, 3)),
    "nan array": np.full((1, 4, 4, 1), np.nan),
    "empty array": np.zeros((0, 28, 28, 1)),
    "text array": np.array(["a", "b"]),
    "objects": np.array([object()]),
    "function": print,
}
# In every run; all of them in the slow tests
FEW = ["negative", "zero", "huge", "nan", "text", "nested", "array"]
TABLES = [FEW, pytest.param([*WRONG], marks=pytest.mark.slow)]


def check(function, arguments, name, value):
    """The result of a call with one argument replaced; None where it is refused in a good sentence."""
    arguments = {**arguments, name: value}
    try:
        result = function(**arguments)
        return list(result) if inspect.isgenerator(result) else result
    except ModelError as error:
        said = str(error)
        assert said.endswith(".") and "\n" not in said and not re.search(r"[.?!] [A-Z]", said), said
        assert name.removesuffix("s") in said, f"{name} is not named: {said}"
        assert len(said) < 600, said


@pytest.mark.parametrize("wrong", TABLES, ids=["few", "all"])
@pytest.mark.parametrize("name", BUILDERS)
def test_a_wrong_argument_of_a_builder_gives_a_model_or_a_sentence_that_names_it(name, wrong):
    builder = getattr(models, name)
    for parameter in inspect.signature(builder).parameters:
        for what in wrong:
            result = check(builder, {}, parameter, WRONG[what])
            assert result is None or isinstance(result, keras.Model), (parameter, what)


@pytest.fixture(scope="module")
def given_to():
    """{function: arguments that it takes}: one of them is replaced at a time."""
    keras.utils.set_random_seed(0)
    images, network = np.random.default_rng(0).uniform(0, 255, (2, 28, 28, 1)), models.ConvNet()
    photos = np.random.default_rng(1).uniform(0, 255, (2, 8, 8, 3))
    backbone = keras.Sequential([keras.Input((8, 8, 3)), keras.layers.Conv2D(2, 3, name="conv")])
    backbone = keras.Model(backbone.inputs[0], backbone.outputs[0], name="backbone")
    looked = {"model": network, "images": images}
    picture = keras.Input((8, 8, 3))
    patches = keras.layers.Reshape((4, 2))(keras.layers.Conv2D(2, 4, strides=4)(picture))
    x = keras.layers.Flatten()(keras.layers.MultiHeadAttention(1, 2, name="attention")(patches, patches))
    attending = {"model": keras.Model(picture, keras.layers.Dense(2)(x)), "images": photos}
    size = {"size": 9, "kernel": 3, "stride": 1, "padding": "valid", "dilation": 1}
    bag = models.SentimentBag(vocabulary_size=4)
    calls = {
        models.StringClassifier: {"vocabulary": ["a", "b"], "classifier": bag, "longest": 9, "name": "t"},
        models.TextClassifier: {
            **{"kind": "bag", "vocabulary_size": 9, "word_pairs": 9, "word_dropout": 0.1},
            **{"epochs": 9, "batch_size": 9, "seed": 1},
        },
        text_classification.learn_vocabulary: {"texts": ["a a"], "size": 9},
        text_classification.token_ids: {"texts": ["a a"], "vocabulary": ["a"], "longest": 9},
        text_classification.word_effects: {
            **{"model": models.StringClassifier(["a", "b"], bag), "text": "a b", "class_index": 1}
        },
        text_classification.nearest_words: {
            **{"embeddings": np.eye(3), "candidates": [0, 1], "count": 2, "neighbours": 1}
        },
        text_classification.averaged_adam: {"learning_rate": 0.1, "steps": 9},
        text_classification.keep_best: {"epochs": 9},
        counting.multiply_adds: {"model": network, "input_shape": (28, 28, 1)},
        filters.averaged: {"kernels": {"a": ((1, 2),)}},
        filters.zeros_around: size,
        filters.output_size: size,
        filters.layer_output_size: size | {"layer": "conv"},
        filters.size_combinations: {"sizes": [5], "kernels": [3], "strides": [1], "dilations": [1]},
        receptive_fields.of_stack: {"windows": [(3,)], "image": (9, 9)},
        receptive_fields.of_layer: {"model": network, "name": "conv1"},
        receptive_fields.of_maps: {"model": network},
        by_hand.layer_outputs: {"model": network, "picture": images[0]},
        by_hand.disc_tables: {"disc": np.ones((7, 7, 1))},
        by_hand.face_tables: {"face": np.ones((7, 7, 1))},
        by_hand.flip_tables: {"numbers": np.ones((7, 7, 1)), "kernel": [[0, 1]]},
        landscapes.two_valleys: {"w": 1.0},
        landscapes.two_valleys_derivative: {"w": 1.0},
        landscapes.ravine: {"point": [1.0, 2.0]},
        inspection.feature_maps: looked | {"layers": "conv1"},
        inspection.hidden_activations: looked,
        inspection.saliency: looked | {"class_index": 3},
        inspection.weighted_layers: {"model": network},
        inspection.randomized: {"model": network, "last": 1, "seed": 1},
        inspection.rank_correlations: {"first": np.ones((1, 3, 3)), "second": np.ones((1, 3, 3))},
        inspection.sanity_check: {
            **{
                "model": network,
                "methods": {"brightness": lambda model: images[..., 0]},
                "seed": 1,
                "cuts": [1],
            }
        },
        inspection.grad_cam: looked | {"class_index": 3, "layer": "conv2"},
        inspection.occlusion: looked | {"class_index": 3, "window": 14, "stride": 14, "fill": 0},
        inspection.deletion: looked | {"class_index": 3, "heat": images[..., 0], "share": 0.1, "fill": 0},
        inspection.insertion: looked | {"class_index": 3, "heat": images[..., 0], "share": 0.1, "fill": 0},
        inspection.layer_cam: looked | {"class_index": 3, "layer": "conv2"},
        inspection.grad_cam_plus_plus: looked | {"class_index": 3, "layer": "conv2"},
        inspection.integrated_gradients: looked | {"class_index": 3, "baseline": 0, "steps": 2},
        inspection.smooth_grad: looked | {"class_index": 3, "noise": 0.1, "samples": 2, "seed": 1},
        inspection.class_probabilities: looked,
        inspection.check_image_classifier: {"model": network},
        inspection.input_gradient: looked | {"layer": "conv1", "position": (0, 0), "channel": 1},
        inspection.linear_probe: {"model": network},
        inspection.effective_field: looked | {"layer": "conv1", "position": (5, 5), "seed": 1},
        inspection.pixels_holding: {"mass": np.ones((3, 3)), "share": 0.5},
        inspection.field_boxes: {
            "model": network,
            "layer": "conv1",
            "image_size": (28, 28),
            "positions": [(0, 0)],
        },
        inspection.exciting_image: {
            **{"model": network, "layer": "conv1", "channel": 0, "steps": 1, "seed": 0, "pixels": (0, 255)},
            **{"image_size": (28, 28), "position": (3, 3), "learning_rate": 0.1, "jitter": 1},
            **{"blur": 0.05, "decay": 0.01},
        },
        inspection.most_exciting: looked | {"layer": "conv1", "channels": [0], "count": 1},
        inspection.attention_map: attending | {"layer": "attention"},
        inspection.attention_rollout: attending,
        inspection.has_attention: {"model": network},
        inspection.stages: {"model": network, "pooling": True},
        inspection.with_one_output: {"model": network, "name": None},
        inspection.hidden_layer: {"model": network},
        inspection.has_feature_maps: {"model": network},
        inspection.first_filters: {"model": network},
        random_affine: {
            **{"images": photos, "degrees": 1, "zoom": 0.1, "shear": 0.1, "shift": 1, "fill": 0},
        },
        random_light: {"images": photos, "dimming": 0.1, "glow": 0.1},
        augment_photos: {"images": photos, "policy": "standard", "seed": 1, "flip": True},
        AugmentPhotos: {"policy": "standard", "flip": True, "seed": 1},
        mix: {"images": photos, "targets": np.eye(2), "kind": "mixup", "seed": 1},
        TransferClassifier: {
            **{"backbone": backbone, "classes": 2, "image_size": 8, "dropout": 0.1, "name": "t"},
            "classifier_activation": None,
        },
        models.PhotoClassifier: {
            **{"backbone": "convnet", "weights": None, "image_size": 28, "unfreeze": 0.5, "mixing": "none"},
            **{"augmentation": "none", "flip": True, "views": 1, "cache": True, "epochs": 1, "batch_size": 8},
            **{"budget": "1m", "seed": 0},
        },
        borders: {"backbone": backbone},
        border_at: {"backbone": backbone, "depth": 0.5},
        operations_until: {"backbone": backbone, "border": "conv"},
        freeze: {"classifier": TransferClassifier(backbone, 2), "border": "conv"},
        split: {"classifier": TransferClassifier(backbone, 2), "border": "conv"},
        portable: {"model": network, "image_size": 28},
        portable_with_places: {"model": network, "image_size": 28},
    }
    calls |= {function: {"z": [1.0]} for pair in formulas.FORMULAS.values() for function in pair}
    return calls


def test_every_public_function_is_tried(given_to):
    tried = {function.__name__ for function in given_to} | {"reviews_vocabulary"}
    for module in (by_hand, counting, filters, landscapes, receptive_fields, text, formulas):
        for name, value in vars(module).items():
            if inspect.isfunction(value) and value.__module__ == module.__name__ and name[0] != "_":
                assert name in tried | set(BUILDERS), name
    named = set(inspection.__all__) - {"Excitement"}
    for home in "fine_tuning.augmentation", "fine_tuning.transfer", "export.page.portable":
        module = importlib.import_module(f"models.{home}")
        named |= {
            name
            for name, value in vars(module).items()
            if inspect.isfunction(value) and value.__module__ == module.__name__ and name[0] != "_"
        }
    assert named <= tried, named - tried


@pytest.mark.parametrize("wrong", TABLES, ids=["few", "all"])
def test_a_wrong_argument_of_a_function_gives_a_result_or_a_sentence_that_names_it(given_to, wrong):
    for function, arguments in given_to.items():
        for name in arguments:
            for what in wrong:
                try:
                    check(function, arguments, name, WRONG[what])
                except Exception as error:
                    raise AssertionError(f"{function.__name__}({name}={what}): {error!r}") from error


CONVNET = models.ConvNet()
DIGIT = np.zeros((1, 28, 28, 1))


@pytest.mark.parametrize(
    ("call", "said"),
    [
        (lambda: models.ConvNet(classes=1), "one neuron for classes=1, .* always 1; use .*sigmoid"),
        (
            lambda: models.ConvNet(filters=(16, 32, 64)),
            "filters as a tuple of 2 whole numbers, not .16, 32, 64",
        ),
        (lambda: models.ConvNet(filters=3), "filters as a tuple of 2 whole numbers, not 3"),
        (
            lambda: models.ConvNet(input_shape=28),
            r"input_shape=\(height, width, channels\), such as \(28, 28, 1\)",
        ),
        (lambda: models.ConvNet(10), r"input_shape=.* not 10"),
        (lambda: models.ConvNet(classifier_activation="softmx"), "classifier_activation .* not 'softmx'"),
        (lambda: models.ConvNet(weights=3), "weights as None, a name or a file, not 3"),
        (lambda: models.ConvNet(name="a/b"), "name as text without"),
        (lambda: models.ConvNet(dropout=1), "dropout from 0 to less than 1, not 1"),
        (lambda: models.ConvNet(dense_units=10**9), r"about .* of memory"),
        (lambda: models.MLP((4000, 4000, 3), hidden_units=(100,)), r"about 58 GB of memory"),
        (lambda: models.SentimentLSTM(units=10**6), r"about .* of memory"),
        (lambda: models.TwoBlockConvNet((4, 4, 1), filters=(2, 2, 2)), "at least 8 x 8 pixels, not 4 x 4"),
        (
            lambda: inspection.saliency(CONVNET, DIGIT[0], 3),
            r"images of shape \(n, 28, 28, 1\) .* images\[None\]",
        ),
        (lambda: inspection.saliency(CONVNET, DIGIT[:, :27], 3), r"for convnet, not \(1, 27, 28, 1\)"),
        (lambda: inspection.saliency(CONVNET, DIGIT, 3.0), "class_index as a whole number, not 3.0"),
        (
            lambda: inspection.grad_cam(models.MLP(), DIGIT, 0),
            "rescale only passes on the pixels; Grad-CAM needs",
        ),
        (lambda: inspection.feature_maps(CONVNET, DIGIT, "nose"), "no layer 'nose'; it has rescale, conv1"),
        (lambda: inspection.feature_maps(CONVNET, DIGIT * np.nan), "images without nan"),
        (
            lambda: models.SentimentBag(classifier_activation="softmax"),
            "SentimentBag has one neuron for classes=2",
        ),
    ],
)
def test_the_mistakes_that_people_made_are_explained(call, said):
    with pytest.raises(ModelError, match=said):
        call()


def test_a_single_name_of_a_layer_is_enough():
    assert inspection.feature_maps(CONVNET, DIGIT, "conv1")["conv1"].shape == (1, 14, 14, 16)


def test_an_unknown_argument_is_pythons_own_error_and_names_the_builder():
    with pytest.raises(TypeError, match="ConvNet.. got an unexpected keyword argument 'clases'"):
        models.ConvNet(clases=3)


def test_whole_numbers_of_numpy_and_lists_are_as_good_as_any(tmp_path):
    model = models.ConvNet(list(np.array([28, 28, 1])), np.int64(3), filters=[np.int32(4), 5])
    assert model.output_shape == (None, 3)
    model.save(tmp_path / "model.keras")  # what came from NumPy could not be written into its JSON
    assert keras.saving.load_model(tmp_path / "model.keras").count_params() == model.count_params()


@settings(max_examples=60, deadline=None)
@given(
    name=st.sampled_from(["ConvNet", "TwoBlockConvNet", "LeNet5", "MLP", "StackedConvNet", "XorO"]),
    shape=st.lists(st.one_of(st.integers(-2, 40), st.floats(), st.none()), max_size=5),
)
def test_any_input_shape_builds_or_is_refused(name, shape):
    try:
        model = getattr(models, name)(shape)
    except ModelError as error:
        assert re.search("input_shape|images of at least", str(error))
    else:
        assert model.input_shape == (None, *shape)
