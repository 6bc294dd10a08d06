"""Generated film reviews, the embedded texts: the order of their words decides about the class.

Every kind of review has a counterpart of the other class that is made of the same words, or has a word of
praise in the place of a word of blame. So counting words does not help; a model must understand "not",
"but", "although" and sarcasm, and what they refer to.
"""

import random
import zlib

import numpy as np

CLASS_NAMES = ("negative", "positive")

PRAISE = (
    "brilliant", "charming", "clever", "delightful", "engaging", "funny", "gorgeous", "gripping",
    "honest", "inspired", "lovely", "masterful", "moving", "original", "perfect", "refreshing",
    "stunning", "superb", "touching", "wonderful",
)  # fmt: skip
BLAME = (
    "awful", "boring", "clumsy", "confusing", "dreadful", "dull", "empty", "flat", "forgettable",
    "hollow", "lazy", "messy", "painful", "pointless", "predictable", "shallow", "stale", "terrible",
    "tiresome", "weak",
)  # fmt: skip
PARTS = (
    "acting", "camera", "cast", "dialogue", "direction", "editing", "ending", "humour", "lighting",
    "music", "opening", "pace", "plot", "romance", "scenery", "script", "soundtrack", "story", "villain",
    "writing",
)  # fmt: skip
PEOPLE = (
    "brother", "colleague", "cousin", "daughter", "friend", "mother", "neighbour", "sister", "teacher",
    "uncle",
)  # fmt: skip
DAYS = (
    "monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday",
)  # fmt: skip
PLACES = (
    "bedford", "brighton", "chester", "dover", "durham", "exeter", "lincoln", "oxford", "preston", "york",
)  # fmt: skip

# {0} is a part of the film, {1} the word that praises or blames it
PLAIN = (
    "the {0} is {1}",
    "i found the {0} {1}",
    "to me the {0} felt {1}",
    "what stayed with me was the {1} {0}",
    "the {0} turned out to be truly {1}",
    "you will remember the {1} {0}",
)
NEGATED = (
    "the {0} is not {1}",
    "i did not find the {0} {1}",
    "nobody in the whole room would have called the {0} {1}",
    "at no point in two hours did the {0} feel {1}",
    "never for one moment was the {0} even close to {1}",
    "i can not say that the {0} was in any way {1}",
)
SARCASTIC = (
    "oh sure , the {0} is {1} , and pigs can fly",
    "the {0} was {1} , said no one ever",
    "right , because the {0} is so {1} , as if",
    "yeah , of course the {0} was {1} , keep dreaming",
)
# {0} is the clause that decides about the class, {1} the other one
CONTRASTS = (
    "{1} , but {0}",
    "{0} , although {1}",
    "although {1} , {0}",
    "{0} , even if {1}",
    "even if {1} , {0}",
    "{1} , and yet {0}",
)
SAID_BY_OTHERS = (
    "my {0} told me that the {1} was {2}",
    "a critic from {3} wrote that the {1} is {2}",
    "on {4} the papers called the {1} {2}",
)
NEUTRAL = (
    "we saw it in {3} on a {4} with my {0}",
    "the {1} was discussed before the film , not after it",
    "it was shown in {3} last {4}",
    "my {0} drove us to {3} , but we were not late",
    "the film is set in {3} and begins on a {4}",
    "there were no free seats left on {4} in {3}",
    "a {0} and a {5} meet in {3} and never speak again",
    "my {0} had asked about the {1} since {4}",
    "although it was {4} , half of {3} had come",
)


def load_data(train=6000, test=1500, seed=0):
    """Generate reviews.

    Args:
        train: Number of reviews to train on.
        test: Number of reviews to test on; none of their sentences is in a training review.
        seed: The same seed generates the same reviews.

    Returns:
        `(x_train, y_train), (x_test, y_test)`: texts, object (n,) of str, of 4 to about 90 words in
        lower case; and labels int64 (n,), 0 (negative) and 1 (positive), half of each. Generated, so
        free of any licence.

    Example:
        >>> from datasets.generated import opinions
        >>> (x_train, y_train), (x_test, y_test) = opinions.load_data(train=100, test=20)
        >>> len(x_train), int(y_train.sum()), opinions.CLASS_NAMES
        (100, 50, ('negative', 'positive'))
    """
    return tuple(_reviews(count, part, seed) for part, count in enumerate((train, test)))


def _reviews(count, part, seed):
    rng = random.Random(f"{seed} {part}")  # chooses words many times faster than NumPy's
    labels = [n % 2 for n in range(count)]
    rng.shuffle(labels)
    texts = np.empty(count, object)
    for n, label in enumerate(labels):
        sentences = [_fresh(part, rng, _aside) for _ in range(rng.randrange(5))]
        verdict = _fresh(part, rng, _verdict, label == 1)
        sentences.insert(rng.randrange(len(sentences) + 1), verdict)
        texts[n] = " . ".join(sentences) + " ."
    return texts, np.array(labels, "int64")


def _fresh(part, rng, make, *which):
    """A sentence that belongs to this part: one in five to the test part, the others to training."""
    while True:
        sentence = make(rng, *which)
        if (zlib.crc32(sentence.encode()) % 5 == 0) == (part == 1):
            return sentence


def _verdict(rng, good):
    """The sentence that says what the reviewer thinks."""
    kind = rng.choice((PLAIN, NEGATED, SARCASTIC, CONTRASTS, CONTRASTS))
    if kind is not CONTRASTS:
        return _clause(rng, good, kind)
    decides = _clause(rng, good, rng.choice((PLAIN, NEGATED)))
    other = _clause(rng, not good, rng.choice((PLAIN, NEGATED)))
    return rng.choice(CONTRASTS).format(decides, other)


def _clause(rng, good, kind):
    """Praise or blame, in plain words or by negating or mocking the opposite."""
    words = PRAISE if good == (kind is PLAIN) else BLAME
    return rng.choice(kind).format(rng.choice(PARTS), rng.choice(words))


def _aside(rng):
    """A sentence without the reviewer's opinion; one in three tells somebody else's."""
    form = rng.choice(NEUTRAL if rng.random() < 2 / 3 else SAID_BY_OTHERS)
    person, other = rng.sample(PEOPLE, 2)
    word = rng.choice(rng.choice((PRAISE, BLAME)))
    return form.format(person, rng.choice(PARTS), word, rng.choice(PLACES), rng.choice(DAYS), other)
