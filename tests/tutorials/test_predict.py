"""A lesson's saved model on files: each lesson's own kind, read as the model was trained on them."""

import csv
import json
import os
import shutil
import subprocess
import sys
import tracemalloc
import zipfile

import keras
import numpy as np
import pytest
from keras import layers
from PIL import Image
from scipy.io import wavfile

from datasets import digits, photos, tones
from models import MLP, ConvNet, SentimentBag, SoundConvNet, StringClassifier
from models.loading.saved_classifiers import About, save_classifier
from models.none_of_these import about_classifier
from tutorials.predict import READERS, LessonError, main


def save(folder, lesson, model, names, **settings):
    """Leave an untrained model where a lesson would leave a trained one."""
    folder.mkdir()
    model.save(folder / "model.keras")
    (folder / "labels.json").write_text(json.dumps(names))
    (folder / "metrics.json").write_text(json.dumps({"lesson": lesson, "settings": settings}))
    return folder


@pytest.fixture(scope="module")
def hearing(tmp_path_factory):
    """A model of sounds of 0.5 s at 6000 Hz, and its folder."""
    keras.utils.set_random_seed(0)
    model = SoundConvNet((3000,), classes=2, sampling_rate=6000)
    folder = tmp_path_factory.mktemp("sound") / "sound"
    return model, save(folder, "sound", model, ["bark", "meow"], seconds=0.5, hertz=6000)


@pytest.fixture(scope="module")
def seeing(tmp_path_factory):
    """A model of photos, and its folder: the more red, the more of the first class."""
    pixels = keras.Input((None, None, 3), name="images")
    x = layers.Resizing(24, 24, crop_to_aspect_ratio=True, antialias=True, name="resize")(pixels)
    x = layers.GlobalAveragePooling2D(name="pool")(x)
    model = keras.Model(pixels, layers.Dense(3, activation="softmax", name="predictions")(x))
    model.get_layer("predictions").set_weights([np.eye(3) / 40, np.zeros(3)])
    folder = tmp_path_factory.mktemp("photos") / "fine_tune"
    return model, save(folder, "fine_tune", model, ["red", "green", "<blue>"], image_size=24)


def paint(file, seed, size=(90, 60)):
    """Save a photo of noise on one colour, and say what `seeing` should make of it."""
    file.parent.mkdir(parents=True, exist_ok=True)
    random = np.random.default_rng(seed)
    colour = random.integers(0, 200, 3)
    noise = random.integers(0, 56, (*size, 3))
    Image.fromarray((colour + noise).astype("uint8")).save(file, format="PNG")
    sums = photos.read_square(file, 24).astype("float64").mean((0, 1)) / 40
    return np.exp(sums) / np.exp(sums).sum()


def test_sounds_of_any_rate_are_heard_as_the_model_was_trained(hearing, tmp_path, capsys):
    model, folder = hearing
    stereo = np.random.default_rng(0).uniform(-1, 1, (16000, 2)).astype("float32")
    wavfile.write(tmp_path / "noise.WAV", 16000, stereo)
    (tmp_path / "photo.png").write_bytes(b"not for this model")
    (tmp_path / "deep").mkdir()
    wavfile.write(tmp_path / "deep" / "short.wav", 6000, stereo[:900, 0])
    main(folder, (tmp_path,))
    lines = capsys.readouterr().out.splitlines()
    files = [tmp_path / "deep" / "short.wav", tmp_path / "noise.WAV"]
    assert len(lines) == 2
    for line, file in zip(lines, files, strict=True):
        probabilities = model(tones.read_sound(file, 0.5, 6000)[None]).numpy()[0]
        best = probabilities.argmax()
        assert line.startswith(f"{file}: {['bark', 'meow'][best]} ({probabilities[best]:.1%}), else ")


def test_broken_sounds_are_told_and_the_others_are_heard(hearing, tmp_path, capsys):
    _, folder = hearing
    wavfile.write(tmp_path / "good.wav", 6000, np.arange(3000, dtype="int16"))
    (tmp_path / "bad.wav").write_bytes(b"RIFF")
    with pytest.raises(LessonError, match="2 of 3 files could not be used"):
        main(folder, (tmp_path / "good.wav", tmp_path / "bad.wav", tmp_path / "none.wav"))
    said = capsys.readouterr()
    assert said.out.startswith(f"{tmp_path / 'good.wav'}: ")
    assert "bad.wav is not a WAV file" in said.err
    assert "none.wav does not exist" in said.err
    assert said.err.count("\n") == 2


def test_a_folder_without_files_of_the_lessons_kind_is_refused(hearing, tmp_path):
    _, folder = hearing
    (tmp_path / "photo.png").touch()
    with pytest.raises(LessonError, match="holds no sound files"):
        main(folder, (tmp_path,))
    of_digits = save(tmp_path / "digits", "digits", ConvNet(), list("0123456789"))
    (tmp_path / "sounds").mkdir()
    (tmp_path / "sounds" / "a.wav").touch()
    with pytest.raises(LessonError, match="holds no image files"):
        main(of_digits, (tmp_path / "sounds",))


@pytest.mark.parametrize("metrics", [{}, {"settings": {"seconds": 1}}, {"settings": None}])
def test_results_without_the_settings_that_a_reader_needs_are_damaged(hearing, tmp_path, metrics):
    model, _ = hearing
    folder = save(tmp_path / "sound", "sound", model, ["bark", "meow"])
    (folder / "metrics.json").write_text(json.dumps({"lesson": "sound"} | metrics))
    with pytest.raises(LessonError, match="damaged: it does not hold .*; run the lesson again"):
        main(folder, (tmp_path / "a.wav",))


def test_photos_in_nested_folders_are_read_as_they_were_for_training(seeing, tmp_path, capsys):
    _, folder = seeing
    files = [tmp_path / "more" / "a.PNG", tmp_path / "more" / "deep" / "er" / "b.png", tmp_path / "wide.png"]
    expected = [paint(file, n, (30, 100)) for n, file in enumerate(files)]
    (tmp_path / "more" / "notes.txt").touch()
    (tmp_path / "more" / "folder.jpg").mkdir()
    main(folder, (str(tmp_path / "more"), str(files[2])))
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == 3
    for line, file, probabilities in zip(lines, files, expected, strict=True):
        best = probabilities.argmax()
        name = ["red", "green", "<blue>"][best]
        assert line.startswith(f"{file}: {name} ({probabilities[best]:.1%}), else ")


def test_many_photos_are_read_and_predicted_a_batch_at_a_time(seeing, tmp_path, capsys, monkeypatch):
    _, folder = seeing
    monkeypatch.setattr("tutorials.predict.AT_ONCE", 4)
    (tmp_path / "x").mkdir()
    expected = [paint(tmp_path / "x" / f"{n}.png", n).argmax() for n in range(9)]
    (tmp_path / "x" / "4-.png").write_bytes(b"\x89PNG, cut off")
    read, batches, predict = [], [], keras.Model.predict

    def counted(self, x, **settings):
        batches.append((len(read), len(x)))
        return predict(self, x, **settings)

    def remember(path, size):
        read.append(path)
        return photos.read_square(path, size)

    monkeypatch.setattr(keras.Model, "predict", counted)
    monkeypatch.setitem(READERS, "fine_tune", READERS["fine_tune"]._replace(read=remember))
    with pytest.raises(LessonError, match="1 of 10 files could not be used"):
        main(folder, (str(tmp_path / "x"),))
    assert batches == [(4, 4), (8, 3), (10, 2)]  # no photo is read long before its turn
    said = capsys.readouterr()
    answers = [line.rpartition(".png: ")[2].split(" (")[0] for line in said.out.splitlines()]
    assert answers == [["red", "green", "<blue>"][n] for n in expected]
    assert said.err.count("\n") == 1
    assert "4-.png" in said.err


def test_a_table_keeps_every_name_as_it_is(seeing, tmp_path, capsys):
    _, folder = seeing
    names = ["a,b.png", 'say "cheese".png', "two\nlines.png", "Größe 😀.png"]
    expected = {str(tmp_path / name): paint(tmp_path / name, n) for n, name in enumerate(names)}
    (tmp_path / "bad.png").touch()
    with pytest.raises(LessonError, match="1 of 5 files"):
        main(folder, (str(tmp_path),), csv=True)
    said = capsys.readouterr()
    header, *rows = csv.reader(said.out.splitlines(keepends=True))
    assert header == ["file", "label", "probability", "red", "green", "<blue>", "reason"]
    assert [row[0] for row in rows] == sorted([*expected, str(tmp_path / "bad.png")])
    for file, label, probability, *each, reason in rows:
        if file in expected:
            best = expected[file].argmax()
            assert (label, reason) == (["red", "green", "<blue>"][best], "")
            assert float(probability) == pytest.approx(expected[file][best], abs=2e-6)
            np.testing.assert_allclose(list(map(float, each)), expected[file], atol=2e-6)
        else:
            assert (label, probability, *each) == ("",) * 5
            assert reason == f"{tmp_path / 'bad.png'} is empty."
    assert "bad.png" in said.err


def test_a_table_has_a_row_a_file_in_the_order_given(seeing, tmp_path, capsys, monkeypatch):
    _, folder = seeing
    monkeypatch.setattr("tutorials.predict.AT_ONCE", 3)
    paint(tmp_path / "png", 1)
    image = Image.open(tmp_path / "png")
    names = ["9.avif", "none.jpg", "5.webp", "no ending", "0.tif", ".dot.png", "bad.png", "1.jp2", "2.bmp"]
    for name in names:
        ending = name.rpartition(".")[2].upper()
        kind = {"NO ENDING": "PNG", "TIF": "TIFF", "JP2": "JPEG2000"}.get(ending, ending)
        if name not in ("none.jpg", "bad.png"):
            image.save(tmp_path / name, kind)
    (tmp_path / "bad.png").write_bytes(b"Dear reader")
    with pytest.raises(LessonError, match="2 of 9 files"):
        main(folder, tuple(str(tmp_path / name) for name in names), csv=True)
    header, *rows = csv.reader(capsys.readouterr().out.splitlines())
    assert [row[0] for row in rows] == [str(tmp_path / name) for name in names]
    assert [row[0].rpartition("/")[2] for row in rows if row[-1]] == ["none.jpg", "bad.png"]
    assert all(sum(map(float, row[3:6])) == pytest.approx(1, abs=2e-6) for row in rows if not row[-1])
    with pytest.raises(LessonError, match="1 of 9 files"):
        main(folder, (str(tmp_path),), csv=True)  # of a folder: all that training would read
    header, *rows = csv.reader(capsys.readouterr().out.splitlines())
    expected = sorted([*names, "png"], key=lambda name: tmp_path / name)
    assert [row[0].rpartition("/")[2] for row in rows] == [name for name in expected if name != "none.jpg"]


def test_classes_may_be_called_as_a_column(seeing, tmp_path, capsys):
    model, _ = seeing
    folder = save(tmp_path / "odd", "fine_tune", model, ["file", "reason", "=cat"], image_size=24)
    paint(tmp_path / "a.png", 0)
    main(folder, (str(tmp_path / "a.png"),), csv=True)
    header = next(csv.reader(capsys.readouterr().out.splitlines()))
    assert header == ["file", "label", "probability", "class file", "class reason", "'=cat", "reason"]


def test_progress_is_shown_on_a_terminal_that_results_do_not_go_to(seeing, tmp_path, capsys, monkeypatch):
    _, folder = seeing
    for n in range(3):
        paint(tmp_path / f"{n}.png", n)
    monkeypatch.setattr("tutorials.predict.AT_ONCE", 2)
    monkeypatch.setattr("sys.stderr.isatty", lambda: True)
    main(folder, (str(tmp_path),), csv=True)
    said = capsys.readouterr()
    assert said.err == "\r2 of 3\r3 of 3\n"
    assert len(said.out.splitlines()) == 4


@pytest.mark.slow
def test_the_command_tables_names_that_are_no_unicode(seeing, root, tmp_path):
    _, folder = seeing
    name = os.fsencode(tmp_path) + b"/\xff\xfe.png"
    try:
        paint(tmp_path / os.fsdecode(b"\xff\xfe.png"), 0)
    except OSError:
        pytest.skip("this file system takes no such names")
    done = subprocess.run(
        [sys.executable, "-m", "tutorials.predict", folder, name, tmp_path / "none.png", "--csv"],
        cwd=root, capture_output=True,
    )  # fmt: skip
    header, row, lost = done.stdout.splitlines()
    assert header == b"file,label,probability,red,green,<blue>,reason"
    assert row.startswith(os.fsencode(tmp_path) + rb"/\udcff\udcfe.png,")  # the table is UTF-8 throughout
    assert done.returncode == 1
    assert b"none.png does not exist" in lost
    assert [line.startswith(b"Error: ") for line in done.stderr.splitlines()] == [True, True]
    assert b"none.png does not exist" in done.stderr


def test_texts_are_tabled_with_the_text(tmp_path, capsys):
    model = StringClassifier(["good", "bad"], SentimentBag(4), 10)
    folder = save(tmp_path / "sentiment", "sentiment", model, ["neg", "pos"], text_column=None)
    (tmp_path / "texts.csv").write_text('text\n"good, ""very"" good"\nbad\n')
    main(folder, ("a good film", str(tmp_path / "texts.csv")), csv=True)
    header, *rows = csv.reader(capsys.readouterr().out.splitlines())
    assert header == ["file", "label", "probability", "text", "neg", "pos", "reason"]
    table = str(tmp_path / "texts.csv")
    assert [(row[0], row[3]) for row in rows] == [
        ("", "a good film"), (table, 'good, "very" good'), (table, "bad")
    ]  # fmt: skip
    assert all(row[1] in ("neg", "pos") and 0.5 <= float(row[2]) <= 1 for row in rows)


def saved_by(version):
    def change(folder):
        with zipfile.ZipFile(folder / "model.keras") as archive:
            parts = {name: archive.read(name) for name in archive.namelist()}
        parts["metadata.json"] = json.dumps({"keras_version": version}).encode()
        with zipfile.ZipFile(folder / "model.keras", "w") as archive:
            for name, content in parts.items():
                archive.writestr(name, content)

    return change


def cut_off(folder):
    content = (folder / "model.keras").read_bytes()
    (folder / "model.keras").write_bytes(content[: len(content) // 2])


def turn_bits(folder):
    content = bytearray((folder / "model.keras").read_bytes())
    middle = len(content) // 2
    content[middle : middle + 200] = bytes(byte ^ 255 for byte in content[middle : middle + 200])
    (folder / "model.keras").write_bytes(content)


def write(name, text):
    return lambda folder: (folder / name).write_text(text)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (
            saved_by("2.15.0"),
            rf"model.keras was saved by Keras 2.15.0, and this is Keras {keras.version()}, ",
        ),
        (saved_by("4.0.0"), rf"by Keras 4.0.0, .* Keras {keras.version()}, .* or install Keras 4"),
        (cut_off, "model.keras is damaged"),
        (turn_bits, "model.keras is damaged"),
        (write("model.keras", ""), "model.keras is damaged"),
        (write("labels.json", '{"0": "red"}'), "labels.json is not a list of the classes' names"),
        (write("labels.json", "null"), "labels.json is not a list of the classes' names"),
        (write("labels.json", "[1, 2, 3]"), "labels.json is not a list of the classes' names"),
        (write("labels.json", '["red", "blue"]'), "labels.json names 2 classes, and the model has 3"),
        (write("labels.json", '["red",'), "labels.json is damaged"),
        (lambda folder: (folder / "labels.json").unlink(), "labels.json cannot be read"),
        (write("metrics.json", "[]"), "metrics.json is damaged"),
        (write("metrics.json", '{"lesson": "losses"}'), "of the lesson losses, which takes no files"),
        (write("metrics.json", '{"lesson": "fine_tune"}'), "metrics.json is damaged"),
        (lambda folder: (folder / "model.keras").unlink(), "holds no trained model"),
    ],
)
def test_results_that_are_no_results_are_one_sentence(seeing, tmp_path, change, said):
    folder = shutil.copytree(seeing[1], tmp_path / "fine_tune")
    change(folder)
    with pytest.raises(LessonError, match=said) as error:
        main(folder, ("a.png",))
    assert str(error.value).count("\n") == 0


def settings(**values):
    return write("metrics.json", json.dumps({"lesson": "fine_tune", "settings": values}))


def as_folder(name):
    def change(folder):
        (folder / name).unlink()
        (folder / name).mkdir()

    return change


def as_pipe(name):
    def change(folder):
        (folder / name).unlink()
        os.mkfifo(folder / name)

    return change


DEEP = "[" * 1000 + "]" * 1000


@pytest.mark.parametrize(
    ("change", "said"),
    [
        *(
            (settings(image_size=value), rf"metrics.json is damaged: image_size cannot be {said}; run")
            for value, said in [
                (0, "0"), (None, "None"), (40_000, "40000"), ("x", "'x'"), (True, "True"), (-24, "-24"),
                (1e9, "1000000000.0"), (10**30, "10+"), ([24], r"\[24\]"), (24.0, "24.0"),
            ]
        ),
        (settings(image_size=25), "takes 24 x 24 x 3 numbers, where the lesson fine_tune gives 25 x 25 x 3"),
        (settings(), "metrics.json is damaged: it does not hold image_size"),
        (write("metrics.json", '{"lesson": "fine_tune", "settings": [1]}'), "does not hold image_size"),
        (write("metrics.json", '{"lesson": ["fine_tune"]}'), "of the lesson .*, which takes no files"),
        (write("metrics.json", '{"lesson": 3}'), "of the lesson 3, which takes no files"),
        (write("metrics.json", "{}"), "of the lesson None, which takes no files"),
        (write("metrics.json", DEEP), "metrics.json is damaged .*more than 100 levels deep"),
        (write("metrics.json", '{"a":' * 300 + "1" + "}" * 300), "more than 100 levels deep"),
        (write("metrics.json", '{"lesson": "sentiment", "settings": {"text_column": null}}'),
         "model.keras takes any x any x 3 numbers, where the lesson sentiment gives texts"),
        (write("metrics.json", '{"lesson": "digits"}'),
         "takes any x any x 3 numbers, where the lesson digits gives 28 x 28 x 1"),
        (write("metrics.json", '{"lesson": "sound", "settings": {"seconds": 1, "hertz": 8000}}'),
         "takes any x any x 3 numbers, where the lesson sound gives 8000 numbers"),
        (write("metrics.json", '{"lesson": "sound", "settings": {"seconds": 1e300, "hertz": 8000}}'),
         "seconds cannot be 1e.300"),
        (write("metrics.json", '{"lesson": "sound", "settings": {"seconds": NaN, "hertz": 8000}}'),
         "seconds cannot be nan"),
        (write("labels.json", DEEP), "labels.json is damaged .*more than 100 levels deep"),
        (write("labels.json", "3"), "labels.json is not a list of the classes' names"),
        (write("labels.json", '["a", "b", null]'), "labels.json is not a list of the classes' names"),
        (write("labels.json", '["a", "b", "a"]'), "a class without a name, or two of one name"),
        (write("labels.json", '["a", "b", ""]'), "a class without a name, or two of one name"),
        (write("labels.json", json.dumps(["a"] * 1_000_000)), "names 1,000,000 classes, and the model has 3"),
        (write("labels.json", json.dumps(["a" * 9_000_000])), "labels.json has 9,000,004 bytes, where 8,388"),
        (as_folder("labels.json"), "labels.json is a folder, not a file; run the lesson again"),
        (as_pipe("labels.json"), "labels.json is a pipe, a device or the like, not a file; run the lesson"),
        (as_folder("model.keras"), "model.keras is a folder, not a file"),
        (as_pipe("model.keras"), "model.keras is a pipe, a device or the like"),
        (as_pipe("metrics.json"), "metrics.json is a pipe, a device or the like"),
        (lambda folder: write("model.keras", (folder / "model.keras").read_text("latin-1"))(folder),
         "model.keras is damaged"),
    ],
)  # fmt: skip
def test_hostile_results_are_one_sentence_in_little_memory(seeing, tmp_path, change, said):
    folder = shutil.copytree(seeing[1], tmp_path / "fine_tune")
    change(folder)
    tracemalloc.start()
    try:
        with pytest.raises(LessonError, match=said) as error:
            main(folder, ("a.png",))
        assert tracemalloc.get_traced_memory()[1] < 60e6
    finally:
        tracemalloc.stop()
    assert "\n" not in str(error.value) and len(str(error.value)) < 500


def test_a_model_of_numbers_or_without_classes_is_no_lessons(tmp_path):
    numbers = keras.Input((28, 28, 1))
    maps = save(tmp_path / "maps", "digits", keras.Model(numbers, layers.Conv2D(2, 3)(numbers)), ["a", "b"])
    with pytest.raises(LessonError, match="does not give one number for each class"):
        main(maps, ("a.png",))
    text = StringClassifier(["good", "bad"], SentimentBag(4), 10)
    folder = save(tmp_path / "digits", "digits", text, ["neg", "pos"])
    with pytest.raises(LessonError, match="takes texts, where the lesson digits gives 28 x 28 x 1 numbers"):
        main(folder, ("a.png",))


def test_an_answer_that_is_no_probability_is_told_for_its_example_alone(tmp_path, capsys):
    pixels = keras.Input((None, None, 3))
    bright = layers.GlobalAveragePooling2D()(pixels)
    # 0/0 for a black photo, far from a probability for a white one
    ratio = bright[:, :2] / keras.ops.sum(keras.ops.minimum(bright, 30.0), 1, keepdims=True)
    model = keras.Model(pixels, ratio)
    folder = save(tmp_path / "fine_tune", "fine_tune", model, ["a", "b"], image_size=8)
    for name, grey in ("1 black", 0), ("2 grey", 20), ("3 white", 255):
        Image.new("RGB", (8, 8), (grey,) * 3).save(tmp_path / f"{name}.png")
    names = [str(tmp_path / f"{name}.png") for name in ("1 black", "2 grey", "3 white")]
    for table in False, True:
        with pytest.raises(LessonError, match="gave no probabilities for 2 of the examples"):
            main(folder, names if not table else names[:1] * 2 + names[1:2], csv=table)
        said = capsys.readouterr()
        assert said.err.count("\n") == 2 and "1 black.png has no prediction: the model gives nan" in said.err
        answers = said.out.splitlines()[table:]
        answers = [
            answer for answer in answers if not answer.endswith(",,,,the model gives no probabilities for it")
        ]
        assert len(answers) == 1 and answers[0].startswith(names[1])
        assert len(said.out.splitlines()) == (4 if table else 1)  # in a table a row a file
        assert "nan" not in said.out
    assert "0.333333" in answers[0]


def test_a_model_that_fails_on_what_it_takes_is_one_sentence(tmp_path):
    pixels = keras.Input((None, None, 3))
    x = layers.Reshape((24 * 24 * 3 + 1,))(layers.Reshape((-1,))(pixels))
    model = keras.Model(pixels, layers.Activation("softmax")(x[:, :2]))
    folder = save(tmp_path / "fine_tune", "fine_tune", model, ["a", "b"], image_size=24)
    paint(tmp_path / "a.png", 0)
    with pytest.raises(LessonError, match="model.keras fails on what the lesson gives it") as error:
        main(folder, (str(tmp_path / "a.png"),))
    assert "\n" not in str(error.value)


def test_a_model_of_another_minor_version_is_read(seeing, tmp_path, capsys):
    folder = shutil.copytree(seeing[1], tmp_path / "fine_tune")
    saved_by("3.0.0")(folder)
    paint(tmp_path / "a.png", 0)
    main(folder, (str(tmp_path / "a.png"),))
    assert capsys.readouterr().out.count("\n") == 1


@pytest.fixture(scope="module")
def reading(tmp_path_factory):
    """A model of digits with thresholds, and its folder."""
    (images, labels), _ = digits.load_data("embedded")
    keras.utils.set_random_seed(0)
    model = MLP()
    model.compile("adam", "sparse_categorical_crossentropy")
    model.fit(images[:1293], labels[:1293], epochs=10, verbose=0)
    folder = save(tmp_path_factory.mktemp("digits") / "digits", "digits", model, list("0123456789"))
    parts = images[:1293], images[1293:], labels[1293:]
    save_classifier(model, folder / "model.keras", about_classifier("digits", model, "0123456789", *parts))
    return model, folder


def test_digits_are_classified_and_other_pictures_are_none_of_these(reading, tmp_path, capsys):
    model, folder = reading
    _, (images, labels) = digits.load_data("embedded")
    capsys.readouterr()
    for n in range(100):
        Image.fromarray(images[n, ..., 0]).save(tmp_path / f"{n:02}.png")
    main(folder, (str(tmp_path),))
    lines = capsys.readouterr().out.splitlines()
    answers = [line.split(".png: ")[1] for line in lines]
    refused = [n for n, answer in enumerate(answers) if answer == "none of these"]
    assert len(lines) == 100 and len(refused) <= 6
    expected = model.predict(images[:100], verbose=0)
    for n in set(range(100)) - {*refused}:
        assert answers[n].startswith(f"{expected[n].argmax()} ({expected[n].max():.1%}), else ")
    (tmp_path / "odd").mkdir()
    random = np.random.default_rng(0)
    for n in range(20):
        noise = np.zeros((28, 28), "uint8")
        noise[4:24, 4:24] = random.integers(0, 256, (20, 20))
        Image.fromarray(noise).save(tmp_path / "odd" / f"{n:02}.png")
    main(folder, (str(tmp_path / "odd"),), csv=True)
    header, *rows = csv.reader(capsys.readouterr().out.splitlines())
    refused = [row for row in rows if row[-1] == "none of these"]
    assert len(rows) == 20 and len(refused) >= 18
    assert all(row[1:3] == ["", ""] and all(row[3:13]) for row in refused)


def test_digits_of_an_earlier_version_are_all_answered(reading, tmp_path, capsys):
    model, _ = reading
    folder = save(tmp_path / "digits", "digits", model, list("0123456789"))
    noise = np.zeros((28, 28), "uint8")
    noise[4:24, 4:24] = np.random.default_rng(0).integers(0, 256, (20, 20))
    Image.fromarray(noise).save(tmp_path / "noise.png")
    main(folder, (str(tmp_path / "noise.png"),))
    assert "none of these" not in capsys.readouterr().out


def test_thresholds_that_are_damaged_are_one_sentence(reading, tmp_path):
    model, _ = reading
    folder = save(tmp_path / "digits", "digits", model, list("0123456789"))
    about = About("digits", tuple("0123456789"), {"none_of_these": {"temperature": 1.0}})
    save_classifier(model, folder / "model.keras", about)
    with pytest.raises(LessonError, match="model.keras is damaged: what it holds to abstain by") as error:
        main(folder, ("a.png",))
    assert "\n" not in str(error.value)


def test_every_reader_names_settings_that_its_lesson_has():
    import importlib

    for lesson, reader in READERS.items():
        lesson_main = importlib.import_module(f"tutorials.{lesson}").main
        assert set(reader.settings) <= set(lesson_main.__annotations__)
        assert all(suffix.startswith(".") and suffix.islower() for suffix in reader.suffixes)
