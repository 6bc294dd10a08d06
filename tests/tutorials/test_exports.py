"""`--export`: the file that the command writes, run by the other runtime, says what model.keras says."""

import importlib.util
import json

import keras
import numpy as np
import pytest

from models import TextClassifier
from models.export.formats import FILES, PACKAGES
from models.text_classification import token_ids
from tutorials import classify_texts, fine_tune


def run_onnx(file, images):
    import onnxruntime

    session = onnxruntime.InferenceSession(file)
    return session.run(None, {session.get_inputs()[0].name: images})[0]


def run_litert(file, images):
    from ai_edge_litert.interpreter import Interpreter

    network = Interpreter(str(file)).get_signature_runner()
    (name,) = network.get_input_details()
    (probabilities,) = network(**{name: images}).values()
    return probabilities


@pytest.mark.extra
@pytest.mark.parametrize(("kind", "run"), [("onnx", run_onnx), ("litert", run_litert)])
def test_the_exported_file_says_what_the_saved_model_says(kind, run, tmp_path, capsys):
    if not all(map(importlib.util.find_spec, PACKAGES[kind])):
        pytest.skip("a package of requirements-extra.txt is not installed")
    fine_tune.main(quick=True, export=kind, outputs=tmp_path)
    assert capsys.readouterr().err == ""
    folder = tmp_path / "fine_tune"
    model = keras.saving.load_model(folder / "model.keras")
    images = np.random.default_rng(0).integers(0, 256, (6, 28, 28, model.input_shape[-1])).astype("float32")
    expected = model.predict(images, verbose=0)
    assert expected.std(0).max() > 0.01  # these images are not all the same to it
    np.testing.assert_allclose(run(folder / FILES[kind], images), expected, atol=1e-4)


@pytest.mark.extra
def test_an_exported_network_of_texts_says_what_the_saved_classifier_says(tmp_path, capsys):
    if not all(map(importlib.util.find_spec, PACKAGES["onnx"])):
        pytest.skip("a package of requirements-extra.txt is not installed")
    classify_texts.main(model="bag", quick=True, export="onnx", outputs=tmp_path)
    assert capsys.readouterr().err == ""
    folder, texts = tmp_path / "classify_texts", ["Where is my parcel?", "I was charged twice"]
    about = json.loads((folder / "model.vocabulary.json").read_text(encoding="utf-8"))
    expected = TextClassifier.load(folder).predict(texts).probabilities
    for text, probabilities in zip(texts, expected, strict=True):
        tokens = token_ids([text], about["vocabulary"], about["longest"])[0]
        np.testing.assert_allclose(
            run_onnx(folder / FILES["onnx"], tokens[None])[0], probabilities, atol=1e-4
        )
