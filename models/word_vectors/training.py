"""Skip-gram with negative sampling: the gradients by hand, and a step that changes only a batch's words.

Keras's optimizers would change all rows of both embeddings in each step. A batch holds a fraction of the
vocabulary, so here some rows of a variable are added to, which Keras cannot.
"""

import keras
from keras import ops

from ..checks.arguments import checked, number, whole
from ..compiled import add_rows, compiled, rows_of
from ..errors import ModelError

START = 1e-3  # of Adagrad's sums of squares


def skip_gram_gradients(words, contexts, noise, neighbours, negatives):
    r"""Loss and gradients of skip-gram with negative sampling, for rows of words.

    A pair of neighbours with the dot product $z$ has the loss $\log(1 + e^{-z})$ and the gradient
    $\sigma(z) - 1$; a pair of a word and a negative has $\log(1 + e^z)$ and $\sigma(z)$. All words of the
    batch share the drawn negatives, so that one matrix product scores them.

    Args:
        words: Vectors (batch, n, dimensions) of the words that predict.
        contexts: Vectors (batch, n, dimensions) of the same words as neighbours.
        noise: Vectors (drawn, dimensions) of the negatives.
        neighbours: (batch, n, n), 1 where word j is a neighbour of word i, as `near` gives them.
        negatives: Number of negatives for each pair of neighbours; those drawn are weighted to it.

    Returns:
        `(loss, gradients)`: the sum over all pairs, and its gradients by words, contexts and noise.

    Example:
        >>> import numpy as np
        >>> one = np.ones((1, 2, 1), "float32")
        >>> near = np.array([[[0, 1], [1, 0]]], "float32")
        >>> loss, _ = skip_gram_gradients(0 * one, one, one[0], near, negatives=5)
        >>> float(loss / np.log(2)) / 2  # of each of the two pairs, at z = 0
        6.0
    """
    pairs = ops.sum(neighbours, 2, keepdims=True)  # (batch, n, 1) of each word
    weight = pairs * (negatives / noise.shape[0])
    logits = ops.matmul(words, ops.transpose(contexts, (0, 2, 1)))  # (batch, n, n)
    noise_logits = ops.matmul(words, ops.transpose(noise))  # (batch, n, drawn)
    loss = ops.sum(neighbours * ops.softplus(-logits)) + ops.sum(weight * ops.softplus(noise_logits))
    pulled = neighbours * (ops.sigmoid(logits) - 1)
    pushed = weight * ops.sigmoid(noise_logits)
    by_words = ops.matmul(pulled, contexts) + ops.matmul(pushed, noise)
    by_contexts = ops.matmul(ops.transpose(pulled, (0, 2, 1)), words)
    by_noise = ops.tensordot(pushed, words, ((0, 1), (0, 1)))
    return loss, (by_words, by_contexts, by_noise)


def _network(owner, name, value):
    layers = {layer.name for layer in value.layers} if isinstance(value, keras.Model) else set()
    if not {"word_vectors", "context_vectors"} <= layers:
        raise ModelError(f"{owner} needs {name} as SkipGram builds it.")
    return value


@checked(network=_network, learning_rate=number(above=0), negatives=whole())
def training_step(network, learning_rate, negatives=5):
    """A compiled training step of a `SkipGram`: Adagrad, on the rows of the words in the batch alone.

    Adagrad divides each gradient by the root of the sum of all its earlier squares, so that the vectors of
    frequent words, which get many gradients, take small steps. The learning rate falls as training goes on.

    Args:
        network: What `SkipGram` builds; its weights change.
        learning_rate: Of the first step.
        negatives: Number of negatives for each pair of neighbours.

    Returns:
        Function of (tokens (batch, n), neighbours (batch, n, n), drawn negatives (d,), the share of the
        training that is left, from 1 to 0) that takes a step and gives the mean loss of a pair.

    Raises:
        ModelError: If an argument is not as described.

    Reference:
        Duchi, Hazan and Singer, Adaptive subgradient methods, 2011.

    Example:
        >>> import numpy as np
        >>> from models import SkipGram
        >>> from models.word_vectors import near, training_step
        >>> tokens = np.array([[2, 3, 4]], "int32")
        >>> step = training_step(SkipGram(5, 8), learning_rate=0.1)
        >>> loss = step(tokens, near(tokens, np.full((1, 3), 1)), np.array([2, 4], "int32"), 1.0)
        >>> round(float(loss), 2)  # six logits near 0, each of the loss log 2
        4.16
    """
    tables = [network.get_layer(name).embeddings for name in ("word_vectors", "context_vectors")]
    squares = [keras.Variable(ops.full(table.shape, START), trainable=False) for table in tables]

    def change(which, ids, gradient, rate):
        add_rows(squares[which], ids, gradient**2)
        moved = rate * gradient * ops.rsqrt(rows_of(squares[which], ids))
        add_rows(tables[which], ids, -moved)

    def step(tokens, neighbours, drawn, left):
        words, contexts = (rows_of(table, tokens) for table in tables)
        noise = rows_of(tables[1], drawn)
        loss, (by_words, by_contexts, by_noise) = skip_gram_gradients(
            words, contexts, noise, neighbours, negatives
        )
        flat, rate = ops.reshape(tokens, [-1]), learning_rate * left
        rows = [ops.reshape(gradient, [-1, noise.shape[1]]) for gradient in (by_words, by_contexts)]
        change(0, flat, rows[0], rate)
        change(1, ops.concatenate([flat, drawn], 0), ops.concatenate([rows[1], by_noise], 0), rate)
        return loss / ops.maximum(ops.sum(neighbours), 1)  # few words may have no neighbour

    run = compiled(step, [*tables, *squares], donate=True)

    def convert(tokens, neighbours, drawn, left):
        kinds = "int32", "float32", "int32", "float32"
        arrays = zip((tokens, neighbours, drawn, left), kinds, strict=True)
        return run(*(ops.convert_to_tensor(array, kind) for array, kind in arrays))

    return convert
