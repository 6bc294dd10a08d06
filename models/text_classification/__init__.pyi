from .classifier import TextClassifier
from .explanations import nearest_words, word_effects
from .strings import StringClassifier
from .training import (
    BUILDERS,
    CLIP_NORMS,
    EPSILON,
    WORD_DROPOUT,
    averaged_adam,
    build_network,
    by_default,
    keep_best,
    optimizer_for,
    validation_size,
)
from .vocabulary import LONGEST, learn_vocabulary, reviews_vocabulary, token_ids
from .weights import ngram_weights

__all__ = [
    "BUILDERS",
    "CLIP_NORMS",
    "EPSILON",
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
    "optimizer_for",
    "reviews_vocabulary",
    "token_ids",
    "validation_size",
    "word_effects",
]
