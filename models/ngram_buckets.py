"""Texts as n-grams: a layer that takes them apart into words and pairs of neighbouring words."""

import keras
from keras import layers

from .checks.arguments import whole

MOST_BUCKETS = 2**22
LONGEST_NGRAM = 5  # words
SPACES = r"[\s\p{Z}\p{C}]+"  # characters without a form, such as a zero-width space, among them
# What is a token of its own: any character that is no letter, mark, digit, underscore or space, and each
# letter of scripts that are written without spaces between words
ALONE = r"([^\p{L}\p{M}\p{N}_ ]|[\p{Han}\p{Hiragana}\p{Katakana}\p{Thai}\p{Lao}\p{Khmer}\p{Myanmar}]\p{M}*)"


@keras.saving.register_keras_serializable("glass_zoo")
class NgramBuckets(layers.Layer):
    """Takes a text apart into words and punctuation, and gives each n-gram the number of its bucket.

    Letters become lower case. Each punctuation mark, symbol, emoji, and letter of a script without spaces
    (Chinese, Japanese, Thai and the like) is a token of its own. An n-gram is a sequence of 1 to `longest`
    neighbouring tokens; a hash of it is its bucket. So there is no vocabulary to learn, and several n-grams
    may share a bucket. It needs TensorFlow, as TextVectorization does.

    Args:
        buckets: How many, from 2 to 4,194,304.
        longest: Tokens of the longest n-gram, from 1 to 5.
        **kwargs: As for every layer, such as `name`.

    Call with: strings (batch,).

    Returns:
        int32 (batch, n): numbers from 1 to `buckets`, and 0 behind those of shorter texts; first all single
        tokens of a text, in order, then all pairs, and so on.

    Raises:
        ModelError: If an argument is not as described.

    Example:
        >>> import numpy as np
        >>> from models.ngram_buckets import NgramBuckets
        >>> good, not_good = NgramBuckets(2**18)(np.array(["Good!", "not good!"], object)).numpy()
        >>> good.tolist().count(0), len(set(good.tolist()) & set(not_good.tolist()))  # good, !, good !
        (2, 3)
    """

    def __init__(self, buckets, longest=2, **kwargs):
        super().__init__(**kwargs)
        self.buckets = whole(2, MOST_BUCKETS)("NgramBuckets", "buckets", buckets)
        self.longest = whole(1, LONGEST_NGRAM)("NgramBuckets", "longest", longest)
        self._convert_input_args, self._allow_non_tensor_positional_args = False, True

    def ragged(self, texts):
        """The same as a ragged tensor (batch, None) of int64, without zeros.

        Args:
            texts: strings (batch,).

        Returns:
            A tf.RaggedTensor.

        Example:
            >>> NgramBuckets(9, longest=1).ragged(["so so good", ""]).row_lengths().numpy().tolist()
            [3, 0]
        """
        import tensorflow as tf

        spaced = tf.strings.regex_replace(tf.strings.lower(texts, "utf-8"), SPACES, " ")
        tokens = tf.strings.split(tf.strings.regex_replace(spaced, ALONE, r" \1 "))
        ngrams = tf.strings.ngrams(tokens, tuple(range(1, self.longest + 1)), separator=" ")
        return tf.ragged.map_flat_values(tf.strings.to_hash_bucket_fast, ngrams, self.buckets) + 1

    def call(self, texts):
        """See the class."""
        import tensorflow as tf

        return tf.cast(self.ragged(texts).to_tensor(0), "int32")

    def compute_output_spec(self, texts):
        """int32 (batch, any number)."""
        return keras.KerasTensor((texts.shape[0], None), "int32")

    def get_config(self):
        """{argument: value}."""
        return {**super().get_config(), "buckets": self.buckets, "longest": self.longest}
