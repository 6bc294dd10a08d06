"""Word vectors: gradients against automatic ones, counts against loops, files against what others write."""

import importlib.util
from collections import Counter

import keras
import numpy as np
import pytest
import tensorflow as tf

from models import ModelError, SentimentBag, SentimentLSTM, SkipGram, load_word_vectors
from models.word_vectors import (
    bag_of_words,
    files,
    keep_probabilities,
    near,
    nearest_to,
    noise_distribution,
    ppmi_vectors,
    purity,
    save_word_vectors,
    skip_gram_gradients,
    start_embedding,
    text_vectors,
    training_step,
    word_counts,
    word_rows,
)


@pytest.fixture
def network():
    """Seven token ids with vectors of five random numbers."""
    model = SkipGram(7, 5)
    rng = np.random.default_rng(0)
    model.set_weights([rng.normal(size=weight.shape) for weight in model.get_weights()])
    return model


@pytest.fixture
def batch():
    """Two rows of token ids, which of them are neighbours, and three negatives, one of them twice."""
    tokens = np.array([[2, 3, 2, 4, 0], [5, 0, 3, 3, 2]], "int32")
    neighbours = near(tokens, np.array([[1, 2, 1, 2, 2], [2, 2, 1, 2, 2]]))
    return tokens, neighbours, np.array([4, 2, 4], "int32")


def automatic(network, tokens, neighbours, drawn, negatives):
    """The loss by Keras's own cross-entropy on the model's logits, and TensorFlow's gradients of it."""
    tables = [network.get_layer(name).embeddings for name in ("word_vectors", "context_vectors")]
    entropy = keras.losses.BinaryCrossentropy(from_logits=True, reduction=None)
    loss = 0.0
    with tf.GradientTape() as tape:
        tape.watch([table.value for table in tables])
        logits = network(tokens)
        for row, i, j in np.argwhere(neighbours):
            loss += entropy(tf.ones(1), logits[row, i, j][None])
            noise = tf.stack([tf.tensordot(tables[0][tokens[row, i]], tables[1][n], 1) for n in drawn])
            loss += negatives * entropy(tf.zeros(len(drawn)), noise)  # a mean over those drawn
    dense = [tf.convert_to_tensor(each) for each in tape.gradient(loss, [table.value for table in tables])]
    return float(loss), [each.numpy() for each in dense]


def by_hand(network, tokens, neighbours, drawn, negatives):
    words, contexts = (weight[tokens] for weight in network.get_weights())
    noise = network.get_weights()[1][drawn]
    loss, gradients = skip_gram_gradients(words, contexts, noise, neighbours.astype("float32"), negatives)
    return float(loss), [np.asarray(each) for each in gradients]


def test_gradients_by_hand_are_the_automatic_ones_of_the_cross_entropy(network, batch):
    tokens, neighbours, drawn = batch
    loss, (words, contexts, noise) = by_hand(network, *batch, negatives=5)
    expected, dense = automatic(network, *batch, negatives=5)
    found = [np.zeros((7, 5)), np.zeros((7, 5))]
    np.add.at(found[0], tokens.ravel(), words.reshape(-1, 5))
    np.add.at(found[1], np.append(tokens.ravel(), drawn), np.concatenate([contexts.reshape(-1, 5), noise]))
    assert loss == pytest.approx(expected, rel=1e-5)
    for one, other in zip(found, dense, strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-4, atol=1e-5)


def test_a_step_is_adagrad_on_the_words_of_the_batch_alone(network, batch):
    tokens, neighbours, drawn = batch
    before = [weight.astype("float64") for weight in network.get_weights()]
    loss, (words, contexts, noise) = by_hand(network, *batch, negatives=5)
    rows = (
        (tokens.ravel(), words.reshape(-1, 5)),
        (np.append(tokens.ravel(), drawn), np.concatenate([contexts.reshape(-1, 5), noise])),
    )
    mean = training_step(network, learning_rate=0.3)(*batch, 0.5)
    assert float(mean) == pytest.approx(loss / neighbours.sum(), rel=1e-5)
    for old, new, (ids, gradients) in zip(before, network.get_weights(), rows, strict=True):
        squares = np.full(old.shape, 1e-3)
        for n, gradient in zip(ids, gradients, strict=True):
            squares[n] += gradient.astype("float64") ** 2
        for n, gradient in zip(ids, gradients, strict=True):
            old[n] -= 0.3 * 0.5 * gradient / np.sqrt(squares[n])
        np.testing.assert_allclose(new, old, rtol=1e-3, atol=1e-4)
        unseen = sorted({1, 6} - set(ids))
        np.testing.assert_array_equal(new[unseen], old[unseen].astype("float32"))


def test_it_learns_who_is_near_whom():
    keras.utils.set_random_seed(0)
    tokens = np.tile([2, 3, 0, 4, 5, 0], (1, 20)).astype("int32")
    network = SkipGram(6, 8)
    step, drawn = training_step(network, 0.3), np.arange(2, 6, dtype="int32")
    losses = [float(step(tokens, near(tokens, np.ones_like(tokens)), drawn, 1.0)) for _ in range(60)]
    assert losses[0] == pytest.approx(6 * np.log(2), rel=1e-3) and losses[-1] < 3.4
    logits = np.asarray(network(tokens))[0]
    # Levy and Goldberg: the optimum is log(p(c | w) / (5 p(c))), here log(1 / (5 / 4))
    assert logits[0, 1] == pytest.approx(np.log(4 / 5), abs=0.03) and logits[0, 3] < -2


def test_neighbours_and_rows_against_loops_over_the_texts():
    rng = np.random.default_rng(1)
    texts = [rng.integers(2, 30, size) for size in (1, 9, 4, 12)]
    expected = Counter(
        (int(text[i]), int(text[j]))
        for text in texts
        for i in range(len(text))
        for j in range(max(0, i - 3), min(len(text), i + 4))
        if i != j
    )
    rows = word_rows(texts, np.ones(30), window=3, batch_size=1, length=26 + 4 * 3)[0]
    found = near(rows, np.full(rows.shape, 3))
    pairs = Counter((int(rows[0, i]), int(rows[0, j])) for _, i, j in np.argwhere(found))
    assert pairs == expected


def test_words_stay_and_are_drawn_as_often_as_they_should():
    counts = np.array([0, 0, 9000, 900, 100])
    keep = keep_probabilities(counts, 0.01)
    np.testing.assert_allclose(keep[2:], [(0.01 / 0.9) ** 0.5, (0.01 / 0.09) ** 0.5, 1])
    texts = [np.repeat([2, 3, 4], [9000, 900, 100]).astype("int32")]
    stayed = word_counts(list(word_rows(texts, keep, window=1, batch_size=1, length=4).reshape(-1, 4)), 5)
    np.testing.assert_allclose(stayed[2:], keep[2:] * counts[2:], rtol=0.15)
    np.testing.assert_allclose(noise_distribution(counts, 0)[2:], 1 / 3)
    np.testing.assert_allclose(noise_distribution(counts, 1), counts / 10_000)
    weights = np.array([9000, 900, 100]) ** 0.75
    np.testing.assert_allclose(noise_distribution(counts)[2:], weights / weights.sum())
    assert (keep_probabilities(counts, 0)[2:] == 1).all()


def test_ppmi_vectors_against_a_table_counted_in_loops():
    rng = np.random.default_rng(2)
    row = rng.integers(2, 9, 200)
    row[rng.integers(0, 200, 12)] = 0
    table = np.zeros((9, 9))
    for i in range(200):
        for j in range(max(0, i - 2), min(200, i + 3)):
            if i != j and row[i] and row[j]:
                table[row[i], row[j]] += {1: 1, 2: 0.5}[abs(i - j)]
    share = table / table.sum()
    context = share.sum(0) ** 0.75 / (share.sum(0) ** 0.75).sum()
    with np.errstate(divide="ignore", invalid="ignore"):
        ppmi = np.nan_to_num(np.maximum(np.log(share / np.outer(share.sum(1), context)), 0))
    left, strengths, _ = np.linalg.svd(ppmi)
    found = ppmi_vectors(row, vocabulary_size=9, window=2, dimensions=4)
    expected = (left * strengths)[:, :4] @ left.T[:4]  # whatever the signs are
    np.testing.assert_allclose(found @ found.T, expected, atol=1e-3)


def test_texts_and_words_against_loops():
    rng = np.random.default_rng(3)
    vectors = rng.normal(size=(12, 4)).astype("float32")
    texts = [rng.integers(0, 12, size) for size in (30, 5, 1)] + [np.array([1, 0], "int32")]
    counts = bag_of_words(texts, 12)
    for n, text in enumerate(texts):
        found = Counter(int(word) for word in text if word > 1)
        assert {int(k): int(counts[n, k]) for k in found} == found and counts[n].sum() == found.total()
        total = sum((many**0.5 * vectors[word] for word, many in found.items()), np.zeros(4))
        expected = total / max(np.linalg.norm(total), 1e-9)
        np.testing.assert_allclose(text_vectors(counts, vectors)[n], expected, atol=1e-5)
    cosines = [v @ vectors[3] / np.linalg.norm(v) for v in vectors]
    np.testing.assert_array_equal(
        nearest_to(vectors, vectors[3], 3, without=[3]), [n for n in np.argsort(cosines)[::-1] if n != 3][:3]
    )


def test_purity_of_two_clusters_by_hand():
    vectors = [[1, 0], [1, 0.1], [1, 0.2], [0, 1], [0.1, 1]]
    assert purity(vectors, [0, 0, 1, 1, 1]) == 4 / 5
    assert purity(vectors, [7, 7, 7, 3, 3]) == 1


def test_skip_gram_saves_and_loads_and_refuses(tmp_path, network):
    network.save(tmp_path / "model.keras")
    again = keras.saving.load_model(tmp_path / "model.keras", safe_mode=True)
    tokens = np.array([[2, 5, 6]])
    words, contexts = network.get_weights()
    expected = words[tokens[0]] @ contexts[tokens[0]].T
    np.testing.assert_allclose(again.predict(tokens, verbose=0)[0], expected, rtol=1e-5)
    for bad in ({"vocabulary_size": 2}, {"embedding_dim": 0}, {"embedding_dim": 10**9}):
        with pytest.raises(ModelError, match="SkipGram"):
            SkipGram(**bad)


GLOVE = "the 0.1 -2e-1 3\n. . . 1 2 3\nété 4 5 6\nthe 9 9 9\n"


def test_both_forms_are_read(tmp_path):
    path = tmp_path / "vectors.txt"
    for text in GLOVE, "4 3\n" + GLOVE, GLOVE.replace("\n", " \r\n"):
        path.write_bytes(text.encode())
        words, vectors = load_word_vectors(path)
        assert words == ["the", ". . .", "été"]
        np.testing.assert_array_equal(vectors, np.float32([[0.1, -0.2, 3], [1, 2, 3], [4, 5, 6]]))
        assert vectors.dtype == "float32"
    assert load_word_vectors(str(path), most=1).words == ["the"]


def test_what_is_written_is_read_again(tmp_path):
    vectors = np.random.default_rng(0).normal(size=(3, 7)).astype("float32")
    save_word_vectors(tmp_path / "v.txt", ["good", "\x85", "né"], vectors)
    words, read = load_word_vectors(tmp_path / "v.txt")
    assert words == ["good", "\x85", "né"]
    np.testing.assert_array_equal(read, vectors)
    if importlib.util.find_spec("gensim"):  # it is no requirement
        from gensim.models import KeyedVectors

        theirs = KeyedVectors.load_word2vec_format(tmp_path / "v.txt")
        np.testing.assert_allclose(theirs["good"], vectors[0], rtol=1e-6)


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "holds no word vectors"),
        (b"5 3\n", "holds no word vectors"),
        (b"the 1 2\ncat 1\n", "line 2"),
        (b"the 1 2\ncat 1 two\n", "finite numbers after the word on line 2"),
        (b"the 1 nan\n", "line 1"),
        (b"the 1 1e99\n", "line 1"),
        (b"the\n", "line 1"),
        (b"2 3\nthe 1 2 3\n", "announces 2 words and holds 1"),
        (b"1 4\nthe 1 2 3\n", "announces 4 dimensions"),
        (b"the 1 2\n\ncat 1 2\n", "line 2"),
        (b"\xff\xfe\x00 1 2\n", "UTF-8 on line 1"),
        (b"2 2\nthe \x00\x01\x9f\x3f\n", "line 2"),
        (b"x" * 600_000, "more than"),
        (b"the" + b" 1" * 5000, "1 to 4,096 numbers"),
    ],
)
def test_broken_files_are_refused_in_a_sentence(content, said, tmp_path):
    path = tmp_path / "vectors.txt"
    path.write_bytes(content)
    with pytest.raises(ModelError) as caught:
        load_word_vectors(path)
    assert said in str(caught.value) and str(path) in str(caught.value) and "\n" not in str(caught.value)


def test_no_file_a_folder_and_too_many_vectors(tmp_path, monkeypatch):
    for bad in (tmp_path, tmp_path / "none", "a\0b", None):
        with pytest.raises(ModelError):
            load_word_vectors(bad)
    (tmp_path / "v.txt").write_text(GLOVE)
    monkeypatch.setattr(files, "MOST_WORDS", 2)
    with pytest.raises(ModelError, match="most="):
        load_word_vectors(tmp_path / "v.txt")
    assert len(load_word_vectors(tmp_path / "v.txt", most=2).words) == 2


def test_a_text_network_starts_with_the_vectors():
    model = SentimentLSTM(vocabulary_size=5, embedding_dim=2)
    found = start_embedding(model, ["bad", "odd", "good"], (["good", "bad"], [[0, 2], [6, 0]]))
    table = model.get_layer("embedding").get_weights()[0]
    assert found == 2
    np.testing.assert_allclose(table, [[0, 0], [0.75, 0.25], [1.5, 0], [0.75, 0.25], [0, 0.5]])
    bag = SentimentBag(vocabulary_size=5, embedding_dim=2)
    start_embedding(bag, ["bad", "odd", "good"], files.WordVectors(["odd"], np.ones((1, 2))))
    assert bag.predict(np.array([[2, 3]]), verbose=0).shape == (1, 1)


@pytest.mark.parametrize(
    ("vocabulary", "words", "vectors", "said"),
    [
        (["bad", "odd"], ["bad"], [[1, 2]], "vocabulary_size=4"),
        (["bad", "odd", "good"], ["bad"], [[1, 2, 3]], "embedding_dim=3"),
        (["bad", "odd", "good"], ["bad", "odd"], [[1, 2]], "a vector for each word"),
        (["bad", "odd", "good"], ["other"], [[1, 2]], "at least one word"),
        (["bad", "odd", "good"], ["bad"], [[1, np.nan]], "nan"),
        (["bad", "bad", "good"], ["bad"], [[1, 2]], "different words"),
    ],
)
def test_vectors_that_do_not_fit_are_refused(vocabulary, words, vectors, said):
    with pytest.raises(ModelError, match=said):
        start_embedding(SentimentLSTM(5, embedding_dim=2), vocabulary, (words, vectors))
    with pytest.raises(ModelError, match="Embedding"):
        start_embedding(SkipGram(5, 2), ["a", "b", "c"], (["a"], [[1, 2]]))


def test_arguments_are_refused_in_a_sentence(network):
    for call in (
        lambda: word_counts([np.array([1, 0])], 5),
        lambda: word_counts([np.array([7])], 5),
        lambda: keep_probabilities([0, 0, -1], 0.1),
        lambda: noise_distribution([0, 0, 1], 1.5),
        lambda: word_rows([np.array([2])], np.ones(3), window=1),
        lambda: training_step(SentimentLSTM(5), 0.1),
        lambda: training_step(network, 0),
        lambda: purity([[1, 2]], [0.5]),
        lambda: nearest_to([[1, 2]], [1, 2, 3]),
        lambda: text_vectors(np.ones((2, 3)), np.ones((3, 2))),
        lambda: bag_of_words([np.array([9])], 5),
        lambda: save_word_vectors("v.txt", ["a b"], [[1]]),
        lambda: save_word_vectors("v.txt", ["a"], [[1], [2]]),
        lambda: save_word_vectors("none/v.txt", ["a"], [[1]]),
    ):
        with pytest.raises(ModelError) as caught:
            call()
        assert "\n" not in str(caught.value)
