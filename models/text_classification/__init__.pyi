from .classifier import TextClassifier
from .explanations import nearest_words, word_effects
from .strings import StringClassifier
from .training import (
    BUILDERS,
    CLIP_NORMS,
    DECAYING,
    EPSILON,
    LEARNING_RATES,
    WORD_DROPOUT,
    averaged_adam,
    build_network,
    by_default,
    keep_best,
    validation_size,
)
from .vocabulary import LONGEST, learn_vocabulary, reviews_vocabulary, token_ids
from .weights import ngram_weights

__all__ = [
    "BUILDERS",
    "CLIP_NORMS",
    "DECAYING",
    "EPSILON",
    "LEARNING_RATES",
    "LONGEST",
    "StringClassifier",
    "TextClassifier",
    "WORD_DROPOUT",
    "averaged_adam",
    "build_network",
    "by_default",
    "keep_best",
    "learn_vocabulary",
    "nearest_words",
    "ngram_weights",
    "reviews_vocabulary",
    "token_ids",
    "validation_size",
    "word_effects",
]
