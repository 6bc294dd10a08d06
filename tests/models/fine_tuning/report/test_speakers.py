"""Training photos that speak for a mistake: a wrongly labelled twin is the first."""

from types import SimpleNamespace

import keras
import numpy as np

from models.fine_tuning.multi_scale import fit_probes
from models.fine_tuning.report.speakers import speakers


def test_a_twin_with_a_wrong_label_speaks_most_for_its_class():
    random = np.random.default_rng(0)
    images = keras.Input((None, None, 3))
    backbone = keras.Model(images, keras.layers.Conv2D(12, 3, strides=3)(images))
    labels = np.arange(60) % 3
    colours = np.eye(3)[labels] * 120 + random.uniform(0, 120, (60, 3))
    pixels = np.clip(colours[:, None, None] + random.normal(0, 8, (60, 32, 32, 3)), 0, 255).astype("uint8")
    pixels[50] = pixels[7]  # 50 is of the part for testing; its twin is labelled as another class
    true, labels[7] = labels[7], (labels[7] + 1) % 3
    photos = SimpleNamespace(
        pixels=pixels, labels=labels, class_names=("a", "b", "c"), files=[f"{n}.png" for n in range(60)]
    )
    known = np.arange(3, 45)
    training = SimpleNamespace(
        backbone=backbone,
        probes=fit_probes(backbone, photos, known, (16, 32), flip=True),
        photos=SimpleNamespace(weights=None),
        flip=True,
    )
    found = speakers(training, photos, known, [50], [labels[7]], [true], count=2)
    assert len(found) == 1 and len(found[0]) <= 2
    assert found[0][0].file == "7.png" and (found[0][0].photo == pixels[7]).all()
    assert all(each.label == photos.class_names[labels[7]] for each in found[0])
