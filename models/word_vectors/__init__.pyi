from .counted import ppmi_vectors
from .files import WordVectors, load_word_vectors, save_word_vectors, start_embedding
from .learning import learn_word_vectors
from .measures import bag_of_words, nearest_to, purity, text_vectors, unit_length
from .sampling import keep_probabilities, near, noise_distribution, word_counts, word_rows
from .training import skip_gram_gradients, training_step

__all__ = [
    "WordVectors",
    "bag_of_words",
    "keep_probabilities",
    "learn_word_vectors",
    "load_word_vectors",
    "near",
    "nearest_to",
    "noise_distribution",
    "ppmi_vectors",
    "purity",
    "save_word_vectors",
    "skip_gram_gradients",
    "start_embedding",
    "text_vectors",
    "training_step",
    "unit_length",
    "word_counts",
    "word_rows",
]
