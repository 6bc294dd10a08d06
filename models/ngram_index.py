"""Texts as n-grams: a layer that takes them apart into words, pairs of words, and parts of words."""

import keras
import numpy as np
from keras import layers

from .checks.arguments import whole
from .errors import ModelError
from .gradients import double_precision
from .word_index import apart

MOST_NGRAMS = 2**22
LONGEST_NGRAM = 5  # words, or letters
LETTERS = 2**61  # fingerprints from here on are of letters, those below of words


@keras.saving.register_keras_serializable("glass_zoo")
class NgramIndex(layers.Layer):
    """Takes a text apart into words and punctuation, and gives each n-gram that it knows its number.

    Letters become lower case. Each punctuation mark, symbol, emoji, and letter of a script without spaces
    (Chinese, Japanese, Thai and the like) is a token of its own. An n-gram is a sequence of 1 to `longest`
    neighbouring tokens; or of 2 to `letters` neighbouring letters of a token, at whose ends a space counts as
    one. The layer knows an n-gram by its fingerprint, a hash of 61 bits. TensorFlow does this, as in
    TextVectorization, whatever Keras's backend is.

    Args:
        size: How many n-grams it knows, from 1 to 4,194,304. Which ones are its weights: `learn` sets them.
        longest: Tokens of the longest n-gram, from 1 to 5.
        letters: Letters of the longest n-gram of letters, from 2 to 5; 0 for none.
        **kwargs: As for every layer, such as `name`.

    Call with: strings (batch,).

    Returns:
        int32 (batch, n): for each known n-gram of a text its number, from 1 to `size`, and 0 behind those of
        texts that have fewer; an n-gram that a text has twice is there twice.

    Raises:
        ModelError: If an argument is not as described.

    Example:
        >>> import numpy as np
        >>> from models.ngram_index import NgramIndex
        >>> layer = NgramIndex(size=3).learn(["not good"])
        >>> layer(np.array(["Good, not bad", "bad"], object)).numpy().shape  # it knows good and not
        (2, 2)
    """

    def __init__(self, size, longest=2, letters=0, **kwargs):
        super().__init__(**kwargs)
        self.size = whole(1, MOST_NGRAMS)("NgramIndex", "size", size)
        self.longest = whole(1, LONGEST_NGRAM)("NgramIndex", "longest", longest)
        self.letters = whole(0, LONGEST_NGRAM)("NgramIndex", "letters", letters)
        self._convert_input_args, self._allow_non_tensor_positional_args = False, True
        with double_precision():
            self.known = self.add_weight((self.size,), "zeros", "int64", trainable=False, name="known")

    def learn(self, texts):
        """Know the n-grams of texts.

        Args:
            texts: Sequence of str, with as many different n-grams as the layer's `size`.

        Returns:
            This layer.

        Raises:
            ModelError: If they have another number of n-grams.

        Example:
            >>> len(NgramIndex(size=1, longest=1).learn(["so so so"]).known.numpy())
            1
        """
        found = np.unique(self.fingerprints(list(texts)).values.numpy())
        if len(found) != self.size:
            raise ModelError(
                f"NgramIndex.learn needs texts of as many different n-grams as size, {self.size:,}, and "
                f"these have {len(found):,}."
            )
        self.know(found)
        return self

    def tokens(self, texts):
        """The words, punctuation marks and so on that texts are taken apart into.

        Args:
            texts: strings (batch,).

        Returns:
            A tf.RaggedTensor (batch, None) of lower-case strings.

        Example:
            >>> NgramIndex(9).tokens(["Good, not bad"]).numpy()[0].tolist()
            [b'good', b',', b'not', b'bad']
        """
        import tensorflow as tf

        return tf.strings.split(apart(texts))

    def know(self, fingerprints):
        """Know these n-grams: int64 (size,), ascending."""
        with double_precision():
            self.known.assign(fingerprints)

    def load_own_variables(self, store):
        """Keras calls this when a model is loaded."""
        with double_precision():
            super().load_own_variables(store)

    def fingerprints(self, texts):
        """All n-grams of texts, known or not, by their fingerprints.

        Args:
            texts: strings (batch,).

        Returns:
            A tf.RaggedTensor (batch, None) of int64, from 0 to 2**62: of each text first all single tokens,
            in order, then all pairs, and so on; those of letters last, from 2**61.

        Example:
            >>> NgramIndex(9, longest=1).fingerprints(["so so good", ""]).row_lengths().numpy().tolist()
            [3, 0]
        """
        import tensorflow as tf

        tokens = self.tokens(texts)
        ngrams = tf.strings.ngrams(tokens, tuple(range(1, self.longest + 1)), separator=" ")
        found = tf.ragged.map_flat_values(tf.strings.to_hash_bucket_fast, ngrams, LETTERS)
        if not self.letters:
            return found
        spelled = tf.strings.unicode_split(tf.ragged.map_flat_values(_between_spaces, tokens), "UTF-8")
        parts = tf.strings.ngrams(spelled, tuple(range(2, self.letters + 1)), separator="").merge_dims(1, 2)
        parts = tf.ragged.map_flat_values(tf.strings.to_hash_bucket_fast, parts, LETTERS)
        return tf.concat([found, parts + LETTERS], 1)

    def call(self, texts):
        """See the class."""
        import tensorflow as tf

        known = self.known if keras.backend.backend() == "tensorflow" else np.asarray(self.known)
        found, known = self.fingerprints(texts), tf.convert_to_tensor(known)
        places = tf.minimum(tf.searchsorted(known, found.values, out_type="int32"), self.size - 1)
        numbers = found.with_values(tf.where(tf.gather(known, places) == found.values, places + 1, 0))
        return tf.ragged.boolean_mask(numbers, numbers > 0).to_tensor(0)

    def compute_output_spec(self, texts):
        """int32 (batch, any number)."""
        return keras.KerasTensor((texts.shape[0], None), "int32")

    def get_config(self):
        """{argument: value}."""
        return super().get_config() | {"size": self.size, "longest": self.longest, "letters": self.letters}


def _between_spaces(tokens):
    import tensorflow as tf

    return tf.strings.join([" ", tokens, " "])
