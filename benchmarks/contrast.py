"""Forty sentences that a "not" or a "but" turns round, classified by networks and linear models.

    python -m benchmarks.contrast                   # the zoo's networks, at once
    python -m benchmarks.contrast --data aclImdb    # and linear models, fitted on film reviews first

The sentences are in pairs: most words of both are the same, and one praises what the other blames. No model
was chosen by them. Half of them are positive, so that guessing gets 20.
"""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))  # this repository's models and datasets come first

from tutorials.lesson.command import run  # first: loads Keras quietly

import numpy as np
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression

from datasets import reviews
from models import TextClassifier
from models.probabilities import per_class
from models.text_classification import BUILDERS
from tutorials.lesson.texts import zoo_network

# (negative, positive)
PAIRS = (
    ("This film is not good.", "This film is not bad at all."),
    ("I would not watch it again.", "I would watch it again."),
    ("The acting is never convincing.", "The acting is never less than convincing."),
    ("There is nothing to like here.", "There is nothing to dislike here."),
    ("It could have been a great film.", "It could not have been a better film."),
    ("Not one joke is funny.", "Not one joke falls flat."),
    ("The plot makes no sense.", "The plot makes perfect sense."),
    ("I expected a masterpiece and got a mess.", "I expected a mess and got a masterpiece."),
    ("The critics loved it, but I was bored.", "The critics were bored, but I loved it."),
    ("It starts well and ends badly.", "It starts badly and ends well."),
    ("Hardly anyone will enjoy this.", "Hardly anyone will fail to enjoy this."),
    ("It is anything but funny.", "It is nothing but funny."),
    ("Too long, and not worth the time.", "Long, and worth every minute of the time."),
    ("The story lacks any surprise.", "The story does not lack surprises."),
    ("I wish I had not seen this film.", "I wish I had seen this film sooner."),
    ("The effects are good, but the film is not.", "The effects are not good, but the film is."),
    ("Nobody in the cinema laughed.", "Nobody in the cinema stopped laughing."),
    ("This is far from being her best role.", "This is by far her best role."),
    ("With the music it is even worse.", "Without the music it would still be good."),
    ("A film that I cannot recommend.", "A film that I cannot recommend enough."),
)  # fmt: skip
SENTENCES = tuple(text for pair in PAIRS for text in pair)
LABELS = np.array([0, 1] * len(PAIRS))


def right(probabilities):
    """How many of the sentences are classified correctly, and of how many pairs both are.

    Args:
        probabilities: (40, 2), in the order of `SENTENCES`.

    Returns:
        (of 40, of 20).
    """
    correct = np.asarray(probabilities).argmax(1) == LABELS
    return int(correct.sum()), int(correct.reshape(-1, 2).all(1).sum())


def by_zoo():
    """{kind: probabilities (40, 2)} of the zoo's networks, which were trained on 25,000 film reviews."""
    texts = np.array(SENTENCES, object)
    return {f"zoo {kind}": per_class(zoo_network(kind).predict(texts, verbose=0)) for kind in BUILDERS}


def by_linear_models(texts, labels):
    """{name: probabilities (40, 2)} of linear models that are fitted on texts first.

    Args:
        texts, labels: Training texts, and 0 or 1 for each.
    """
    vectorizer = TfidfVectorizer(ngram_range=(1, 2), sublinear_tf=True)
    model = LogisticRegression(C=10.0, max_iter=300).fit(vectorizer.fit_transform(texts), labels)
    return {
        "TextClassifier()": TextClassifier().fit(texts, labels).predict(SENTENCES).probabilities,
        "TF-IDF, scikit-learn": model.predict_proba(vectorizer.transform(SENTENCES)),
    }


def main(data: str | None = None) -> None:
    """Print how many of the sentences each model classifies correctly.

    Args:
        data: The Large Movie Review Dataset, to fit linear models on; none to leave these out.
    """
    found = by_zoo()
    if data is not None:
        found |= by_linear_models(*reviews.load_data(reviews.locate(data))[0])
    print(f"{'model':<22} correct of {len(LABELS)}  both of {len(PAIRS)} pairs")
    for name, probabilities in found.items():
        print(f"{name:<22} {right(probabilities)[0]:>13} {right(probabilities)[1]:>16}")


if __name__ == "__main__":
    run(main)
