"""Texts as token ids: a layer that takes texts apart into words and punctuation, and numbers both."""

import keras
from keras import layers

SPACES = r"[\s\p{Z}\p{C}]+"  # characters without a form, such as a zero-width space, among them
# What is a token of its own: any character that is no letter, mark, digit, underscore or space, and each
# letter of scripts that are written without spaces between words
UNSPACED = r"[\p{Han}\p{Hiragana}\p{Katakana}\p{Thai}\p{Lao}\p{Khmer}\p{Myanmar}]\p{M}*"
ALONE = rf"([^\p{{L}}\p{{M}}\p{{N}}_ ]|{UNSPACED})"


def apart(texts):
    """Texts in lower case with one space between their tokens, as TensorFlow's strings.

    Args:
        texts: strings (batch,).

    Returns:
        A tf.Tensor of strings, of the same shape.

    Example:
        >>> from models.word_index import apart
        >>> apart(["Well-made! 很好"]).numpy()[0].decode().split()
        ['well', '-', 'made', '!', '很', '好']
    """
    import tensorflow as tf

    spaced = tf.strings.regex_replace(tf.strings.lower(texts, "utf-8"), SPACES, " ")
    return tf.strings.regex_replace(spaced, ALONE, r" \1 ")


def words_and_letters(text):
    """The words of a text, and each letter of a script without spaces between words by itself.

    Args:
        text: A str.

    Returns:
        List of (str, whether white space follows).

    Example:
        >>> from models.word_index import words_and_letters
        >>> words_and_letters("Good, 很好!")
        [('Good,', True), ('很', False), ('好', False), ('!', False)]
    """
    import tensorflow as tf

    found = []
    for word in text.split():
        apart_from_others = tf.strings.regex_replace(word, f"({UNSPACED})", r" \1 ").numpy().decode()
        parts = apart_from_others.split()
        found += [(part, False) for part in parts[:-1]] + [(parts[-1], True)]
    return [*found[:-1], (found[-1][0], False)] if found else []


@keras.saving.register_keras_serializable("glass_zoo")
class WordIndex(layers.TextVectorization):
    """Takes a text apart into words and punctuation, and gives each its token id.

    Letters become lower case. Each punctuation mark, symbol, emoji, and letter of a script without spaces
    (Chinese, Japanese, Thai and the like) is a token of its own, as in `NgramIndex`. Keras's
    TextVectorization, whose subclass this is, removes punctuation instead, so that "good/bad" is one word.

    Args:
        **kwargs: As for `keras.layers.TextVectorization`, such as `vocabulary` and `name`, without
            `standardize` and `split`.

    Call with: strings (batch,).

    Returns:
        int (batch, n): 0 for padding, 1 for a token that is not in the vocabulary, 2 and on for its tokens.

    Example:
        >>> import numpy as np
        >>> from models.word_index import WordIndex
        >>> layer = WordIndex(vocabulary=["good", "!", "😀"])
        >>> layer(np.array(["Good/bad! 😀"], object)).numpy().tolist()
        [[2, 1, 1, 3, 4]]
    """

    def __init__(self, **kwargs):
        super().__init__(**{**kwargs, "standardize": apart, "split": "whitespace"})

    @classmethod
    def from_config(cls, config):
        """The layer with the arguments that `get_config` returned."""
        return cls(**config)

    def get_config(self):
        """{argument: value}."""
        config = super().get_config()
        return {name: config[name] for name in config if name not in ("standardize", "split")}


def splitting_of(layer):
    """How a layer splits texts: "punctuation", or what the `split` of a `keras.layers.TextVectorization` is.

    Args:
        layer: A `WordIndex`, or another `keras.layers.TextVectorization`.

    Example:
        >>> from models.word_index import WordIndex, splitting_of
        >>> splitting_of(WordIndex()), splitting_of(layers.TextVectorization())
        ('punctuation', 'whitespace')
    """
    return "punctuation" if isinstance(layer, WordIndex) else layer.get_config()["split"]
