"""What a classifier of texts says about labels: which may be wrong, and which texts to label next."""

from ..checks.arguments import whole
from ..errors import ModelError
from ..labelling.asked import Asked, check_page, written
from ..labelling.label_page.page import write_text_page
from ..labelling.wrong_labels import find_suspects
from .asking import choose_texts, labelled_rows, unlabelled_texts
from .examples import indices
from .ngrams import out_of_fold


class LabelWork:
    """Methods of `TextClassifier` that look at labels, those that there are and those that would help.

    Example:
        >>> from models import TextClassifier
        >>> issubclass(TextClassifier, LabelWork)
        True
    """

    _given = None  # `Given`: what it was fitted on

    def trained_on(self):
        """The texts that it was fitted on or that validated, without any test text; of a stream, 10,000.

        Returns:
            (object (n,) of str, list of n labels), in the order that the rows of `suspects` count in.

        Raises:
            ModelError: If the classifier is not trained, or was loaded.

        Example:
            >>> from models import TextClassifier
            >>> TextClassifier().fit(["so good", "so bad"] * 10, [1, 0] * 10).trained_on()[1][:3]
            [1, 0, 1]
        """
        if self.model and self._given is None:
            raise ModelError(
                "This TextClassifier was loaded and does not hold the texts that it was trained on; call fit."
            )
        return self._given.known()

    def suspects(self):
        """Find training and validation texts whose labels may be wrong; nothing is changed.

        Whatever the kind of this classifier, a linear one of n-grams says how probable the label of each
        text is, fitted five times on the others, which takes about twice as long as to fit it once.

        Returns:
            `Suspects`, the most suspicious first. Look at the first `suspects.confident` of them.

        Raises:
            ModelError: If the classifier is not trained, or was loaded.

        Example:
            >>> from models import TextClassifier
            >>> texts = [f"{word} one, number {n}" for n in range(30) for word in ("good", "bad")]
            >>> labels = ["+", "-"] * 30
            >>> labels[2] = "-"
            >>> [each.text for each in TextClassifier().fit(texts, labels).suspects()]
            ['good one, number 1']
        """
        texts, labels = self.trained_on()
        numbers = indices(labels, self._classes)
        found = out_of_fold(texts, numbers, len(self._classes), self.seed, self._given.groups())
        return find_suspects(found, numbers, self._given.names(), self.class_names_, texts)

    def ask(self, texts, count=20, page=None, text_column=None, encoding=None):
        """Choose unlabelled texts whose labels would help most; on an offline page you can label them.

        The page saves a table for `fit`, with the texts that have labels already.

        Args:
            texts: List of str; or the path of a table, of a .txt file, or of a folder of these.
            count: How many texts to ask for.
            page: Path of the page; None to write none. One of an earlier call is replaced, any other file is
                not.
            text_column: In a table: the column of the texts, by name or number; None to guess it.
            encoding: Of files that are not UTF-8, as Python names it.

        Returns:
            `Asked`: its `files`, which are texts, and those `skipped` with the reason.

        Raises:
            ModelError: If the classifier is not trained, there is no text, or the page cannot be written.
            DataError: If the file cannot be read.

        Example:
            >>> from models import TextClassifier
            >>> classifier = TextClassifier().fit(["so good", "so bad"] * 20, ["+", "-"] * 20)
            >>> classifier.ask(["Good!", "Is it?", "Bad!"], count=1).files
            ['Is it?']
        """
        owner = "TextClassifier.ask"
        whole(most=10_000)(owner, "count", count)
        given, names = self._given, self.model and self.class_names_
        page = check_page(page)
        texts, skipped = unlabelled_texts(owner, texts, text_column, encoding)
        known = () if given is None else (given.known()[0] if given.checked is None else given.checked.texts)
        rows = choose_texts(texts, lambda some: self.predict(some).probabilities, count, known, self.seed)
        chosen = [texts[row] for row in rows]
        if not chosen:
            raise ModelError(
                f"{owner} finds no text without a label: all of them are copies of labelled ones."
            )
        page = written(page, write_text_page, chosen, names, labelled_rows(given))
        return Asked(page, chosen, skipped, "text")
