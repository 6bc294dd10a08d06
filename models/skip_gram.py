"""The skip-gram network of word2vec: two embeddings, and nothing else."""

import keras
from keras import layers

from .checks.arguments import check_parameters, checked, whole
from .text import MOST_IDS


@checked(vocabulary_size=whole(3, MOST_IDS), embedding_dim=whole())
def SkipGram(vocabulary_size=10_000, embedding_dim=100, name="skip_gram"):
    """Two Embeddings → Dot: how well each word of a row predicts each other word as its neighbour.

    A word has two vectors: one as the word that predicts, in the layer "word_vectors", which is kept after
    training, and one as the neighbour that is predicted, in the layer "context_vectors". The logit of a pair
    is their dot product. `models.word_vectors` trains it.

    Args:
        vocabulary_size: Number of token ids, padding and unknown words among them, from 3 to 200,000.
        embedding_dim: Length of a word's vector.
        name: Name of the model.

    Returns:
        An uncompiled model: token ids (batch, words), integers from 0 to vocabulary_size - 1 -> logits
        (batch, words, words); element i, j is that of word j as a neighbour of word i.

    Raises:
        ModelError: If an argument is not as described.

    Reference:
        Mikolov et al., Distributed representations of words and phrases and their compositionality, 2013.

    Example:
        >>> from models import SkipGram
        >>> model = SkipGram(vocabulary_size=1000, embedding_dim=64)
        >>> model.output_shape, model.count_params() == 2 * 1000 * 64
        ((None, None, None), True)
    """
    check_parameters("SkipGram", 2 * vocabulary_size * embedding_dim)
    tokens = keras.Input((None,), dtype="int32", name="tokens")
    words = layers.Embedding(vocabulary_size, embedding_dim, name="word_vectors")(tokens)
    contexts = layers.Embedding(
        vocabulary_size, embedding_dim, embeddings_initializer="zeros", name="context_vectors"
    )(tokens)
    return keras.Model(tokens, layers.Dot(axes=2, name="logits")([words, contexts]), name=name)
