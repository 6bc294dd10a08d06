"""Classifiers on backbones: where they can be cut, what is trained, and that frozen means frozen."""

import subprocess
import sys

import keras
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from keras import layers

from models import ModelError
from models.fine_tuning.transfer import TransferClassifier, border_at, borders, freeze, split
from models.pretrained.backbones import Backbone

ONE_OF_EACH = [
    "convnet",
    "mobilenet_025",
    "mobilenet_v3_small",
    *(
        pytest.param(name, marks=pytest.mark.slow)
        for name in ("mobilenet_v2", "efficientnet_v2_b0", "xception", "resnet50_v2", "convnext_tiny")
    ),
]


def pixels(model, count=3):
    shape = (count, *model.input_shape[1:])
    return np.random.default_rng(0).integers(0, 256, shape).astype("float32")


def edges(model):
    """Which operation feeds which, by name, read from what Keras would save."""
    pairs = []

    def sources(value):
        if isinstance(value, dict):
            if "keras_history" in value:
                yield value["keras_history"][0]
            for inner in value.values():
                yield from sources(inner)
        elif isinstance(value, (list, tuple)):
            for inner in value:
                yield from sources(inner)

    config = model.get_config()
    for layer in config["layers"]:
        pairs += [
            (source, layer["name"])
            for source in sources(keras.saving.serialize_keras_object(layer["inbound_nodes"]))
        ]
    return pairs


def all_paths_lead_through(model, name):
    """Whether the output cannot be reached from the input without the operation of that name."""
    reached, pairs = {model.operations[0].name}, edges(model)
    for _ in model.operations:
        reached |= {after for before, after in pairs if before in reached and name not in (before, after)}
    return model.operations[-1].name not in reached or name in (
        model.operations[0].name,
        model.operations[-1].name,
    )


@st.composite
def networks(draw):
    """A small network of layers in a row, some of them with shortcuts."""
    tensors = [keras.Input((3,), name="pixels")]
    for number in range(draw(st.integers(1, 9))):
        back = draw(st.integers(1, min(3, len(tensors))))
        kind = draw(st.sampled_from(["dense", "norm", "plain", "add"]))
        if kind == "add" and back > 1:
            x = layers.Add(name=f"add{number}")([tensors[-1], tensors[-back]])
        else:
            layer = {"dense": layers.Dense, "norm": layers.BatchNormalization}.get(kind, layers.Activation)
            arguments = {"dense": (3,), "norm": ()}.get(kind, ("relu",))
            x = layer(*arguments, name=f"{kind}{number}")(tensors[-1])
        tensors.append(x)
    return keras.Model(tensors[0], tensors[-1])


def above(model, border):
    """Layers that learn and come after the border."""
    names = [operation.name for operation in model.operations]
    learning = [layer for layer in model.layers if isinstance(layer, layers.Dense)]
    return {layer.name for layer in learning if names.index(layer.name) > names.index(border)}


@settings(max_examples=60, deadline=None)
@given(model=networks())
def test_borders_are_where_all_paths_lead_through_one_for_each_stretch(model):
    found = borders(model)
    assert all(all_paths_lead_through(model, name) for name in found)
    places = {
        operation.name for operation in model.operations if all_paths_lead_through(model, operation.name)
    }
    # Each way to share the learning layers out that a cut can make is there, once
    shares = [frozenset(above(model, name)) for name in found]
    assert len(set(shares)) == len(shares)
    assert set(shares) == {frozenset(above(model, name)) for name in places}
    assert sorted(shares, key=len, reverse=True) == shares


@pytest.mark.parametrize("name", ["mobilenet_v3_small", pytest.param("resnet50_v2", marks=pytest.mark.slow)])
def test_borders_of_networks_with_shortcuts_cross_none(name, built):
    found = borders(built(name))
    assert len(found) > 10
    for border in found[::4]:
        assert all_paths_lead_through(built(name), border)
    # Inside a residual block there is no cut, at its end there is
    inside = {"mobilenet_v3_small": "expanded_conv_4_depthwise_bn", "resnet50_v2": "conv4_block2_2_relu"}[
        name
    ]
    end = {"mobilenet_v3_small": "expanded_conv_4_add", "resnet50_v2": "conv4_block2_out"}[name]
    assert not all_paths_lead_through(built(name), inside)
    assert end in found
    with pytest.raises(ModelError, match=f"{name} cannot be cut at the depth '{inside}'; it can at "):
        border_at(built(name), inside)


def test_mobilenets_borders_are_its_activations(built):
    assert borders(built("mobilenet_025")) == [
        "rescale",
        "conv1_relu",
        *(f"conv_{kind}_{n}_relu" for n in range(1, 14) for kind in ("dw", "pw")),
    ]


def test_depth_counts_layers_that_learn_from_the_end(built):
    backbone = built("mobilenet_025")  # 27 convolutions
    assert border_at(backbone, 0) is None
    assert border_at(backbone, 1) == "rescale"
    assert border_at(backbone, 2 / 27) == "conv_pw_12_relu"
    assert border_at(backbone, 3.4 / 27) == "conv_dw_12_relu"
    assert border_at(backbone, 0.4 / 27) is None
    assert border_at(backbone, 2.5 / 27) == "conv_pw_12_relu"  # as near: more stays frozen
    assert border_at(backbone, "conv_pw_11_relu") == "conv_pw_11_relu"
    assert border_at(backbone, "conv_pw_11_bn") == "conv_pw_11_bn"  # does as well, though not listed


@settings(max_examples=40, deadline=None)
@given(model=networks(), depth=st.floats(0, 1))
def test_no_border_is_nearer_to_the_depth(model, depth):
    learning = len([layer for layer in model.layers if isinstance(layer, layers.Dense)])
    border = border_at(model, depth)
    got = len(above(model, border)) if border else 0
    assert abs(got - depth * learning) <= min(
        abs(len(above(model, name)) - depth * learning) for name in borders(model)
    )


@pytest.mark.parametrize("depth", [-0.1, 1.01, float("nan"), "conv_pw_99_relu", ""])
def test_a_depth_that_there_is_not_is_refused_in_a_sentence(depth, built):
    with pytest.raises(ModelError) as caught:
        border_at(built("mobilenet_025"), depth)
    assert repr(depth).strip("'") in str(caught.value)


def classifier_on(backbone, classes=3, **arguments):
    """A classifier whose logits are spread, so that small differences show."""
    keras.utils.set_random_seed(1)
    classifier = TransferClassifier(backbone, classes, classifier_activation=None, **arguments)
    scale = 1 / max(1e-30, float(np.std(split(classifier)[0](pixels(backbone)))))
    head = classifier.get_layer("predictions")
    head.kernel.assign(head.kernel * scale)
    return classifier


@pytest.mark.parametrize("name", ONE_OF_EACH)
def test_the_two_parts_compute_what_the_classifier_does_and_training_changes_no_feature(name, built):
    backbone = built(name)
    classifier = classifier_on(backbone, dropout=0)
    images = pixels(backbone)
    expected = np.asarray(classifier(images, training=False))
    assert np.ptp(expected, axis=0).max() > 1e-3
    # Nor does it when nothing is frozen and nothing said of training, which Resizing would switch on
    backbone.trainable = True
    np.testing.assert_array_equal(classifier(images), expected)
    found = borders(backbone)
    for border in [None, found[0], found[len(found) // 2], found[-1]]:
        frozen, trained = split(classifier, border)
        np.testing.assert_allclose(trained(frozen(images)), expected, rtol=1e-5, atol=1e-5)
        owned = {id(variable) for variable in classifier.variables}
        assert {id(v) for part in (frozen, trained) for v in part.variables} == owned
    # Normalization and the backbone's own dropout compute as they do when predicting
    freeze(classifier, found[len(found) // 2])
    np.testing.assert_allclose(classifier(images, training=True), expected, rtol=1e-5, atol=1e-5)
    np.testing.assert_array_equal(classifier(images), expected)


@pytest.fixture
def small(built):
    """A classifier of 3 classes on a small MobileNet of its own, whose statistics are not at rest."""
    backbone = Backbone("mobilenet_025", None, 32)
    keras.utils.set_random_seed(2)
    for variable in backbone.variables:
        if "moving_variance" in variable.path:
            variable.assign(keras.random.uniform(variable.shape, 0.02, 0.1))
        elif "moving_mean" in variable.path:
            variable.assign(keras.random.uniform(variable.shape, -0.1, 0.1))
    return TransferClassifier(backbone, 3, dropout=0)


def contents(layers):
    return {layer.name: b"".join(np.asarray(v).tobytes() for v in layer.variables) for layer in layers}


@pytest.mark.parametrize("border", [None, "conv_pw_11_relu", pytest.param("rescale", marks=pytest.mark.slow)])
def test_frozen_means_frozen_to_the_byte_and_normalization_never_moves(border, small):
    backbone = small.get_layer("mobilenet_025")
    freeze(small, border)
    small.compile(keras.optimizers.Adam(0.01), "sparse_categorical_crossentropy")
    before = contents(backbone.layers) | contents([small.get_layer("predictions")])
    small.fit(pixels(backbone, 8), np.arange(8) % 3, batch_size=4, epochs=2, verbose=0)
    after = contents(backbone.layers) | contents([small.get_layer("predictions")])
    moved = {name for name in before if before[name] != after[name]}
    above = {None: 14, "conv_pw_11_relu": 12, "rescale": 0}[border]
    expected = {f"conv_{kind}_{n}" for n in range(above, 14) for kind in ("dw", "pw") if n}
    assert moved == expected | {"predictions"} | ({"conv1"} if border == "rescale" else set())


@pytest.mark.slow
@pytest.mark.parametrize("border", [None, "conv_pw_11_relu"])
def test_training_on_activations_is_training_the_classifier(border, small):
    backbone = small.get_layer("mobilenet_025")
    images, labels = pixels(backbone, 6), np.arange(6) % 3
    start = small.get_weights()
    freeze(small, border)
    frozen, trained = split(small, border)
    results = []
    for model, inputs in (trained, frozen.predict(images, verbose=0)), (small, images):
        small.set_weights(start)
        model.compile(keras.optimizers.SGD(0.05), "sparse_categorical_crossentropy")
        model.fit(inputs, labels, batch_size=6, epochs=3, shuffle=False, verbose=0)
        results.append(small.get_weights())
    moved = 0
    for one, other, first in zip(*results, start, strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-3, atol=1e-5)
        moved = max(moved, abs(one - first).max())
    assert moved > 1e-3
    assert not frozen.trainable_variables
    assert len(trained.trainable_variables) == len(small.trainable_variables) == (2 if border is None else 6)


def test_a_later_phase_can_freeze_otherwise(small):
    for border, trained in (None, 2), ("conv_pw_11_relu", 6), ("conv_dw_13_relu", 3), (None, 2):
        freeze(small, border)
        assert len(small.trainable_variables) == trained
        assert len(split(small, border)[1].trainable_variables) == trained


def test_photos_of_any_size_are_cropped_about_the_middle_and_not_aliased(built):
    classifier = classifier_on(built("convnet"), 10)
    wide = np.random.default_rng(0).integers(0, 256, (2, 28, 60, 3)).astype("uint8")
    expected = classifier.predict(wide[:, :, 16:44], verbose=0)
    np.testing.assert_allclose(classifier.predict(wide, verbose=0), expected, rtol=1e-4, atol=1e-4)
    # A pattern finer than the new pixels becomes grey; taken at points it would be black or white
    fine = np.indices((280, 280)).sum(0) % 2 * 255.0
    fine = np.repeat(fine[None, :, :, None], 3, axis=-1)
    shrunk = keras.Model(classifier.inputs[0], classifier.get_layer("resize").output)(fine)
    np.testing.assert_allclose(shrunk, 127.5, atol=2)


def test_a_vector_is_not_pooled_and_a_map_is(built):
    names = [layer.name for layer in TransferClassifier(built("convnet"), 2).layers]
    assert names == ["images", "resize", "convnet", "dropout", "predictions"]
    names = [layer.name for layer in TransferClassifier(built("mobilenet_025"), 2).layers]
    assert names == ["images", "resize", "mobilenet_025", "pool", "dropout", "predictions"]


@pytest.mark.slow
def test_a_fresh_process_loads_it_safely_and_says_the_same(built, tmp_path):
    code = "import sys, keras, numpy as np\n"
    for name in "mobilenet_025", "convnet":
        classifier = classifier_on(built(name))
        images = np.random.default_rng(0).integers(0, 256, (3, 45, 37, 3), "uint8")
        expected = classifier.predict(images, verbose=0)
        split(classifier, borders(built(name))[1])  # what was cut is saved whole
        classifier.save(tmp_path / f"{name}.keras")
        np.savez(tmp_path / f"{name}.npz", images=images, expected=expected)
        code += (
            f"data = np.load({str(tmp_path / name) + '.npz'!r})\n"
            f"model = keras.saving.load_model({str(tmp_path / name) + '.keras'!r}, safe_mode=True)\n"
            "for answer in model.predict(data['images'], verbose=0), model(data['images']):\n"
            "    np.testing.assert_allclose(answer, data['expected'], rtol=1e-5, atol=1e-5)\n"
        )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, encoding="utf-8")
    assert done.returncode == 0, done.stderr


def test_a_loaded_classifier_can_be_cut_and_frozen_too(small, tmp_path):
    small.save(tmp_path / "a.keras")
    loaded = keras.saving.load_model(tmp_path / "a.keras")
    backbone = loaded.get_layer("mobilenet_025")
    assert borders(backbone) == borders(small.get_layer("mobilenet_025"))
    frozen, trained = split(loaded, "conv_pw_11_relu")
    images = pixels(backbone)
    np.testing.assert_allclose(trained(frozen(images)), small(images), rtol=1e-5, atol=1e-6)
    freeze(loaded, "conv_pw_11_relu")
    assert len(trained.trainable_variables) == 6


@pytest.mark.parametrize(
    ("arguments", "named"),
    [
        ({"classes": 0}, "classes of 1 or more, not 0"),
        ({"dropout": 1}, "dropout from 0 to less than 1, not 1"),
        ({"dropout": -0.1}, "-0.1"),
        ({"image_size": 64}, "takes images of 32 pixels; image_size is 64"),
        ({"backbone": keras.Sequential([keras.Input((8, 8, 1)), layers.Flatten()])}, "(None, 8, 8, 1)"),
        ({"backbone": keras.Sequential([keras.Input((8, 4, 3)), layers.Flatten()])}, "(None, 8, 4, 3)"),
        ({"backbone": keras.Sequential([keras.Input((8, 8, 3)), layers.Reshape((64, 3))])}, "(None, 64, 3)"),
        ({"backbone": "mobilenet"}, "'mobilenet'"),
    ],
)
def test_impossible_classifiers_are_refused_in_a_sentence(arguments, named, built):
    with pytest.raises(ModelError) as caught:
        TransferClassifier(**{"backbone": built("mobilenet_025"), "classes": 2} | arguments)
    assert named in str(caught.value)


def test_what_has_no_backbone_cannot_be_frozen(built):
    with pytest.raises(ModelError, match=r"no TransferClassifier: it has 0 nested models"):
        freeze(built("mobilenet_025"))
    with pytest.raises(ModelError, match=r"at the border 'nowhere'; it can at rescale, conv1_relu"):
        split(TransferClassifier(built("mobilenet_025"), 2), "nowhere")
