"""Predictions of a model of strings: in one piece with TensorFlow, in two with other backends."""

import keras
import numpy as np

from ..gradients import double_precision


def predict_texts(model, texts, batch_size=32):
    """What a model of strings gives for texts.

    Only TensorFlow knows strings. With another backend, TensorFlow turns them into token ids, and the rest of
    the model is compiled by the backend, for numbers of ids that are powers of two.

    Args:
        model: Keras model of strings (batch,), as `StringClassifier` or `fit_ngrams` builds it.
        texts: Sequence of n str.
        batch_size: Texts that are classified together.

    Returns:
        Array (n, ...).

    Example:
        >>> from models import SentimentBag, StringClassifier
        >>> model = StringClassifier(["good", "bad"], SentimentBag(vocabulary_size=4))
        >>> predict_texts(model, ["Good, not bad!", ""]).shape
        (2, 1)
    """
    texts = np.asarray(texts, object)
    if keras.backend.backend() == "tensorflow":
        return model.predict(texts, batch_size=batch_size, verbose=0)
    front = next(layer for layer in model.layers if not isinstance(layer, keras.layers.InputLayer))
    kept = model.__dict__  # so that the model owns its second part, which is compiled once
    if "_behind_strings" not in kept:
        kept["_behind_strings"] = keras.Model(front.output, model.outputs[0])
    behind = kept["_behind_strings"]
    found = []
    for n in range(0, len(texts), batch_size):
        with double_precision():  # the ids come with 64 bits, of which JAX would say that it cuts them
            ids = keras.ops.convert_to_numpy(front.call(list(texts[n : n + batch_size])))
        padding = 2 ** int(np.ceil(np.log2(max(1, ids.shape[1])))) - ids.shape[1]
        ids = np.pad(ids, ((0, batch_size - len(ids)), (0, padding))).astype("int32")
        found.append(behind.predict_on_batch(ids)[: len(texts[n : n + batch_size])])
    return np.concatenate([np.asarray(each) for each in found])


def outputs_for_text(model, text):
    """What a model of strings gives for one text, with TensorFlow without compiling.

    Args:
        model: Keras model of strings.
        text: One str.

    Returns:
        Array (...).

    Example:
        >>> from models import SentimentBag, StringClassifier
        >>> model = StringClassifier(["good", "bad"], SentimentBag(vocabulary_size=4))
        >>> outputs_for_text(model, "Good").shape
        (1,)
    """
    if keras.backend.backend() == "tensorflow":
        return np.asarray(model(np.array([text], object)))[0]
    return predict_texts(model, [text], batch_size=1)[0]
