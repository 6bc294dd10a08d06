"""What all tests share: no network, no user's data, a Keras that starts quietly."""

import os
from pathlib import Path

import pytest

USERS_DATA = os.environ.pop("GLASS_ZOO_DATA", None)  # only tests marked slow may see it

import tutorials._command  # noqa: F401  (loads Keras without TensorFlow's start-up notices)

ROOT = Path(__file__).parents[1]


@pytest.fixture(autouse=True)
def _own_keras_home(tmp_path_factory, monkeypatch):
    """Keep downloads away from the user's cache, and from the network."""
    monkeypatch.setenv("KERAS_HOME", str(tmp_path_factory.mktemp("keras")))
    monkeypatch.setattr("datasets.digits.ORIGIN", "http://127.0.0.1:9/mnist.npz")
    monkeypatch.setattr("datasets.reviews.ORIGIN", "http://127.0.0.1:9/")
    monkeypatch.setattr("models._published.ORIGIN", "http://127.0.0.1:9/")


@pytest.fixture(scope="session")
def root():
    """The project's top folder."""
    return ROOT


@pytest.fixture(scope="session")
def mnist_folder():
    """The folder with real MNIST that GLASS_ZOO_DATA names, for tests marked slow."""
    if not USERS_DATA:
        pytest.skip("set GLASS_ZOO_DATA to a folder that holds mnist.npz")
    return Path(USERS_DATA).resolve()


@pytest.fixture(scope="session")
def imdb_folder():
    """The folder with the real movie reviews that GLASS_ZOO_DATA names, for tests marked slow."""
    if not USERS_DATA or not list(Path(USERS_DATA).glob("aclImdb*")):
        pytest.skip("set GLASS_ZOO_DATA to a folder that holds aclImdb, or an archive of it")
    return Path(USERS_DATA).resolve()


@pytest.fixture(scope="session")
def published_mobilenet():
    """The weights of a MobileNet of a quarter of the features, as Keras publishes them, for slow tests."""
    file = Path(USERS_DATA or "nowhere") / "mobilenet_2_5_224_tf_no_top.h5"
    if not file.is_file():
        pytest.skip(f"set GLASS_ZOO_DATA to a folder that holds {file.name}")
    return file.resolve()
