"""The zoo: builder functions that return uncompiled Keras models.

Each builder is imported when it is first asked for, so that `python -m models` can list the
zoo without loading Keras.
"""

from .startup import interrupts

interrupts.start()  # first; it does nothing unless this is `python -m models` or a lesson

import importlib

from .startup import surroundings
from .errors import ModelError

surroundings.prepare()

_HOMES = {
    "ConvNet": "models.convnets",
    "TwoBlockConvNet": "models.convnets",
    "LeNet5": "models.convnets",
    "StackedConvNet": "models.convnets",
    "MLP": "models.dense",
    "DenseChain": "models.dense",
    "CountingMLP": "models.counting",
    "DenseLayer": "models.counting",
    "ConvLayer": "models.counting",
    "FilterBank": "models.filters",
    "XorO": "models.x_or_o",
    "WindowStack": "models.receptive_fields",
    "SentimentLSTM": "models.text",
    "SentimentBiLSTM": "models.text",
    "SentimentSimpleRNN": "models.text",
    "SentimentConv1D": "models.text",
    "SentimentBag": "models.text",
    "SoundConvNet": "models.sound",
    "FrameByFrame": "models.video",
    "VideoLSTM": "models.video",
    "VideoConv3D": "models.video",
}
_OTHERS = {"load_model": "models.loading.saved_models"}

__all__ = ["ModelError", *_HOMES, *_OTHERS]


def __getattr__(name):
    homes = _HOMES | _OTHERS
    if name not in homes:
        raise AttributeError(f"module 'models' has no builder {name!r}; it has {', '.join(homes)}")
    return getattr(importlib.import_module(homes[name]), name)


def __dir__():
    return __all__
