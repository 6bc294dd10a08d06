"""A saved model that is fed a whole photo sees the square that `predict` decodes, but for rounding."""

import tarfile

import keras
import numpy as np
import pytest
from PIL import Image
from scipy.ndimage import gaussian_filter

from datasets import photos
from datasets.photos.pixels import square_box
from models import PhotoClassifier, load_model
from models.fine_tuning.resizing import resizing


def scenery(width, height, seed=0):
    """Smooth shapes with a little grain, as a photo has them."""
    random = np.random.default_rng(seed)
    rough = random.uniform(0, 255, (height, width, 3))
    smooth = sum(gaussian_filter(rough, (sigma, sigma, 0)) * sigma for sigma in (2, 5, 20))
    smooth = (smooth - smooth.min()) / np.ptp(smooth)
    return (30 + 190 * smooth + random.normal(0, 2, smooth.shape)).clip(0, 255).astype("uint8")


def apart(file, size):
    whole = photos.read_photo(file)[None].astype("float32")
    by_layer = keras.ops.convert_to_numpy(resizing(size)(whole, training=False))[0]
    return np.abs(by_layer - photos.read_square(file, size))


@pytest.mark.parametrize("shape", [(320, 213), (213, 320), (250, 97), (64, 64), (500, 333), (41, 60)])
def test_layer_and_reader_cut_out_and_resize_the_same(shape, tmp_path):
    Image.fromarray(scenery(*shape)).save(tmp_path / "photo.png")
    for size in (48, 96):
        found = apart(tmp_path / "photo.png", size)
        # Pillow rounds along each axis, and looks beyond the square at its border. Linear interpolation is
        # 0.5 to 1.3 apart on average
        assert found.mean() < 0.45 and found[3:-3, 3:-3].max() < 2


def test_of_a_large_jpeg_that_is_decoded_at_an_eighth_little_is_left(tmp_path):
    Image.fromarray(scenery(1601, 1067)).save(tmp_path / "photo.jpg", quality=92)
    assert apart(tmp_path / "photo.jpg", 160).mean() < 1.5


def test_the_square_is_where_keras_cuts_it():
    for width, height in [(7, 4), (4, 7), (8, 5), (5, 5), (101, 30)]:
        left, top, right, bottom = square_box(width, height)
        image = np.arange(width * height, dtype="float32").reshape(1, height, width, 1)
        layer = keras.layers.Resizing(*[min(width, height)] * 2, crop_to_aspect_ratio=True)
        cut = keras.ops.convert_to_numpy(layer(image))
        np.testing.assert_array_equal(cut, image[:, top:bottom, left:right])


@pytest.mark.slow
def test_whole_photos_are_answered_as_by_predict(ants_folder, published_mobilenet, tmp_path):
    """It was 0.058 with linear interpolation, and 0.026 with the square half a pixel beside."""
    classifier = PhotoClassifier(weights=published_mobilenet).fit(ants_folder, effort="quick")
    classifier.save(tmp_path / "ants.keras")
    plain = load_model(tmp_path / "ants.keras")
    folder = ants_folder
    if ants_folder.is_file():
        folder = tmp_path / "photos"
        with tarfile.open(ants_folder) as archive:
            archive.extractall(folder, filter="data")
    files = sorted(folder.rglob("val/*/*.jpg"))[::5]
    expected = classifier.predict(files).probabilities
    found = [plain.predict(photos.read_photo(file)[None].astype("float32"), verbose=0)[0] for file in files]
    assert np.abs(np.array(found) - expected).max() < 0.01
