"""What `TextClassifier` does with texts that stay in their files."""

from ..checks.arguments import choice, shown
from ..errors import ModelError
from ..evaluation import Evaluation
from .given import PARTS
from .streamed_fit import fit_streamed

EVALUATED = 50_000  # texts at most


class StreamWork:
    """Methods of `TextClassifier` for texts that `Texts.stream` returned.

    Example:
        >>> from models import TextClassifier
        >>> issubclass(TextClassifier, StreamWork)
        True
    """

    def _fit_stream(self, texts, class_weight, verbose, **others):
        if self.kind != "ngrams":
            raise ModelError(
                f'TextClassifier(kind="{self.kind}") needs all texts in memory, and only the linear classifier, '
                'kind="ngrams", is fitted on streamed ones; check the texts with Texts.check.'
            )
        if given := [name for name, value in others.items() if value is not None]:
            raise ModelError(
                f"TextClassifier.fit takes no {given[0]}= with streamed texts, which have labels and parts of "
                "their own; leave it out."
            )
        names = list(texts.class_names)
        found = fit_streamed(texts, len(names), self.seed, bool(class_weight), verbose)
        self.history_, self.seconds_, self._given = found.history, found.seconds, None
        self._learned(found.model, names)
        return self._trusting(None, found.held_back, found.texts, found.labels)

    def _evaluate_stream(self, texts, part):
        choice(*PARTS, "all")("TextClassifier.evaluate", "part", part)
        some, labels = texts.sample(part, EVALUATED, self.seed)
        total = len(texts) if part == "all" else int(texts.counts[part].sum())
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
