"""What several tests of photos share."""

import pytest

from datasets import Photos, digits


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    top = tmp_path_factory.mktemp("photos")
    digits.save_photos(top, examples=10)
    return top / "train"


@pytest.fixture(scope="module")
def whole(folder):
    return Photos.check(folder, 28)
