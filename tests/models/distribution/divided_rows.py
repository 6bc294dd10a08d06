"""Print as JSON the first sides of the tensors in a compiled step of training: run by the tests."""

import json
import os
import re
from collections import Counter

os.environ["KERAS_BACKEND"] = "jax"
os.environ["XLA_FLAGS"] = "--xla_force_host_platform_device_count=2"

import jax
import keras
import numpy as np

from models import ConvNet
from models.distribution import DataParallel, shared

devices = DataParallel()
network, images, labels = ConvNet(), np.zeros((46, 28, 28, 1), "float32"), np.zeros(46, "int32")
network.compile("adam", "sparse_categorical_crossentropy")
with shared(network, devices):
    network.fit(images, labels, batch_size=46, verbose=0)
    variables = (
        network.trainable_variables,
        network.non_trainable_variables,
        network.optimizer.variables,
        network.metrics_variables,
    )
    whole = jax.sharding.NamedSharding(devices.device_mesh.backend_mesh, jax.sharding.PartitionSpec())
    batch = jax.device_put((images, labels), whole)
    step = jax.jit(network.train_step).lower([[v.value for v in each] for each in variables], batch)
    sides = Counter(re.findall(r"= f32\[(\d+),\d+,\d+,\d+\]", step.compile().as_text()))
print(json.dumps(sides), keras.version())
