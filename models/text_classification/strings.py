"""A vocabulary in front of a network of token ids, so that strings go in."""

import keras
import numpy as np
from keras import layers, ops

from ..checks.arguments import built_model, checked, shown, whole
from ..checks.words import words
from ..errors import ModelError
from ..word_index import splitting_of
from .by_parts import predict_texts
from .vocabulary import LONGEST, split_argument, split_of, splitting_layer


@checked(vocabulary=words, classifier=built_model, longest=whole(), split=split_argument)
def StringClassifier(vocabulary, classifier, longest=LONGEST, name="text_classifier", split=None):
    """Put a vocabulary in front of a network that takes token ids, so that it takes strings.

    Args:
        vocabulary: List of words in the order of their token ids, from 2 on; 0 and 1 stand for padding
            and for any other word. Lower case, each of them once.
        classifier: A model of token ids (batch, words) with a layer "embedding", such as `SentimentLSTM`.
        longest: Number of words that are used of a text, from its beginning.
        name: Name of the model.
        split: How texts are split, as for `learn_vocabulary`: at "whitespace", without punctuation; into
            each "character"; or into words and "punctuation". None for as the vocabulary looks: see
            `split_of`.

    Returns:
        An uncompiled model: strings (batch,) -> what `classifier` gives. The text is converted to lower
        case. Called, rather than by `predict`, it needs Keras's TensorFlow backend.

    Raises:
        ModelError: If an argument is not as described, or `classifier` has not as many token ids as the
            vocabulary.

    Example:
        >>> import numpy as np
        >>> from models import SentimentBag, StringClassifier
        >>> words = ["a", "good", "bad", "film"]
        >>> model = StringClassifier(words, SentimentBag(vocabulary_size=6))
        >>> model.predict(np.array(["A good film!", "Very bad."], object), verbose=0).shape
        (2, 1)
    """
    embeddings = [layer for layer in classifier.layers if isinstance(layer, layers.Embedding)]
    known = next((layer.input_dim for layer in embeddings if layer.name == "embedding"), None)
    if known is None or len(classifier.inputs) != 1 or len(classifier.inputs[0].shape) != 2:
        raise ModelError(
            'StringClassifier needs a classifier of token ids with a layer "embedding", such as '
            f"SentimentLSTM builds, not {shown(classifier)}."
        )
    ids = len(vocabulary) + 2
    if ids != known:
        raise ModelError(
            f"The vocabulary has {ids:,} token ids with the two for padding and unknown words, but "
            f"{classifier.name} has {known:,}; build it with vocabulary_size={ids}."
        )
    text = keras.Input((), dtype="string", name="text")
    split = split or split_of(vocabulary)
    vectorize = splitting_layer(split, vocabulary=vocabulary, name="vocabulary")
    tokens = vectorize(text)
    tokens = ops.cast(tokens[:, :longest], "int32")
    tokens = ops.pad(tokens, ((0, 0), (0, 1)))  # so that a text without words has one token
    return takes_lists(keras.Model(text, classifier(tokens), name=name))


def takes_lists(model):
    """Let the `predict` of a model of strings take a list of str, which Keras takes for several inputs.

    Args:
        model: Keras model of strings (batch,). It is changed; when saved, it is a plain one.

    Returns:
        The model.

    Example:
        >>> from models import SentimentBag
        >>> model = StringClassifier(["good", "bad"], SentimentBag(vocabulary_size=4))
        >>> model.predict(["A good film!", "Bad."], verbose=0).shape
        (2, 1)
        >>> try:
        ...     model.predict("A good film!")
        ... except ModelError as error:
        ...     print(error)
        The model's predict takes several texts, not 'A good film!'; for one text, write [text].
    """
    of_keras = model.predict

    def predict(x, *arguments, **settings):
        if isinstance(x, str):
            raise ModelError(
                f"The model's predict takes several texts, not {shown(x)}; for one text, write [text]."
            )
        if isinstance(x, (list, tuple)) and x and all(isinstance(text, str) for text in x):
            x = np.array(x, object)
        if keras.backend.backend() != "tensorflow" and isinstance(x, np.ndarray) and x.dtype.kind in "OU":
            return predict_texts(model, x, settings.get("batch_size") or 32)
        return of_keras(x, *arguments, **settings)

    model.predict = predict
    return model


def vocabulary_in(model):
    """The words of a model of strings, and how it splits texts into them.

    Args:
        model: Keras model of strings.

    Returns:
        (list of str, split); (None, None) of a model without a layer "vocabulary", such as one of n-grams.

    Raises:
        ModelError: If that layer is none that `StringClassifier` makes.

    Example:
        >>> from models import SentimentBag
        >>> vocabulary_in(StringClassifier(["good", "!"], SentimentBag(vocabulary_size=4)))
        (['good', '!'], 'punctuation')
    """
    found = [layer for layer in model.layers if layer.name == "vocabulary"]
    if not found:
        return None, None
    layer, plain = found[0], {"ragged": False, "encoding": "utf-8"}
    fits = isinstance(layer, layers.TextVectorization) and plain.items() <= layer.get_config().items()
    words = layer.get_vocabulary(include_special_tokens=False) if fits else []
    if not words:
        raise ModelError(
            "the layer vocabulary must be a WordIndex or TextVectorization that knows words, with "
            'ragged=False and encoding="utf-8".'
        )
    return [str(word) for word in words], splitting_of(layer)
