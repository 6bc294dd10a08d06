"""Each server of docs/pages/serving.md runs as it stands there, and answers with the numbers of `predict`."""

import http.client
import importlib.util
import io
import json
import runpy
import sys
import urllib.request

import numpy as np
import pytest
from PIL import Image
from sklearn.datasets import load_sample_image

from benchmarks import serving
from datasets import photos
from models import TextClassifier
from models.export.formats import PACKAGES

NEEDED = {
    "BentoML": ["bentoml"],
    "ONNX Runtime": ["fastapi", "uvicorn", *PACKAGES["onnx"]],
    "LiteRT": ["fastapi", "uvicorn", *PACKAGES["litert"]],
}


@pytest.fixture(scope="module")
def served(tmp_path_factory):
    """(folder with the page's programs and a classifier, the classifier, photos' files)."""
    if not all(importlib.util.find_spec(name) for needed in NEEDED.values() for name in needed):
        pytest.skip("a package of requirements-extra.txt is not installed")
    folder = tmp_path_factory.mktemp("served")
    serving.write_files(folder)
    classifier = serving.write_classifier(folder, size=64)
    landscape = Image.fromarray(load_sample_image("china.jpg"))
    landscape.save(folder / "china.jpg", quality=95)
    landscape.convert("L").save(folder / "grey.png")
    return (
        folder,
        classifier,
        [*sorted(folder.glob("photos/test/*/*.png"))[:4], folder / "china.jpg", folder / "grey.png"],
    )


@pytest.mark.extra
@pytest.mark.parametrize("server", NEEDED)
def test_a_server_gives_the_numbers_of_predict(server, served):
    folder, classifier, files = served
    found = classifier.predict(files)
    with serving.serving(folder, server) as port:
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
        for file, expected in zip(files, found.probabilities, strict=True):
            status, answer = serving.ask(connection, server, file.read_bytes())
            answer = answer[0]["probabilities"] if server == "BentoML" else answer
            assert status == 200 and list(answer) == list(found.class_names)
            np.testing.assert_allclose([*answer.values()], expected, atol=1e-4)
        status, answer = serving.ask(connection, server, b"no photo")
        if server == "BentoML":
            assert answer == [
                {"label": None, "reason": "is not an image that can be read", "probabilities": {}}
            ]
        else:
            assert status == 400 and answer == {"detail": "This is no photo that can be read."}


@pytest.mark.extra
def test_a_server_of_texts_gives_the_numbers_of_predict(served):
    folder = served[0]
    texts = ["a good film", "so good", "a bad film", "so bad"]
    classifier = TextClassifier().fit(texts * 10, ["positive", "positive", "negative", "negative"] * 10)
    (folder / "outputs" / "sentiment").mkdir(exist_ok=True)
    classifier.save(folder / "outputs" / "sentiment" / "model.keras")
    asked = ["Good!", "bad, so bad", ""]
    with serving.serving(folder, ("bentoml", "bento_texts:Texts")) as port:
        request = urllib.request.Request(
            f"http://127.0.0.1:{port}/classify",
            json.dumps({"texts": asked}).encode(),
            {"Content-Type": "application/json"},
        )
        with urllib.request.urlopen(request, timeout=60) as response:
            answers = json.loads(response.read())
    expected = classifier.predict(asked)
    assert [answer["label"] for answer in answers] == expected.labels
    for answer, row in zip(answers, expected.probabilities, strict=True):
        np.testing.assert_allclose(
            [answer["probabilities"][name] for name in classifier.class_names], row, atol=1e-6
        )


@pytest.mark.parametrize("kind", ["wide PNG", "turned PNG", "see-through PNG", "large JPEG"])
def test_photos_are_read_as_in_training_without_this_project(kind, tmp_path):
    serving.write_files(tmp_path)
    read_square = runpy.run_path(tmp_path / "pixels.py")["read_square"]
    image, content, settings = Image.fromarray(load_sample_image("china.jpg")), io.BytesIO(), {}
    if kind == "turned PNG":
        settings["exif"] = Image.Exif()
        settings["exif"][0x0112] = 6
    if kind == "see-through PNG":
        image.putalpha(Image.linear_gradient("L").resize(image.size))
    image.save(content, "JPEG" if "JPEG" in kind else "PNG", **settings)
    found = read_square(content.getvalue(), 96)
    assert found.shape == (1, 96, 96, 3) and found.dtype == np.float32
    expected = photos.read_square(content.getvalue(), 96).astype("float32")
    assert np.abs(found[0] - expected).max() <= 1


def test_the_page_shows_every_file_that_the_servers_need(tmp_path):
    names = serving.write_files(tmp_path)
    modules = {application.partition(":")[0] for _, application in serving.SERVERS.values()}
    assert {f"{module}.py" for module in modules} <= {*names, "keras_photos.py"}
    for name in names:
        compile((tmp_path / name).read_text(), name, "exec")


def test_percentile_is_that_of_numpy():
    values = np.random.default_rng(0).random(500)
    for share in 0.01, 0.5, 0.99:
        expected = np.percentile(values, 100 * share, method="inverted_cdf")
        assert serving.percentile(list(values), share) == expected
    assert sys.maxsize == serving.percentile([sys.maxsize], 0.99)
