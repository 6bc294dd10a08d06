"""Any model of images is opened: the kinds that users have, and what is no such model."""

import base64
import json
import re
import zlib

from tutorials.lesson.command import LessonError

import keras
import numpy as np
import pytest
from keras import layers
from PIL import Image

from datasets import DataError, digits, photos
from models import ConvNet, ModelError, SentimentBag
from models.fine_tuning.transfer import TransferClassifier
from models.inspection import first_filters, randomized
from models.inspection.flat_maps import flat_maps, neighbours_alike
from models.loading import read_custom_layers
from models.loading.saved_classifiers import About, save_classifier
from tutorials.figures import inspection_findings as findings
from tutorials.figures import inspection_sanity
from tutorials.lesson import command
from tutorials.lesson.parts import inspection_steps as steps
from tutorials.lesson.parts.image_models import Scaling, find_pictures, load_image_model, scaling_hint
from tutorials.lesson.report import Report
from tutorials.look_inside import main

LOADED = {"feature_maps", "filters", "hidden_map", "maps", "maximized_activations", "neurons", "sanity"}


@pytest.fixture(scope="module")
def beetles(tmp_path_factory):
    """Folders of photos, one of which is none: red ones and green ones, in two parts of a split."""
    random, folder = np.random.default_rng(0), tmp_path_factory.mktemp("beetles")
    for part, count in ("train", 3), ("val", 8):
        for channel, name in enumerate(["red $1", "green"]):
            (folder / part / name).mkdir(parents=True)
            for n in range(count):
                pixels = random.integers(0, 90, (40, 50, 3))
                pixels[..., channel] += 120
                Image.fromarray(pixels.astype("uint8")).save(folder / part / name / f"{n}.png")
    (folder / "val" / "green" / "notes.png").write_text("no photo")
    return folder


def backbone():
    images = keras.Input((32, 32, 3))
    x = layers.Rescaling(1 / 255, name="rescale")(images)
    for n, filters in enumerate([6, 8, 8]):
        x = layers.Conv2D(filters, 3, padding="same", use_bias=False, name=f"conv{n}")(x)
        x = layers.BatchNormalization(name=f"bn{n}")(x)
        x = layers.ReLU(name=f"relu{n}")(x)
    return keras.Model(images, x, name="backbone")


def nested():
    return TransferClassifier(backbone(), 2)


def one_unit():
    images = keras.Input((32, 24, 3))
    x = layers.Conv2D(6, 3, activation="relu", name="conv")(layers.Rescaling(1 / 255)(images))
    x = layers.Dense(1, activation="sigmoid", name="answer")(layers.GlobalAveragePooling2D()(x))
    return keras.Model(images, x, name="one_unit")


def logits():
    """As tutorials write it: Sequential, pixels from 0 to 1, no softmax."""
    return keras.Sequential(
        [
            keras.Input((28, 28, 1)),
            layers.Conv2D(4, 3, activation="relu"),
            layers.MaxPooling2D(),
            layers.Flatten(),
            layers.Dense(10),
        ],
        name="mine",
    )


def look(tmp_path, model, **settings):
    keras.utils.set_random_seed(1)
    model().save(tmp_path / "mine.keras")
    said = main(load=str(tmp_path / "mine.keras"), quick=True, outputs=tmp_path / "out", **settings).metrics
    assert all(np.isfinite(value) for value in said["results"].values())
    assert "test_accuracy" not in said["results"]  # nobody knows what a loaded model was trained on
    return said


@pytest.fixture
def titles(monkeypatch):
    """Titles of figures by name, in place of files: drawing takes longer than all else."""
    found = {}

    def figure(report, name, axes):
        found[name] = " ".join(axes.flat[0].figure.get_suptitle().split())

    monkeypatch.setattr(Report, "figure", figure)
    return found


@pytest.mark.slow
def test_a_nested_model_of_photos_is_opened_and_drawn(beetles, tmp_path):
    look(tmp_path, nested, data=str(beetles))
    files = list((tmp_path / "out" / "look_inside").glob("*.png"))
    assert {file.stem for file in files} == LOADED
    assert all(np.asarray(Image.open(file).convert("L")).std() > 5 for file in files)


@pytest.mark.slow
def test_a_model_with_one_sigmoid_is_opened_with_a_folder_of_photos(beetles, tmp_path, titles):
    said = look(tmp_path, one_unit, data=str(beetles))
    assert set(titles) == LOADED
    assert said["data"]["examples"] == 16  # those to validate on, without what is no photo
    assert said["data"]["source"].startswith(beetles.name)


@pytest.mark.slow
def test_a_sequential_model_that_ends_in_logits_is_opened_with_digits(tmp_path, titles):
    said = look(tmp_path, logits, data="embedded", white=1.0, page=True)
    assert said["data"]["source"] == "embedded"
    assert "</html>" in (tmp_path / "out" / "look_inside" / "page.html").read_text(encoding="utf-8")


def test_the_zoos_digit_classifier_is_opened_without_training(tmp_path, titles):
    said = main(load="mnist", data="embedded", quick=True, outputs=tmp_path).metrics
    assert said["results"]["parameters"] == 302_794
    drops = {name: said["results"][f"{name}_drop"] for name in ("occlusion", "saliency", "random")}
    assert drops["occlusion"] > drops["saliency"] > drops["random"]
    assert (
        f"by {100 * drops['occlusion']:.0f} points, random squares by {100 * drops['random']:.0f}"
        in titles["maps"]
    )
    assert said["results"]["neighbours_by_hidden"] > said["results"]["neighbours_by_pixels"]
    assert "occlusion ranks" in said["finding"]


def test_white_pixels_are_scaled_before_a_model_that_takes_them_scaled(tmp_path):
    model = logits()
    model.save(tmp_path / "mine.keras")
    images = np.random.default_rng(0).uniform(0, 255, (3, 28, 28, 1))
    scaled = load_image_model(tmp_path / "mine.keras", Scaling(white=1.0)).model
    np.testing.assert_allclose(scaled(images), model(images / 255), rtol=1e-4, atol=1e-5)
    plain = load_image_model(tmp_path / "mine.keras").model
    np.testing.assert_allclose(plain(images), model(images), rtol=1e-5)


def test_preprocessing_outside_of_the_model_is_a_formula(tmp_path):
    images = keras.Input((32, 32, 3))
    flat = layers.Flatten()(layers.Conv2D(2, 3)(images))
    model = keras.Model(images, layers.Dense(2)(flat))
    model.save(tmp_path / "mine.keras")
    (tmp_path / "labels.json").write_text('["a", "b"]')
    pixels = np.random.default_rng(0).uniform(0, 255, (3, 32, 32, 3))
    mean, deviation = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)
    for scaling, want in (
        (Scaling(-1.0, 1.0), pixels / 127.5 - 1),
        (Scaling(0.0, 1.0, mean, deviation), (pixels / 255 - mean) / deviation),
        (Scaling(mean=(127.0,), deviation=(64.0,)), (pixels - 127) / 64),
    ):
        found = load_image_model(tmp_path / "mine.keras", scaling).model(pixels)
        np.testing.assert_allclose(found, model(want), rtol=1e-4, atol=1e-4)
    for scaling, said in (
        (Scaling(mean=(1.0, 2.0)), "--mean takes one number, or 3, one for each channel"),
        (Scaling(deviation=(0.0,)), "--deviation takes numbers of more than 0"),
        (Scaling(1.0, 1.0), "--white and --black must be two values"),
    ):
        with pytest.raises(LessonError, match=said):
            load_image_model(tmp_path / "mine.keras", scaling)


@pytest.fixture(scope="module")
def trained():
    """The first model of TensorFlow's guide: it takes (28, 28), from 0 to 1."""
    keras.utils.set_random_seed(0)
    (x, y), _ = digits.load_data("embedded")
    steps = [layers.Flatten(), layers.Dense(32, activation="relu"), layers.Dense(10, activation="softmax")]
    model = keras.Sequential([keras.Input((28, 28)), *steps], name="quick")
    model.compile("adam", "sparse_categorical_crossentropy")
    model.fit(x[..., 0] / 255, y, epochs=8, verbose=0)
    return model


def test_pixels_in_the_wrong_range_are_noticed_and_those_in_the_right_one_are_not(trained, tmp_path):
    trained.save(tmp_path / "mine.keras")
    hints = {}
    for white in 255.0, 1.0:
        saved = load_image_model(tmp_path / "mine.keras", Scaling(white=white))
        pictures = find_pictures(saved, "embedded", 100)
        assert pictures.images.shape == (100, 28, 28, 1)
        hints[white] = scaling_hint(saved.model, pictures.images)
    assert re.search(r"probability of (1.0000|0.9999)\d", hints[255.0])
    assert "add --white 1" in hints[255.0] and hints[1.0] == ""
    zoo = load_image_model("mnist").model  # which scales pixels itself
    assert scaling_hint(zoo, pictures.images) == ""
    assert scaling_hint(randomized(zoo), pictures.images) == ""


@pytest.mark.slow
def test_the_first_model_of_the_guide_is_opened_with_its_page(trained, tmp_path, titles, capsys):
    look(tmp_path, lambda: trained, data="embedded", page=True)
    assert "add --white 1" in capsys.readouterr().out
    assert "</html>" in (tmp_path / "out" / "look_inside" / "page.html").read_text(encoding="utf-8")


def residual():
    """As it is written by hand: + and `keras.ops.relu` in place of layers."""
    images = keras.Input((16, 16, 3))
    x = layers.Conv2D(4, 3, padding="same")(images)
    for _ in range(2):
        x = keras.ops.relu(x + layers.Conv2D(4, 3, padding="same")(x))
    x = layers.GlobalAveragePooling2D()(x)
    return keras.Model(images, layers.Dense(2, activation="softmax")(x), name="residual")


@pytest.mark.slow
def test_a_model_written_with_operators_is_opened_with_its_page(beetles, tmp_path, titles):
    look(tmp_path, residual, data=str(beetles), page=True)
    assert set(titles) == LOADED


def transformer():
    """A small vision transformer as on keras.io."""
    images = keras.Input((32, 32, 3))
    x = layers.Reshape((16, 8))(layers.Conv2D(8, 8, strides=8)(images / 255))
    x = x + layers.Embedding(16, 8)(keras.ops.arange(16))
    for _ in range(2):
        y = layers.LayerNormalization()(x)
        x = layers.Add()([layers.MultiHeadAttention(2, 4)(y, y), x])
        x = layers.Add()([layers.Dense(8, activation="gelu")(layers.LayerNormalization()(x)), x])
    return keras.Model(images, layers.Dense(2, activation="softmax")(layers.GlobalAveragePooling1D()(x)))


@pytest.mark.slow
def test_a_vision_transformer_is_explained_by_attention(beetles, tmp_path, titles, capsys):
    said = look(tmp_path, transformer, data=str(beetles), page=True)["results"]
    assert "attention_drop" in said and "attention_left" in said and "grad_cam_drop" not in said
    assert "attention the cells of a small map" in capsys.readouterr().out
    page = (tmp_path / "out" / "look_inside" / "page.html").read_text(encoding="utf-8")
    assert '"kind":"scores"' in page and '"kind":"recorded"' not in page


CLOTHES = ("T-shirt", "Trouser", "Pullover", "Dress", "Coat", "Sandal", "Shirt", "Sneaker", "Bag", "Boot")


def test_a_model_of_28_x_28_pixels_is_shown_digits_only_if_it_knows_digits(tmp_path):
    file = tmp_path / "mine.keras"
    save_classifier(logits(), file, About("photos", CLOTHES, {}))
    saved = load_image_model(file)
    assert saved.class_names == list(CLOTHES)
    for data in "auto", "embedded":
        with pytest.raises(LessonError, match="mine knows T-shirt, Trouser, Pullover and others"):
            find_pictures(saved, data, 10)
    logits().save(file)
    with pytest.raises(LessonError, match="does not say which classes it knows"):
        find_pictures(load_image_model(file), "auto", 10)
    assert find_pictures(load_image_model(file), "embedded", 10).class_names == list(digits.CLASS_NAMES)
    save_classifier(logits(), file, About("digits", digits.CLASS_NAMES, {}))
    assert find_pictures(load_image_model(file), "auto", 10).class_names == list(digits.CLASS_NAMES)


def test_one_of_several_outputs_is_looked_at(tmp_path, capsys):
    images = keras.Input((28, 28, 1))
    x = layers.Flatten()(layers.Conv2D(2, 5, strides=3)(images))
    outputs = {"age": layers.Dense(1)(x), "kind": layers.Dense(10, activation="softmax")(x)}
    keras.Model(images, outputs, name="two").save(tmp_path / "two.keras")
    assert load_image_model(tmp_path / "two.keras").model.output_shape == (None, 10)
    assert "two has the outputs age, kind; this looks at kind" in capsys.readouterr().out
    with pytest.raises(LessonError, match="gives one number that is no probability, as a regression does"):
        load_image_model(tmp_path / "two.keras", output="age")
    with pytest.raises(ModelError, match="two has no output of the name 'name'; it has age, kind"):
        load_image_model(tmp_path / "two.keras", output="name")


CUSTOM = """
import keras

class Halved(keras.layers.Layer):
    def call(self, inputs):
        return inputs / 2
"""


def test_layers_of_ones_own_are_loaded_from_the_file_that_is_named(tmp_path, capsys):
    file, saved = tmp_path / "my_layers.py", tmp_path / "mine.keras"
    file.write_text(CUSTOM)
    (halved,) = read_custom_layers(file)
    keras.Sequential([keras.Input((28, 28, 1)), halved(), layers.Flatten(), layers.Dense(10)]).save(saved)
    with pytest.raises(
        LessonError, match="name the Python file that defines them with --custom; its code is"
    ):
        load_image_model(saved)
    assert load_image_model(saved, custom=file).model.output_shape == (None, 10)
    assert "my_layers.py, which defines Halved." in capsys.readouterr().out


@pytest.mark.slow
def test_the_page_goes_back_to_files_of_weights_and_has_a_second_model(tmp_path, capsys):
    """Of a model that takes scaled pixels, so that the lesson puts a layer in front."""
    model, files = digit_model_of_scaled_pixels(), [tmp_path / "epoch 1.weights.h5", tmp_path / "two.keras"]
    for file, factor in zip(files, (0.5, 2.0), strict=True):
        earlier = digit_model_of_scaled_pixels()
        earlier.set_weights([factor * each for each in model.get_weights()])
        earlier.save_weights(file) if file.suffix == ".h5" else earlier.save(file)
    model.save(tmp_path / "model.keras")
    load, out = tmp_path / "model.keras", tmp_path / "out"
    given = {"load": str(load), "data": "embedded", "white": 1.0, "quick": True, "outputs": out}
    main(page=True, checkpoints=tuple(files), beside="mnist", precision="int8", **given)
    assert "Weights as int8 change the outputs for the 12 examples by 0." in capsys.readouterr().out
    text = (out / "look_inside" / "page.html").read_text(encoding="utf-8")
    data = json.loads(re.search(r'id="model">(.*?)</script>', text, re.DOTALL).group(1))
    assert [each["name"] for each in data["checkpoints"]] == ["epoch 1", "two"]
    assert data["beside"]["names"] == [tmp_path.name, "mnist"]
    assert [each["parameters"] for each in data["beside"]["facts"]] == [
        4 * 26 + 10 * (4 * 8 * 8 + 1),
        302_794,
    ]
    kernel = model.get_layer("conv").get_weights()[0]
    node = next(node["id"] for node in data["model"]["nodes"] if node["name"] == "conv")
    for each, factor in zip(data["checkpoints"], (0.5, 2.0), strict=True):
        start = each["nodes"][node]["kernel"]["start"]
        held = zlib.decompress(base64.b64decode(each["weights"]))[start:]
        found = np.frombuffer(held, "<f2", kernel.size).reshape(kernel.shape)
        np.testing.assert_array_equal(found, (factor * kernel).astype("float16"))
    for wrong, sentence in (("none.weights.h5", "does not exist"), ("model.txt", "must end in")):
        (tmp_path / "model.txt").touch()
        with pytest.raises(LessonError, match=f"{wrong} of checkpoints= {sentence}"):
            main(page=True, checkpoints=(tmp_path / wrong,), **given)
    with pytest.raises(LessonError, match="add --load and --page"):
        main(checkpoints=(files[0],), **given)


def digit_model_of_scaled_pixels():
    keras.utils.set_random_seed(0)
    return keras.Sequential(
        [
            keras.Input((28, 28, 1)),
            layers.Conv2D(4, 5, 3, activation="relu", name="conv"),
            layers.Flatten(),
            layers.Dense(10, activation="softmax"),
        ],
        name="small",
    )


def test_rounded_weights_and_a_second_model_without_a_page_are_refused(tmp_path):
    with pytest.raises(LessonError, match="precision= is for the page's weights: add --page"):
        main(load="mnist", precision="int8", quick=True, outputs=tmp_path)
    with pytest.raises(LessonError, match="beside= names a second model for the page: add --page"):
        main(load="mnist", beside="mnist", quick=True, outputs=tmp_path)
    with pytest.raises(LessonError, match=r"none\.keras does not exist"):
        main(page=True, beside="none.keras", quick=True, outputs=tmp_path)
    assert not list(tmp_path.iterdir())


def test_models_that_only_a_page_can_show_are_sent_there(tmp_path):
    images, facts = keras.Input((8, 8, 1)), keras.Input((2,))
    x = layers.Concatenate()([layers.Flatten()(images), facts])
    keras.Model([images, facts], layers.Dense(2)(x)).save(tmp_path / "several.keras")
    keras.Model(images, layers.Conv2D(1, 3)(images)).save(tmp_path / "pictures.keras")
    for name, said in ("several", "takes several inputs"), ("pictures", "makes an image"):
        with pytest.raises(LessonError, match=f"{said}, and this lesson.*write_page writes a page of it"):
            load_image_model(tmp_path / f"{name}.keras")


def test_a_lessons_folder_tells_the_classes_and_the_size(beetles, tmp_path):
    nested().save(tmp_path / "model.keras")
    (tmp_path / "labels.json").write_text(json.dumps(["green", "red $1"]))
    (tmp_path / "metrics.json").write_text(json.dumps({"settings": {"image_size": 36}}))
    saved = load_image_model(tmp_path)
    assert (saved.class_names, saved.image_size) == (["green", "red $1"], (36, 36))
    found = find_pictures(saved, str(beetles), 7)
    assert found.images.shape == (7, 36, 36, 3)
    colours = found.images.mean((1, 2)).argmax(1)  # 0 for red
    np.testing.assert_array_equal(found.labels, 1 - colours)
    assert {0, 1} == set(found.labels)
    (tmp_path / "labels.json").write_text(json.dumps(["a", "b", "c"]))
    with pytest.raises(LessonError, match="labels.json names 3 classes, and the model has 2"):
        load_image_model(tmp_path)


def test_photos_without_folders_are_shown_without_a_truth(beetles, tmp_path):
    for n in range(5):
        (tmp_path / f"{n}.png").write_bytes((beetles / "train" / "green" / "0.png").read_bytes())
    found = photos.sample(tmp_path, 20, ["green", "red"], most=3)
    assert found.pixels.shape == (3, 20, 20, 3)
    assert (found.labels == -1).all()
    chosen = steps.groups(np.array([[0.9, 0.1], [0.4, 0.6], [0.2, 0.8]]), np.zeros(3, int), known=False)
    assert [list(rows) for rows in chosen.values()] == [[0, 2, 1], [1, 2, 0]]


def test_correct_images_come_from_several_classes_and_misclassified_ones_by_confidence():
    shares = np.array([[0.9, 0.1, 0], [0.8, 0.2, 0], [0.3, 0.7, 0], [0, 0.6, 0.4], [0.1, 0.9, 0]])
    chosen = steps.groups(shares, np.array([0, 0, 1, 2, 2]), known=True, each=2)
    assert [list(rows) for rows in chosen.values()] == [[0, 2], [4, 3]]
    right = steps.groups(shares[:3], np.array([0, 0, 1]), known=True, each=3)
    assert [list(rows) for rows in right.values()] == [[0, 2, 1], [2, 1, 0]]
    assert [list(rows) for rows in steps.groups(shares[3:], np.array([2, 2]), True).values()] == [[1, 0]]


def test_what_the_figures_state_is_what_was_measured():
    edge, blob = np.array([[1.0, -1.0]] * 2), np.ones((2, 2))
    weights = np.stack([edge, blob, -blob, edge.T])[..., None]
    axes, share = findings.filters("backbone/conv", weights, [0.25, 0.75])
    title = " ".join(axes.flat[0].figure.get_suptitle().split())
    assert share == 0.5 and title.startswith("50% of the 4 filters of conv")
    assert title.endswith("within the range of 2 untrained networks (mean 50%, 25% to 75%)")
    assert "blue" not in findings.filters("conv", abs(weights), [0.25])[0].flat[0].figure.get_supxlabel()
    values = np.zeros((4, 2, 3))
    values[:, 0, 1], values[0, 1, 2] = 5.0, 2.0  # channel 1 is high for all, 2 for one picture
    assert steps.most_varying(values, 2) == [2, 0]
    maps = np.random.default_rng(0).uniform(size=(3, 4, 4, 2))
    assert findings.correlation(2 * maps + 1, maps) == pytest.approx(1)
    assert findings.correlation(-maps, maps) == pytest.approx(-1)
    assert findings.evenly([*range(9)], 3) == [0, 4, 8]


@pytest.mark.parametrize(
    ("value", "said"),
    [(0.9, "more than in any of 3"), (0.1, "less than in any of 3"), (0.6, "within the range of 3")],
)
def test_a_share_is_said_to_be_learned_only_where_no_untrained_network_has_it(value, said):
    found = findings.beside(value, [0.5, 0.8, 0.2])
    assert found == f"{said} untrained networks (mean 50%, 20% to 80%)"


def test_filters_that_compare_one_side_with_another_are_no_sign_of_training():
    """Most filters of 20 untrained networks do: the share says nothing without that beside it."""
    untrained = [findings.balanced_share(first_filters(randomized(ConvNet(), seed=n))[1]) for n in range(20)]
    assert 0.6 < np.mean(untrained) < 0.85 and max(untrained) > 0.85 and min(untrained) < 0.65
    zoo = findings.balanced_share(first_filters(ConvNet(weights="mnist"))[1])
    assert min(untrained) <= zoo <= max(untrained)
    assert "within the range of 20" in findings.beside(zoo, untrained)


def test_channels_are_maximized_as_well_without_training():
    same = {"conv": np.ones((2, 4, 4, 1)), "last": np.ones((1, 4, 4, 1))}
    channels = {"conv": [1, 0], "last": [0]}
    given = {"conv": np.array([[3.0, 1.0], [2.0, 2.0]]), "last": np.array([[1.0]])}
    reached = {"conv": np.array([[0.0, 5.0], [2.5, 0.0]]), "last": np.array([[9.0]])}
    assert findings.maximized_share(same, channels, reached, given) == 0.5  # 5 > 2, but 2.5 < 3


def test_the_sanity_checks_sentence_follows_from_the_correlations():
    def left(**final):
        return {name: np.array([[1.0, 1.0], [value, value]]) for name, value in final.items()}

    said = inspection_sanity.finding(left(saliency=0.2, occlusion=0.9))
    assert "saliency no longer ranks pixels as before; occlusion keeps 0.90" in said
    said = inspection_sanity.finding(left(saliency=0.2, occlusion=-0.9))
    assert "saliency and occlusion no longer rank pixels as before; none stays the same" in said
    assert "no method no longer" not in inspection_sanity.finding(left(saliency=0.8))


def test_maps_of_the_zoos_network_notice_random_weights_and_occlusion_without_its_sign_does_not(tmp_path):
    pictures = find_pictures(load_image_model("mnist"), "embedded", 60)
    inspected = steps.Inspected(ConvNet(weights="mnist"), pictures, 0, True, "mnist")
    _, found, said = steps.randomized_weights(inspected)
    assert max(found[f"{name}_left"] for name in ("saliency", "grad_cam", "occlusion")) < 0.5
    assert found["occlusion_without_its_sign_left"] > 0.5**0.5
    assert "occlusion without its sign keeps" in said


def test_examples_are_of_each_class_in_turn():
    labels = np.array([0, 0, 0, 2, 2, 1])
    assert steps.of_all_classes(labels, 4).tolist() == [0, 3, 5, 1]
    assert sorted(steps.of_all_classes(labels, 99)) == list(range(6))
    assert steps.of_all_classes(np.full(3, -1), 2).tolist() == [0, 1]


def test_random_heatmaps_are_squares():
    drawn = steps.random_squares((2, 7, 9), 3, seed=1)
    assert drawn.shape == (2, 7, 9) and drawn.dtype == "float32"
    for row, column in np.ndindex(3, 3):
        square = drawn[:, 3 * row : 3 * row + 3, 3 * column : 3 * column + 3]
        assert (square == square[:, :1, :1]).all()
    assert len(np.unique(drawn)) == 2 * 3 * 3
    assert (steps.random_squares((2, 7, 9), 3, seed=2) != drawn).any()


def test_digits_are_shown_in_colour_to_a_model_that_was_trained_on_them_so(tmp_path):
    images = keras.Input((28, 28, 3))
    x = layers.Flatten()(layers.Conv2D(2, 3, strides=3)(images))
    keras.Model(images, layers.Dense(10)(x), name="colour").save(tmp_path / "model.keras")
    pictures = find_pictures(load_image_model(tmp_path), "embedded", 20)
    assert pictures.images.shape == (20, 28, 28, 3)
    assert (pictures.images == pictures.images[..., :1]).all() and pictures.images.any()


def test_neighbours_and_maps_keep_groups_together():
    random = np.random.default_rng(0)
    labels = np.repeat([0, 1, 2], 12)
    vectors = random.normal(size=(36, 20)) + 30 * np.eye(3, 20)[labels]
    assert neighbours_alike(vectors, labels) == 1
    assert neighbours_alike(vectors, random.permutation(labels)) < 0.6
    for points in flat_maps(vectors, seed=0).values():
        assert points.shape == (36, 2)
        assert neighbours_alike(points, labels) == 1
    assert flat_maps(vectors[:, :1], seed=0)["PCA"].shape == (36, 2)


@pytest.fixture(scope="module")
def wrong(tmp_path_factory):
    """What is no model of images, each as a user may name it."""
    folder = tmp_path_factory.mktemp("wrong")
    text = keras.Sequential([keras.Input((), dtype="string"), layers.TextVectorization(vocabulary=["a"])])
    text.save(folder / "text.keras")
    SentimentBag().save(folder / "tokens.keras")
    ConvNet().save(folder / "whole.keras")
    content = (folder / "whole.keras").read_bytes()
    (folder / "cut.keras").write_bytes(content[:9000])
    middle = len(content) // 2
    (folder / "torn.keras").write_bytes(content[:middle] + bytes(2000) + content[middle + 2000 :])
    (folder / "letter.keras").write_text("Dear all")
    flat = [keras.Input((28, 28, 1)), layers.Flatten(), layers.Dense(10)]
    keras.Sequential(flat, name="flat").save(folder / "flat.keras")
    five = [keras.Input((8, 8, 5)), layers.Conv2D(2, 3), layers.Flatten(), layers.Dense(3)]
    keras.Sequential(five).save(folder / "five.keras")
    nested().save(folder / "photos.keras")
    nested().save(folder / "older.h5")
    nested().export(folder / "exported", verbose=False)
    own = [keras.Input((8, 8, 1)), layers.Lambda(lambda x: x / 255), layers.Conv2D(2, 3), layers.Flatten()]
    keras.Sequential([*own, layers.Dense(2)]).save(folder / "own.keras")
    (folder / "notes").mkdir()
    (folder / "notes" / "a.txt").write_text("no photo")
    (folder / "empty").mkdir()
    return folder


@pytest.mark.parametrize(
    ("flags", "said"),
    [
        (["--load", "nowhere.keras"], "nowhere.keras does not exist; name a .keras file"),
        (["--load", "{}/empty"], "holds no model.keras"),
        (["--load", "{}/cut.keras"], "cut.keras is damaged"),
        (["--load", "{}/torn.keras"], "torn.keras"),
        (["--load", "{}/letter.keras"], "letter.keras is damaged or no .keras file"),
        (
            ["--load", "{}/text.keras"],
            "and this lesson's figures are of images: add --page for",
        ),
        (["--load", "{}/whole.keras", "--epochs", "2"], "not trained: leave out --epochs"),
        (["--load", "{}/tokens.keras"], "takes no images (height, width, channels)"),
        (["--custom", "mine.py"], "mine.py defines layers of a model to load: name that model with --load"),
        (
            ["--load", "{}/flat.keras"],
            "does not say which classes it knows: if it reads handwritten digits, add",
        ),
        (["--load", "{}/five.keras"], "takes images of 5 channels"),
        (
            ["--load", "{}/older.h5"],
            "this is the older HDF5 format: if you trust it, open it with keras.models.",
        ),
        (["--load", "{}/exported"], "this folder is a SavedModel, which holds a computation and no layers"),
        (
            ["--load", "{}/own.keras"],
            "has a Lambda layer, code that only the code that saved it knows: put a",
        ),
        (["--load", "{}/photos.keras"], "do not fit; name a folder of pictures of its classes with --data"),
        (["--load", "{}/photos.keras", "--data", "{}/notes"], "holds no photo that can be read"),
        (["--load", "{}/photos.keras", "--data", "{}/empty"], "holds no photo that can be read"),
        (["--load", "{}/photos.keras", "--data", "nowhere"], "nowhere does not exist"),
        (["--load", "{}/whole.keras", "--data", "{}/notes"], "holds no photo that can be read"),
        (["--load", "{}/whole.keras", "--white", "0"], "--white must be more than 0, not 0"),
        (["--data", "{}/notes"], "holds neither mnist.npz nor the four IDX files"),
        (["--train-images", "3"], "--train-images must be 20 or more, not 3"),
    ],
)
def test_what_cannot_be_opened_gets_one_sentence(flags, said, wrong, tmp_path, monkeypatch, capsys, collect):
    flags = [flag.format(wrong) for flag in flags]
    monkeypatch.setattr("sys.argv", ["look_inside", *flags, "--outputs", str(tmp_path / "new")])
    with pytest.raises(SystemExit) as stop:
        command.run(main)
    assert stop.value.code == 1
    del stop
    collect()
    error = capsys.readouterr().err
    assert said in error and error.startswith("Error: ") and error.count("\n") == 1
    assert not list(tmp_path.rglob("*.*"))


@pytest.mark.parametrize(
    ("name", "text", "said"),
    [
        *(
            ("metrics.json", json.dumps({"settings": {"image_size": size}}), f"image_size cannot be {size!r}")
            for size in (0, 40_000, "x", True, -1, 1e9)
        ),
        ("metrics.json", "[" * 1000 + "]" * 1000, "metrics.json is damaged (more than 100 levels deep)"),
        ("metrics.json", "{", "metrics.json is damaged"),
        ("labels.json", '{"a": 0}', "labels.json is not a list of the classes' names"),
        ("labels.json", "[1, 2]", "labels.json is not a list of the classes' names"),
        ("labels.json", '["a", "a"]', "two of one name"),
        ("labels.json", json.dumps(["a"] * 1_000_000), "names 1,000,000 classes, and the model has 2"),
        ("model.keras", "", "model.keras is damaged or no .keras file"),
    ],
)
def test_hostile_results_are_one_sentence(name, text, said, tmp_path):
    nested().save(tmp_path / "model.keras")
    (tmp_path / name).write_text(text)
    with pytest.raises((LessonError, ModelError)) as error:
        load_image_model(tmp_path)
    assert said in str(error.value) and "\n" not in str(error.value)


@pytest.mark.parametrize("settings", ["null", "3", '{"image_size": null}'])
def test_results_that_tell_no_size_are_opened_with_the_usual_one(settings, tmp_path):
    nested().save(tmp_path / "model.keras")
    (tmp_path / "metrics.json").write_text(f'{{"settings": {settings}}}')
    assert load_image_model(tmp_path).image_size == (160, 160)


def test_a_model_of_huge_images_is_refused(tmp_path):
    pixels = keras.Input((9000, 9000, 1))
    x = layers.GlobalAveragePooling2D()(layers.Conv2D(1, 3, strides=3)(pixels))
    keras.Model(pixels, layers.Dense(2)(x)).save(tmp_path / "model.keras")
    with pytest.raises(LessonError, match="takes images of 9,000 x 9,000 pixels, where 4,096 are the most"):
        load_image_model(tmp_path)


def test_a_model_that_predicts_nan_is_one_sentence_before_any_figure(tmp_path):
    images = keras.Input((28, 28, 1))
    x = layers.Flatten()(layers.Conv2D(2, 3, strides=3, name="conv")(images))
    x = layers.Dense(10, activation="softmax")(x / keras.ops.sum(images * 0, (1, 2)))
    keras.Model(images, x, name="broken").save(tmp_path / "broken.keras")
    with pytest.raises(LessonError, match=r"broken.keras predicts NaN for \d+ of \d+ images"):
        main(load=str(tmp_path / "broken.keras"), data="embedded", quick=True, outputs=tmp_path / "new")
    assert not list((tmp_path / "new").rglob("*.png"))


def test_errors_are_of_their_wing(wrong):
    with pytest.raises(ModelError):
        load_image_model(wrong / "tokens.keras")
    with pytest.raises(DataError):
        photos.sample(wrong / "notes", 8)
