"""How `TextClassifier` fits its linear classifier: on texts in memory, and on texts that stay in files."""

from ..checks.arguments import choice, shown
from ..errors import ModelError
from ..evaluation import Evaluation
from ..seeds import seeded
from .examples import checked_labels, indices
from .given import PARTS, Given
from .ngrams import fit_ngrams
from .streamed_fit import fit_streamed

EVALUATED = 50_000  # texts at most


class LinearFits:
    """Methods of `TextClassifier` for its linear classifier, and for texts that `Texts.stream` returned.

    Example:
        >>> from models import TextClassifier
        >>> issubclass(TextClassifier, LinearFits)
        True
    """

    def _fit_ngrams(self, given, names, class_weight):
        validation = None if given.validation is None else in_classes(given.validation, names)
        labels = indices(given.labels, names)
        with seeded(self.seed):
            model, self.history_, self.seconds_, found = fit_ngrams(
                given.texts,
                labels,
                len(names),
                self.seed,
                validation,
                bool(class_weight),
                refit=given.checked is not None,
            )
        self._learned(model, names)
        return self._trusting(given, found, given.texts, labels)

    def _fit_stream(self, texts, class_weight, verbose, **others):
        if self.kind != "ngrams":
            raise ModelError(
                f'TextClassifier(kind="{self.kind}") needs all texts in memory, and only the linear '
                'classifier, kind="ngrams", is fitted on streamed ones; check the texts with Texts.check.'
            )
        if given := [name for name, value in others.items() if value is not None]:
            raise ModelError(
                f"TextClassifier.fit takes no {given[0]}= with streamed texts, which have labels and parts "
                "of their own; leave it out."
            )
        names = list(texts.class_names)
        found = fit_streamed(texts, len(names), self.seed, bool(class_weight), verbose)
        self.history_, self.seconds_ = found.history, found.seconds
        self._learned(found.model, names)
        given = Given(*found.sample.pairs("train"), checked=found.sample)
        return self._trusting(given, found.held_back, given.texts, found.sample.labels)

    def _evaluate_stream(self, texts, part):
        choice(*PARTS, "all")("TextClassifier.evaluate", "part", part)
        sizes = {each: int(texts.counts[each].sum()) for each in PARTS if part in (each, "all")}
        total = sum(sizes.values())
        share = min(1, EVALUATED / max(1, total))
        drawn = texts.sample({each: round(size * share) for each, size in sizes.items()}, self.seed)
        some, labels = drawn.texts, drawn.labels
        name = f"{part}, a random sample of {total:,} texts" if len(some) < total else part
        known = {str(each): number for number, each in enumerate(self._classes)}
        if unknown := [each for each in texts.class_names if each not in known]:
            raise ModelError(
                f"TextClassifier.evaluate knows no class {shown(unknown[0])}; leave its texts out."
            )
        numbers = [known[each] for each in texts.class_names]
        labels = [numbers[label] for label in labels]
        return Evaluation(name, self.class_names_, some, labels, self._probabilities(some), noun="texts")


def is_streamed(texts):
    """Whether texts are what `Texts.stream` returned.

    Args:
        texts: Anything.

    Example:
        >>> is_streamed(["So good!"])
        False
    """
    return all(hasattr(texts, name) for name in ("blocks", "sample", "counts", "class_names"))


def in_classes(pair, names):
    """Texts to validate on, and their class indices.

    Args:
        pair: (texts, labels).
        names: The classes, in index order.

    Returns:
        (texts, int64 (n,)).

    Raises:
        ModelError: If a label is none of these.

    Example:
        >>> in_classes((["So good!"], ["good"]), ["bad", "good"])
        (['So good!'], array([1]))
    """
    return pair[0], checked_labels("TextClassifier.fit", *pair, names, "validation ")
