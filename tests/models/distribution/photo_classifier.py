"""Train a classifier of photos in this process or in several, and save it: run by the tests.

python photo_classifier.py FOLDER_OF_PHOTOS FOLDER_OF_RESULTS [alone | joined]
"""

import os
import sys
from pathlib import Path

os.environ["KERAS_BACKEND"] = "jax"
photos, results, way = Path(sys.argv[1]), Path(sys.argv[2]), sys.argv[3]

from models import distribution

if way == "joined":
    distribution.join()

import numpy as np

from models import PhotoClassifier

devices = distribution.DataParallel() if way == "joined" else None
rank = "first" if distribution.is_first() else "second"
settings = {
    "image_size": 28,
    "flip": False,
    "views": 2,
    "epochs": 3,
    "batch_size": 20,
    "mixing": "mixup",
    "budget": "1h",
}
classifier = PhotoClassifier("convnet", weights=None, **settings)
classifier.fit(photos, distribution=devices, checkpoint=results / "checkpoint")
classifier.save(results / f"{rank}.keras")  # a path of its own for each: who writes is seen
classifier.save(results / "all.keras")
distribution.wait()
again = PhotoClassifier.load(results / "all.keras")
evaluation = again.evaluate(photos)
np.savez(
    results / f"{rank}.npz",
    *classifier.model.get_weights(),
    history=[values for part in classifier.history_.values() for values in part["val_loss"]],
    accuracy=evaluation.accuracy.value,
    processes=distribution.joined(),
)
