"""What a classifier of long film reviews refuses of short sentences: about films, and about other things.

    python -m benchmarks.short_texts --data aclImdb

`TextClassifier()` is fitted on the training reviews. Of sentences about films as few as possible should be
"none of these", of others as many as possible. Three ways are compared:

1. softmax: the probability of the predicted class (Hendrycks and Gimpel 2017). The threshold is that below
   which 5 % of 2,000 test reviews are.
2. whole texts: how unusual the words are among whole training reviews, of that length.
3. ours: what `predict(texts, abstain=0.05)` does, which compares short texts with those sentences of the
   training reviews that tell the class.

The settings of ours were chosen on the sentences to choose by. Those of the test were written before, and
were measured once.
"""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))  # this repository's models and datasets come first

from tutorials.lesson.command import run  # first: loads Keras quietly

import numpy as np
from sklearn.metrics import roc_auc_score

from datasets import reviews
from models import TextClassifier

ABSTAIN, REVIEWS = 0.05, 2000

CHOICE_FILMS = (
    "A moving story with a fine cast.",
    "The plot is dull.",
    "I loved every minute.",
    "Wooden acting and a weak script.",
    "One of the funniest comedies of the year.",
    "The ending ruined it for me.",
    "Great soundtrack, poor direction.",
    "She gives a brilliant performance.",
    "Two hours of my life that I want back.",
    "The special effects look cheap.",
    "A classic horror movie.",
    "I fell asleep halfway through.",
    "The camera work is beautiful.",
    "Not as good as the first one.",
    "My kids adored this cartoon.",
    "The villain is scary and funny.",
    "Badly edited and far too long.",
    "The best western I have seen.",
    "Her worst role so far.",
    "The dialogue sounds natural.",
    "A charming romance.",
    "It drags in the middle.",
    "The twist surprised me.",
    "I walked out of the theater.",
    "The whole family enjoyed it.",
    "This remake is pointless.",
    "Superb photography of the desert.",
    "The hero has no personality.",
    "A waste of talented actors.",
    "Watch it on a rainy day.",
)  # fmt: skip
CHOICE_OTHERS = (
    "The bus to the airport was cancelled.",
    "My order has not arrived yet.",
    "Please reset my password.",
    "The printer is out of paper.",
    "How do I change my address?",
    "Boil the potatoes for twenty minutes.",
    "The meeting starts on Monday.",
    "Your subscription expires tomorrow.",
    "It will rain in the afternoon.",
    "Add two spoons of sugar.",
    "The battery does not charge.",
    "Which gate does the flight leave from?",
    "The kitchen needs a new sink.",
    "Prices of oil fell again.",
    "I would like to book a table.",
    "The screen of my phone is cracked.",
    "Turn left at the traffic light.",
    "The doctor is on holiday.",
    "Two tickets to Berlin, please.",
    "The warranty covers repairs.",
    "Our office is closed on Friday.",
    "The shoes are too small for me.",
    "Water the plants twice a week.",
    "The update deletes my files.",
    "The bank charged me twice.",
    "Is breakfast included?",
    "The server does not respond.",
    "Interest rates are rising.",
    "The heating is broken.",
    "Who won the match yesterday?",
)  # fmt: skip
TEST_FILMS = (
    "A wonderful film.",
    "The acting is terrible.",
    "I laughed all the way through.",
    "The story makes little sense.",
    "A gripping thriller from start to finish.",
    "The characters are flat.",
    "What a boring movie.",
    "The music fits each scene.",
    "I would see it again.",
    "The director should be ashamed.",
    "A touching drama about two sisters.",
    "The jokes are old.",
    "The leading man is excellent.",
    "Too much violence, too little plot.",
    "An underrated gem.",
    "The first half is slow.",
    "It made me cry.",
    "Cheap sets and silly costumes.",
    "A must for fans of science fiction.",
    "I expected more from this director.",
    "The child actors steal the show.",
    "The script is full of holes.",
    "Visually stunning.",
    "Save your money.",
    "The sequel is even better.",
    "The chemistry between the leads is great.",
    "A forgettable action flick.",
    "Rent it with your friends.",
    "The monster looks ridiculous.",
    "The documentary taught me a lot.",
)  # fmt: skip
TEST_OTHERS = (
    "My parcel is late.",
    "Where is my invoice?",
    "The train leaves at nine.",
    "The washing machine leaks.",
    "I cannot log in to my account.",
    "Snow is expected in the north.",
    "Please send me the contract.",
    "The soup needs more salt.",
    "When does the library open?",
    "The invoice is wrong.",
    "My refund has not been paid.",
    "The road is closed for repairs.",
    "Shares rose by three percent.",
    "The laptop gets very hot.",
    "Can I pay by credit card?",
    "Chop the onions and fry them.",
    "The hotel room was noisy.",
    "The package was damaged.",
    "The flight is delayed by two hours.",
    "He scored in the last minute.",
    "My internet connection is slow.",
    "The tap in the bathroom drips.",
    "Take one tablet after meals.",
    "The delivery address has changed.",
    "The parking garage is full.",
    "Cancel my membership, please.",
    "The carpet has a stain.",
    "The exam is next Tuesday.",
    "The engine makes a strange noise.",
    "Which size should I order?",
)  # fmt: skip
SETS = {"to choose by": (CHOICE_FILMS, CHOICE_OTHERS), "test": (TEST_FILMS, TEST_OTHERS)}


def separation(films, others, threshold):
    """How well a score tells sentences about films from others.

    Args:
        films, others: Scores, high for what is like the training texts, (n,) and (m,).
        threshold: Scores up to this are refused.

    Returns:
        (area under the ROC curve, share of the films that is refused, share of the others).
    """
    area = roc_auc_score([1] * len(films) + [0] * len(others), np.concatenate([films, others]))
    return float(area), float(np.mean(films <= threshold)), float(np.mean(others <= threshold))


def scores(classifier, texts):
    """{way: score (n,)} of texts, high for those that are like the training texts.

    Args:
        classifier: A fitted `TextClassifier`.
        texts: Sequence of n str.
    """
    trust = classifier.trust_
    return {
        "softmax": classifier.predict(texts).probabilities.max(1),
        "whole texts": trust.familiarity.surprise(texts),
        "ours": trust.surprise(texts),
    }


def main(data: str, kind: str = "ngrams") -> dict:
    """Print what each way refuses of short sentences.

    Args:
        data: The Large Movie Review Dataset: its folder aclImdb, or an archive of it.
        kind: Of `TextClassifier`.
    """
    training, (texts, _), _ = reviews.load_data(reviews.locate(data))
    classifier = TextClassifier(kind=kind).fit(*training)
    some = list(texts[np.random.default_rng(0).permutation(len(texts))[:REVIEWS]])
    of_reviews = scores(classifier, some)
    thresholds = dict.fromkeys(of_reviews, ABSTAIN)
    thresholds["softmax"] = float(np.quantile(of_reviews["softmax"], ABSTAIN))
    found = {}
    print(f"{'sentences':<14}{'way':<14}{'AUROC':>8}{'films refused':>16}{'others refused':>16}")
    for name, (films, others) in SETS.items():
        of_films, of_others = scores(classifier, list(films)), scores(classifier, list(others))
        for way, threshold in thresholds.items():
            area, wrong, right = found[name, way] = separation(of_films[way], of_others[way], threshold)
            print(f"{name:<14}{way:<14}{area:>8.3f}{wrong:>16.0%}{right:>16.0%}")
    for way, threshold in thresholds.items():
        print(f"of test reviews {way} refuses {np.mean(of_reviews[way] <= threshold):.1%}")
    return found


if __name__ == "__main__":
    run(main)
