"""Vectors of words from texts without labels, in one call: what the lesson `word2vec` shows step by step."""

import numpy as np

from ..checks.arguments import checked, number, share, whole
from ..seeds import seeded
from ..skip_gram import SkipGram
from .sampling import ROW, keep_probabilities, near, noise_distribution, word_counts, word_rows
from .training import training_step

NEGATIVES, DRAWN = 5, 128  # for each pair; shared by all pairs of a batch
ROWS = 32  # of a batch
FEWEST_BATCHES = 200  # of an epoch: of few texts a batch has fewer rows


@checked(
    vocabulary_size=whole(3),
    embedding_dim=whole(),
    window=whole(),
    subsampling=share,
    power=number(least=0, most=1),
    epochs=whole(),
    learning_rate=number(above=0),
    batch_size=whole(none=True),
)
def learn_word_vectors(
    tokens,
    vocabulary_size,
    embedding_dim=100,
    window=8,
    subsampling=2e-4,
    power=0.75,
    epochs=3,
    learning_rate=0.6,
    batch_size=None,
    seed=0,
    verbose=0,
):
    """Train skip-gram with negative sampling on texts, and return the words' vectors.

    Args:
        tokens: List of arrays of token ids, one a text, as `token_ids` gives them with longest=None.
        vocabulary_size: Number of token ids.
        embedding_dim: Length of a vector.
        window: Largest distance of two neighbours; each word draws its own, from 1 to this.
        subsampling: Share of all words from which on a word is thinned out; 0 keeps all.
        power: Power of a word's frequency with which it is drawn as a negative.
        epochs: Number of epochs.
        learning_rate: Of Adagrad, at first; it decays to 0 in a line.
        batch_size: Rows of 64 words in a batch; None for 32, or fewer where the texts are few.
        seed: The same seed gives the same vectors.
        verbose: 1 to print the loss of each epoch.

    Returns:
        Array float32 (vocabulary_size, embedding_dim). Rows 0 and 1, of padding and unknown words, and those
        of words that do not occur are as they were drawn.

    Raises:
        ModelError: If an argument is not as described, or the texts have fewer than 64 known words.

    Reference:
        Mikolov et al., Distributed representations of words and phrases and their compositionality, 2013.

    Example:
        >>> from models.word_vectors import learn_word_vectors, unit_length
        >>> texts = [np.array([n, 2 + n % 2, n]) for n in np.random.default_rng(0).integers(4, 8, 4000)]
        >>> vectors = learn_word_vectors(texts, 8, 8, window=1, subsampling=0)
        >>> unit = unit_length(vectors)
        >>> bool(unit[4] @ unit[6] > unit[4] @ unit[5])  # 4 and 6 stand beside 2, 5 and 7 beside 3
        True
    """
    counts = word_counts(tokens, vocabulary_size)
    keep, noise = keep_probabilities(counts, subsampling), np.cumsum(noise_distribution(counts, power))
    if batch_size is None:
        batch_size = int(np.clip(keep @ counts / ROW / FEWEST_BATCHES, 1, ROWS))
    random = np.random.default_rng(seed)
    with seeded(seed):
        network = SkipGram(vocabulary_size, embedding_dim)
    step = training_step(network, learning_rate, NEGATIVES)
    for epoch in range(epochs):
        batches, losses = word_rows(tokens, keep, window, batch_size, seed=int(random.integers(2**31))), []
        for n, batch in enumerate(batches):
            left = 1 - (epoch + n / len(batches)) / epochs
            neighbours = near(batch, random.integers(1, window + 1, batch.shape))
            drawn = np.searchsorted(noise, random.random(DRAWN)).clip(2, vocabulary_size - 1)
            losses.append(step(batch, neighbours, drawn, left))
        if verbose:
            print(f"vectors of words, epoch {epoch + 1}/{epochs}: loss {np.mean(losses):.3f}", flush=True)
    return network.get_layer("word_vectors").get_weights()[0]
