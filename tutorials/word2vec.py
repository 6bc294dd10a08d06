r"""Learn what words mean from texts without labels: word2vec.

## The question

Labels are expensive, texts are not. Can a network learn from texts that nobody has labelled?

## The idea

**Self-supervised learning** hides a part of the data and predicts it from the rest. **Skip-gram** takes a
word and predicts its neighbours. Words with the same neighbours get similar vectors.

Each word $w$ has two vectors, $u_w$ as the word that predicts and $v_w$ as a neighbour. With 10,000 words and
100 numbers a vector, these are $2 \cdot 10{,}000 \cdot 100 = 2{,}000{,}000$ parameters. A softmax over all
words in each step would be slow. **Negative sampling** asks a simpler question: is this pair real, or drawn
at random? For a word $w$, a real neighbour $c$ and five random words $n_k$, the negatives, the loss is

$$-\log \sigma(u_w \cdot v_c) - \sum_{k=1}^{5} \log \sigma(-u_w \cdot v_{n_k})$$

Its gradient by $u_w$ is

$$(\sigma(u_w \cdot v_c) - 1)\, v_c + \sum_{k=1}^{5} \sigma(u_w \cdot v_{n_k})\, v_{n_k}$$

so the word moves towards its neighbour and away from the negatives. Before training all products are 0, and
the loss is $6 \log 2 \approx 4.16$.

Frequent words say little. **Subsampling** keeps an occurrence of a word of frequency $f$ with the probability
$\sqrt{t / f}$, at most 1. Negatives are drawn by $f^{0.75}$, between the words' own frequencies and
all words alike. Both are switches: `--subsampling`, `--power`.

The same can be counted: how much more often two words are neighbours than by chance (**PPMI**), in a table
whose largest singular vectors are the words' vectors.

A text's vector is the sum of its words' vectors. A logistic regression on it needs few labels.

## Before you run it

Which words will be nearest to "good"? With 100 labelled reviews, how much better than a bag of words are the
vectors? And with all labels?

## How to read the figures

- `sampling`: what subsampling and the power do to frequent and to rare words.
- `training`: the loss. It cannot reach 0: which neighbour follows is never certain.
- `neighbours`: nearest words, with the cosine of the angle; opposites and wrong analogies in orange.
- `map`: words of known groups. Do the groups come back?
- `labels`: test accuracy by the number of labels, mean and range of several draws.

## What it means

The groups come back, though nobody named them. With few labels, vectors learned from all texts beat a bag of
words; with all labels they do not. Counting is as good with all labels, and behind with few. In three
runs an LSTM on 500 labels gained 2 to 12 points from them.

It also fails. Opposites such as "beginning" and "end" are near each other: they have the same neighbours. On
the generated reviews no vector can tell praise from blame, and sums of vectors lose the order of words, which
alone decides there. Analogies come out for frequent words (man : woman = actor : actress), others not:
man : woman = king : "stephen".

## Exercises

1. `python -m tutorials.word2vec --subsampling 0`: which words are the nearest ones now?
2. How many parameters have 20,000 words with vectors of 50?
3. `python -m tutorials.word2vec --window 1`: are neighbours more alike in topic or in grammar?

<details><summary>Solutions</summary>

1. More of them are frequent words, such as "that": most pairs are now with these.
2. $2 \cdot 20{,}000 \cdot 50 = 2{,}000{,}000$, as many as above.
3. In grammar: a narrow window sees the words that could stand in the same place.

</details>

## Read more

Mikolov et al., *Distributed representations of words and phrases and their compositionality* (2013). Levy and
Goldberg, *Neural word embedding as implicit matrix factorization* (2014).

Next: `gan` draws digits.
"""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))  # this repository's models and datasets come first

from tutorials.lesson.command import run  # first: loads Keras quietly

import keras
import numpy as np

from datasets import reviews
from models import SkipGram
from models.text_classification import learn_vocabulary, token_ids
from models.word_vectors import (
    bag_of_words,
    keep_probabilities,
    near,
    noise_distribution,
    ppmi_vectors,
    purity,
    save_word_vectors,
    training_step,
    word_counts,
    word_rows,
)
from tutorials.figures.words import labels_needed, loss_curve, sampling, word_lists, word_map
from tutorials.lesson.limits import Bounds, check_settings
from tutorials.lesson.outcome import Outcome
from tutorials.lesson.parts.word_vectors import (
    BAG,
    FEW,
    RANDOM,
    REPEATS,
    STARTED,
    Features,
    by_default,
    by_labels,
    compare_lstm,
    grouped,
    known_groups,
    neighbour_rows,
    opposites_share,
)
from tutorials.lesson.parts.words import ahead
from tutorials.lesson.report import Report

NEGATIVES, DRAWN = 5, 128  # for each pair; shared by all pairs of a batch
COUNTED_WINDOW = 2  # of PPMI, as in Levy and Goldberg; a wide one makes a table of many more cells


def main(
    embedding_dim: int | None = None,
    window: int | None = None,
    subsampling: float | None = None,
    power: float = 0.75,
    vocabulary_size: int = 10_000,
    epochs: int | None = None,
    learning_rate: float = 0.6,
    data: str = "auto",
    seed: int = 0,
    quick: bool = False,
    outputs: Path = Path("outputs"),
) -> Outcome:
    """Learn vectors of words from texts without labels, and classify texts with them.

    Args:
        embedding_dim: Length of a word's vector; by default 100, or 32 for generated reviews.
        window: Largest distance of two neighbours; each word draws its own, from 1 to this. By default 8, or
            3 for generated reviews.
        subsampling: Frequency from which on words are thinned out; 0 keeps all. By default 0.0002, or 0.001
            for generated reviews.
        power: Power of a word's frequency with which it is drawn as a negative.
        vocabulary_size: Number of token ids at most; the most frequent words get one.
        epochs: Number of epochs; by default 3, or 4 for generated reviews.
        learning_rate: Initial learning rate of Adagrad; it decays to 0 in a line.
        data: The Large Movie Review Dataset or other labelled texts, as in the lesson `sentiment`, or
            "embedded"; "auto" looks, downloads, or falls back.
        seed: Random seed; the same seed gives the same results.
        quick: Run every step on a small sample, in seconds.
        outputs: Folder for the results.
    """
    check_settings(locals(), vocabulary_size=3, seed=Bounds(0, 2**32 - 3))
    report = Report(main, settings=locals())
    keras.utils.set_random_seed(seed)

    # Data: texts (n,) as strings; their labels are not looked at before "Evaluate"
    source = reviews.locate(data)
    (x_train, y_train), (x_test, y_test), class_names = reviews.load_data(source)
    embedded = source.name == "embedded"
    given = embedding_dim, window, subsampling, epochs
    embedding_dim, window, subsampling, epochs = by_default(embedded, *given)
    if quick:
        x_train, y_train, x_test, y_test, epochs = x_train[:600], y_train[:600], x_test[:200], y_test[:200], 1
    vocabulary = learn_vocabulary(x_train, vocabulary_size)
    tokens, test_tokens = (token_ids(texts, vocabulary, longest=None) for texts in (x_train, x_test))
    counts = word_counts(tokens, len(vocabulary) + 2)
    keep, noise = keep_probabilities(counts, subsampling), noise_distribution(counts, power)

    # Model: token ids (batch, n) -> logits (batch, n, n), word j as a neighbour of word i
    network = SkipGram(len(counts), embedding_dim)
    network.summary()
    untrained = network.get_layer("word_vectors").get_weights()[0]

    # Compile: Adagrad on the rows of the words in the batch; the other words do not change
    step = training_step(network, learning_rate, NEGATIVES)

    # Fit: rows of neighbouring words; each word draws how far its neighbours reach
    losses, random = [], np.random.default_rng(seed)
    for epoch in range(epochs):
        batches = word_rows(tokens, keep, window, 4 if embedded else 32, seed=int(random.integers(2**31)))
        for n, batch in enumerate(batches):
            left = 1 - (epoch + n / len(batches)) / epochs
            neighbours = near(batch, random.integers(1, window + 1, batch.shape))
            drawn = np.searchsorted(np.cumsum(noise), random.random(DRAWN)).clip(2, len(noise) - 1)
            losses.append(step(batch, neighbours, drawn, left))
        print(f"epoch {epoch + 1}/{epochs}: loss {np.mean(losses[-len(batches) :]):.3f}", flush=True)
    learned = network.get_layer("word_vectors").get_weights()[0]
    counted = ppmi_vectors(batches, len(counts), COUNTED_WINDOW, embedding_dim, power, seed)

    # Evaluate: do known groups come back? Then labels, for the first time: of all texts, and of a few
    groups, opposites = known_groups(vocabulary, embedded)
    ids, names, members = grouped(groups)
    pure = {name: purity(table[ids], members) for name, table in
            (("", learned), ("ppmi_", counted), ("untrained_", untrained))}  # fmt: skip
    opposite = opposites_share(learned, opposites)
    tables = {"word vectors": learned, "PPMI and SVD": counted, "untrained vectors": untrained, BAG: None}
    bags = bag_of_words(tokens, len(counts)), bag_of_words(test_tokens, len(counts))
    features = {name: Features(*bags, table) for name, table in tables.items()}
    numbers, scores = by_labels(features, y_train, y_test, seed, repeats=2 if quick else REPEATS)
    few, full = ({name: each[:, place].mean() for name, each in scores.items()} for place in
                 (numbers.index(min(FEW, len(y_train))), -1))  # fmt: skip
    texts = (tokens, y_train), (test_tokens, y_test)
    lstm = compare_lstm(texts, len(class_names), vocabulary, learned, 1 if quick else 15, seed)

    # Plot
    report.figure("sampling", sampling(counts, keep, noise, vocabulary, power))
    report.figure("training", loss_curve(losses, epochs, (1 + NEGATIVES) * np.log(2)))
    rows, wrong, analogies = neighbour_rows(learned, vocabulary, embedded, opposites)
    said = f"{opposite:.0%} of the words with a known opposite have it among their 10 nearest words"
    report.figure("neighbours", word_lists(rows, wrong, said))
    words = [vocabulary[n - 2] for n in ids]
    title = f"k-means finds known groups with a purity of {pure['']:.0%}, untrained {pure['untrained_']:.0%}"
    report.figure("map", word_map(learned[ids], names, words, title))
    gain = few["word vectors"] - few[BAG]
    title = f"With {FEW} labels word vectors are {ahead(gain)} a bag of words"
    report.figure("labels", labels_needed(numbers, scores, lstm, title))
    with report.writing("vectors.txt") as path:
        save_word_vectors(path, vocabulary, learned[2:])
    return report.close(
        source,
        examples=len(x_train) + len(x_test),
        finding=f"Word vectors learned without labels classify {few['word vectors']:.1%} of {len(x_test):,} "
        f"test texts correctly with {FEW} labels and {full['word vectors']:.1%} with {len(x_train):,}, a bag "
        f"of words {few[BAG]:.1%} and {full[BAG]:.1%}.",
        test_accuracy=full["word vectors"],
        ppmi_test_accuracy=full["PPMI and SVD"],
        untrained_test_accuracy=full["untrained vectors"],
        bag_test_accuracy=full[BAG],
        few_labels_test_accuracy=few["word vectors"],
        few_labels_ppmi_test_accuracy=few["PPMI and SVD"],
        few_labels_bag_test_accuracy=few[BAG],
        lstm_test_accuracy=lstm[RANDOM],
        lstm_from_vectors_test_accuracy=lstm[STARTED],
        **{f"{name}purity_share": value for name, value in pure.items()},
        opposites_share=opposite,
        analogies=len(analogies),
        analogies_right=sum(answer == wanted for *_, wanted, answer in analogies),
        parameters=network.count_params(),
    )


if __name__ == "__main__":
    run(main)
