"""Forty sentences that a "not" or a "but" turns round, classified by networks and linear models.

    python -m benchmarks.contrast                   # the zoo's networks, at once
    python -m benchmarks.contrast --data aclImdb    # and others, trained on film reviews first: 10 minutes

The sentences are in pairs: most words of both are the same, and one praises what the other blames. No model
was chosen by them. Half of them are positive, so that guessing gets 20. Another 110 sentences, with other
words and phrases, are there to choose by.
"""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))  # this repository's models and datasets come first

from tutorials.lesson.command import check_positive, run  # first: loads Keras quietly

import numpy as np
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression

from benchmarks.texts import OF_SENTENCES
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
VALIDATION_PAIRS = (
    ("The dialogue isn't clever.", "The dialogue isn't stupid."),
    ("None of the actors impressed me.", "None of the actors disappointed me."),
    ("Don't see it.", "Don't miss it."),
    ("You will regret watching this.", "You will not regret watching this."),
    ("The director never finds the right tone.", "The director never loses the right tone."),
    ("Without any charm or wit.", "Without any flaw or weakness."),
    ("It fails to be exciting.", "It never fails to be exciting."),
    ("The ending did not satisfy me.", "The ending did not disappoint me."),
    ("A movie with few good scenes.", "A movie with few bad scenes."),
    ("It looked boring and it was.", "It looked boring, but it wasn't."),
    ("Beautiful photography, but an empty script.", "Simple photography, but a beautiful script."),
    ("At first I was excited, then I fell asleep.", "At first I was sleepy, then I got excited."),
    ("The more I think about it, the less I like it.", "The more I think about it, the more I like it."),
    ("It is less entertaining than its trailer.", "It is more entertaining than its trailer."),
    ("There isn't a single memorable character.", "There isn't a single dull character."),
    ("The humor does not work.", "The humor does work."),
    ("I could barely sit through it.", "I could happily sit through it twice."),
    ("I don't understand why people praise it.", "I don't understand why people hate it."),
    ("It isn't scary, just silly.", "It isn't silly, just scary."),
    ("No tension and no laughs.", "No clichés and no boredom."),
    ("If only the plot were as good as the costumes.", "The plot is as good as the costumes."),
    ("Not the comedy I was hoping for.", "Just the comedy I was hoping for."),
    ("It should have ended an hour earlier.", "It should have lasted an hour longer."),
    ("I wanted to love it, but could not.", "I wanted to hate it, but could not."),
    ("Despite a great cast it never comes alive.", "Despite an unknown cast it really comes alive."),
    ("Neither funny nor moving.", "Both funny and moving."),
    ("It takes itself too seriously to be fun.", "It doesn't take itself too seriously and is fun."),
    ("He used to be a better director.", "He has never been a better director."),
    ("The sequel is worse than the original.", "The sequel is no worse than the original."),
    ("You can do better than this.", "You can't do better than this."),
    ("It doesn't deserve its awards.", "It does deserve its awards."),
    ("I didn't care about the characters.", "I really cared about the characters."),
    ("A thriller without thrills.", "A thriller without equal."),
    ("My friends enjoyed it more than I did.", "Nobody enjoyed it more than I did."),
    ("The script is short on ideas.", "The script is never short on ideas."),
    ("It wasn't worth renting.", "It was well worth renting."),
    ("I can't think of a worse remake.", "I can't think of a better remake."),
    ("Don't believe the good reviews.", "Don't believe the bad reviews."),
    ("It is rarely interesting.", "It is rarely dull."),
    ("Only the first ten minutes are good.", "Only the first ten minutes are slow."),
    ("The trailer was great, unlike the movie.", "The trailer was awful, unlike the movie."),
    ("It had potential, but it wasted it.", "It had potential, and it used it."),
    ("There was no reason to make this.", "There is every reason to see this."),
    ("Even fans of the book will not be pleased.", "Even people who hate the book will be pleased."),
    ("I have seen better acting in school plays.", "I have rarely seen better acting."),
    ("The humour gets old quickly.", "The humour never gets old."),
    ("The romance is not believable.", "The romance is entirely believable."),
    ("It does not live up to the hype.", "It does live up to the hype."),
    ("I would never call this art.", "I would never call this dull."),
    ("Good actors cannot save a bad script.", "Bad actors cannot spoil a good script."),
    ("This was no fun.", "This was so much fun."),
    ("It isn't as bad as they say, it is worse.", "It isn't as bad as they say, it is great."),
    ("Nothing in it is original.", "Everything in it is original."),
    ("The pace never picks up.", "The pace never slows down."),
    ("He is not a good actor and it shows.", "He is a good actor and it shows."),
)  # fmt: skip
SENTENCES, VALIDATION = (
    tuple(text for pair in pairs for text in pair) for pairs in (PAIRS, VALIDATION_PAIRS)
)
# The network that was best on the 110, of those that were tried
BEST = {"kind": "lstm", **OF_SENTENCES}


def right(probabilities):
    """How many sentences are classified correctly, and of how many pairs both are.

    Args:
        probabilities: (n, 2), of negative and positive ones by turns, as in `SENTENCES`.

    Returns:
        (of n, of n / 2).
    """
    correct = np.asarray(probabilities).argmax(1) == np.arange(len(probabilities)) % 2
    return int(correct.sum()), int(correct.reshape(-1, 2).all(1).sum())


def by_zoo(sentences=SENTENCES):
    """{kind: probabilities (n, 2)} of the zoo's networks, which were trained on 25,000 film reviews.

    Args:
        sentences: n str.
    """
    texts = np.array(sentences, object)
    return {f"zoo {kind}": per_class(zoo_network(kind).predict(texts, verbose=0)) for kind in BUILDERS}


def by_linear_models(texts, labels, sentences=SENTENCES):
    """{name: probabilities (n, 2)} of linear models that are fitted on texts first.

    Args:
        texts, labels: Training texts, and 0 or 1 for each.
        sentences: n str.
    """
    vectorizer = TfidfVectorizer(ngram_range=(1, 2), sublinear_tf=True)
    model = LogisticRegression(C=10.0, max_iter=300).fit(vectorizer.fit_transform(texts), labels)
    return {
        "TextClassifier()": TextClassifier().fit(texts, labels).predict(sentences).probabilities,
        "TF-IDF, scikit-learn": model.predict_proba(vectorizer.transform(sentences)),
    }


def by_sentences(texts, labels, seeds=1, sentences=SENTENCES):
    """{name: probabilities (n, 2)} of networks that are also trained on the sentences of texts.

    Args:
        texts, labels: Training texts, and 0 or 1 for each.
        seeds: Number of networks.
        sentences: n str.
    """
    networks = {f"sentences, seed {seed}": TextClassifier(**BEST, seed=seed) for seed in range(seeds)}
    return {name: each.fit(texts, labels).predict(sentences).probabilities for name, each in networks.items()}


def main(data: str | None = None, seeds: int = 1) -> None:
    """Print how many of the sentences each model classifies correctly.

    Args:
        data: The Large Movie Review Dataset, to fit other models on; none to leave these out.
        seeds: Number of networks that are trained on its sentences.
    """
    check_positive(seeds=seeds)
    both = (*SENTENCES, *VALIDATION)
    found = by_zoo(both)
    if data is not None:
        training = reviews.load_data(reviews.locate(data))[0]
        found |= by_linear_models(*training, both) | by_sentences(*training, seeds, both)
    print(f"{'correct of':<22} {len(SENTENCES)} and of {len(PAIRS)} pairs   {len(VALIDATION)} to choose by")
    for name, probabilities in found.items():
        few, to_choose_by = probabilities[: len(SENTENCES)], probabilities[len(SENTENCES) :]
        print(f"{name:<22} {right(few)[0]:>2} {right(few)[1]:>15} {right(to_choose_by)[0]:>8}", flush=True)


if __name__ == "__main__":
    run(main)
