"""Around the training of the lesson `classify_texts`: texts, tables, checks, figures, the report."""

from dataclasses import replace
from pathlib import Path

from tutorials.lesson.command import LessonError

import numpy as np

from datasets import Texts, reviews
from datasets.files.names import safe, shown
from datasets.generated import messages
from models import TextClassifier
from models.export import formats
from models.report.next_steps import next_steps
from models.report.report import Baseline, Figure, write_report
from models.scores import Share
from models.text_classification import ngram_weights
from models.text_classification.asking import unlabelled_texts
from models.text_classification.report import MISTAKES, text_summary
from models.training.time_budget import as_seconds
from tutorials.figures.scores import score_figures
from tutorials.figures.texts import heavy_ngrams, moved_words, text_learning_curves
from tutorials.lesson.report import predict_command, print_next_steps
from tutorials.lesson.text_samples import SAMPLE, is_large, sample, streamed

GENERATED = 1200  # messages, of which a quick run takes a quarter
SHOWN = 8  # n-grams of each class in the figure
LEAST_TEXTS = 3  # that have each of them
EXPLAINED = 4  # misclassified texts in the figure
CHECKED = 40  # texts, about, that the saved model classifies as well
ASKED = 20  # texts to label next
# What comes after the training, suspects and report among it, takes so many times as long as Keras takes to
# load, and for each text a little more: slow machines are slow at both. In a notebook it is loaded already
AFTERWARDS, AFTER_EACH, LOADING = 3, 1e-3, 4
LEAST_TIME = 1.0  # second to train in, where the budget is nearly spent
DIFFERENCE = 1e-5  # between probabilities of the model and of the saved one
LOADED = ("data", "text_column", "label_column", "encoding")


def read_texts(settings, scratch):
    """Check the texts, and say what was found.

    Args:
        settings: The lesson's.
        scratch: A folder for generated messages.

    Returns:
        (the `Source` to name in the results; `Texts`, of a stream a random sample; {text: its true class} of
        generated ones, else {}; the texts to train on: the same `Texts`, or `StreamedTexts`).
    """
    data, seed, truth = settings["data"], settings["seed"], {}
    columns = {name: settings[name] for name in LOADED[1:]}
    if data == "embedded":
        if any(columns.values()):
            raise LessonError("text_column=, label_column= and encoding= are for a file that data= names.")
        scratch.mkdir(parents=True, exist_ok=True)
        count = GENERATED // 4 if settings["quick"] else GENERATED
        source, made = messages.save_messages(scratch / "messages.csv", count, seed)
        truth = {message.text: message.truth for message in made}
    else:
        source = reviews.locate(data)
        if source.path is None or source.path.suffix == ".npz":
            raise LessonError(f"data= {shown(data)} holds no texts in files; name a table or a folder.")
    if settings["stream"] or (settings["model"] == "ngrams" and is_large(source)):
        return source, *streamed(source, columns, settings)
    texts = Texts.check(source, **columns, seed=seed)
    if data == "embedded":  # the file is gone after the run
        source = replace(source, path=None)
        texts = replace(texts, source=source)
    print(f"\n{texts}\n", flush=True)
    texts = sample(texts, SAMPLE) if settings["quick"] else texts
    return source, texts, truth, texts


def check_unlabelled(unlabelled, text_column=None, encoding=None):
    """Refuse texts to label that cannot be read, before anything takes time.

    Args:
        unlabelled: The lesson's setting: a table, a .txt file or a folder; None for none.
        text_column, encoding: The lesson's settings.
    """
    if unlabelled is not None:
        unlabelled_texts("unlabelled=", Path(unlabelled), text_column, encoding)


def check_training(model, budget, export, stream=False):
    """Refuse settings that only a network has a use for, or none, and an export that is not possible here.

    Args:
        model, budget, export, stream: The lesson's settings.
    """
    if stream and model != "ngrams":
        raise LessonError(
            "stream= is for the linear classifier, model='ngrams': a network needs all texts in memory."
        )
    as_seconds(budget)
    given = {"budget": budget is not None, "export": export != "none"}
    for name in (name for name, there in given.items() if there and model == "ngrams"):
        raise LessonError(
            f"{name}= is for the networks, such as model='pooled_lstm'; the linear classifier is trained in "
            "seconds, and no other runtime has the table that it looks n-grams up in."
        )
    if export != "none":
        formats.check_export(export)


def time_to_train(report, loading, texts):
    """Seconds of the budget for the training, what will follow it left out; None for no limit.

    Args:
        report: The run's `Report`.
        loading: Seconds that Keras took to load, which tells how fast the computer is.
        texts: Number of texts.
    """
    budget = as_seconds(report.settings["budget"])
    if budget is None:
        return None
    follows = max(LOADING, loading) * (AFTERWARDS + AFTER_EACH * texts)
    return max(LEAST_TIME, budget - report.seconds() - follows)


def export_network(report, classifier, export):
    """Write the network for another runtime, and its vocabulary beside it.

    Args:
        report: The run's `Report`.
        classifier: The trained `TextClassifier`.
        export: "onnx" or "litert".
    """
    with report.unless_it_fails(f"{export} file"), report.writing(formats.FILES[export]) as path:
        classifier.export(path)


def words_baseline(predicted, labels, fitted=(), sampled=False):
    """The baseline of single words as the report shows it.

    Args:
        predicted, labels: Class indices of the test texts, (n,).
        fitted: The texts that it was fitted on.
        sampled: Whether these are a sample.
    """
    hits = int(np.sum(np.asarray(predicted) == np.asarray(labels)))
    note = "test accuracy of logistic regression on TF-IDF of single words, by scikit-learn"
    note += f", fitted on a sample of {len(fitted):,} texts" if sampled else ""
    return Baseline("Single words", Share(hits, len(labels)), note)


def found_wrong(suspects, classifier_texts, truth):
    """How many of the labels that are known to be wrong are found.

    Args:
        suspects: `Suspects` of the texts that were trained and validated on.
        classifier_texts: (texts, labels) of these.
        truth: {text: true class}; empty where it is not known.

    Returns:
        {"wrong_labels": how many there are, "wrong_labels_found": the share of them that is among as many
        suspects}; empty where the truth is not known.
    """
    wrong = {
        row
        for row, (text, label) in enumerate(zip(*classifier_texts, strict=True))
        if truth.get(text, label) != label
    }
    if not wrong:
        return {}
    first = set(suspects.rows[: len(wrong)].tolist())
    return {"wrong_labels": float(len(wrong)), "wrong_labels_found": len(first & wrong) / len(wrong)}


def finding_of(test, baselines, seconds, labels):
    """What came out, in a few sentences.

    Args:
        test: `Evaluation` of the test texts.
        baselines: List of `Baseline`.
        seconds: Of training.
        labels: What `found_wrong` returned, and `answered`.
    """
    names = {"Majority": "always the most frequent class", "Single words": "single words"}
    others = ", ".join(
        f"{names.get(each.name, each.name)} {100 * each.accuracy.value:.1f} %" for each in baselines
    )
    said = (
        f"Of {len(test):,} test texts of {len(test.class_names):,} classes {test.accuracy} are classified "
        f"correctly, after {seconds:.1f} s of training. The baselines: {others}."
    )
    if "answered" in labels:
        said += f" With --abstain {100 * labels['answered']:.1f} % of them are answered"
        if "answered_accuracy" in labels:
            said += f", of which {100 * labels['answered_accuracy']:.1f} % correctly"
        said += "."
    if "wrong_labels" in labels:
        said += (
            f" Of {labels['wrong_labels']:,.0f} labels that were made wrong "
            f"{100 * labels['wrong_labels_found']:.0f} % are among as many suspects."
        )
    return said


def save_tables(report, texts, test, suspects, answers):
    """Write split.csv, quarantine.csv, suspects.csv and predictions.csv.

    Args:
        report: The run's `Report`.
        texts: A `Texts`.
        test: `Evaluation` of its test texts.
        suspects: `Suspects`.
        answers: `TextPredictions` of the test texts.
    """
    with report.unless_it_fails("tables"):
        report.table("split", texts.split_table())
        report.table("quarantine", texts.quarantine_table())
        report.table("suspects", suspects.table())
        report.table("predictions", predictions_table(texts, test, answers))


def predictions_table(texts, test, answers):
    """The predictions for the test texts, with the probabilities of all classes, as a table.

    Args:
        texts, test, answers: As for `save_tables`.

    Returns:
        List of rows, a header first. A class that is called as another column has "class" before its name.
    """
    fixed = ["file", "line", "text", "label", "predicted", "probability"]
    classes = [f"class {name}" if name in {*fixed, "reason"} else name for name in test.class_names]
    rows = []
    for n, row in enumerate(texts.of("test")):
        label = "" if answers[n].label is None else answers[n].label
        probability = "" if answers[n].label is None else f"{answers[n].probability:.6f}"
        given = texts.class_names[texts.labels[row]]
        where = texts.files[row], int(texts.rows[row]), texts.texts[row], given
        shares = [f"{value:.6f}" for value in test.probabilities[n]]
        rows.append([*where, label, probability, *shares, answers[n].reason])
    return [[*fixed, *classes, "reason"], *rows]


def predicted(classifier, texts, abstain):
    """Predictions for the test texts; where the classifier has nothing to abstain by, a sentence says so.

    Args:
        classifier: The trained `TextClassifier`.
        texts: n str.
        abstain: The lesson's setting, or None.
    """
    if abstain and classifier.trust_ is None:
        print(
            "--abstain is left out: the training texts have too few words to tell what is unlike them.",
            flush=True,
        )
        abstain = None
    return classifier.predict(texts, abstain)


def answered(answers, test):
    """How many test texts the classifier answers for, and how many of these correctly.

    Args:
        answers: `TextPredictions` of the test texts; those without a label are not answered for.
        test: Their `Evaluation`.

    Returns:
        {name: value}: the share that is answered, and of these the share that is correct, if there are any.
    """
    there = np.array([each.label is not None for each in answers], bool)
    right = (test.predictions == test.labels)[there]
    found = {"answered": float(there.mean())}
    return found | ({"answered_accuracy": float(right.mean())} if len(right) else {})


def check_saved(report, classifier, texts, expected):
    """Load the saved model again, and compare its predictions.

    Args:
        report: The run's `Report`, which holds the saved model.
        classifier: The `TextClassifier`.
        texts: Test texts, (n,).
        expected: Their probabilities (n, classes).

    Raises:
        LessonError: If they differ.
    """
    every = max(1, len(texts) // CHECKED)
    again = TextClassifier.load(report.path("model.keras"))
    found = again.predict(texts[::every]).probabilities
    difference = float(np.abs(found - expected[::every]).max(initial=0))
    if not difference <= DIFFERENCE or again.class_names != classifier.class_names:
        raise LessonError(
            f"model.keras, loaded again, predicts other probabilities than the trained model: they differ by "
            f"{difference:.2g}; do not use it, and run the lesson again."
        )
    print(f"\nLoaded again, model.keras predicts the same: probabilities differ by {difference:.1g} at most.")


def draw(report, classifier, texts, test):
    """All figures: {name: (Axes, alternative text, caption)}.

    Args:
        report: The run's `Report`.
        classifier: The `TextClassifier`.
        texts: A `Texts`.
        test: `Evaluation` of its test texts.
    """
    drawn = score_figures(test, "test texts")
    if classifier.kind == "ngrams":
        known = ngram_weights(classifier.model, texts.pairs("train")[0])
        words = [known.heaviest(n, SHOWN, LEAST_TEXTS) for n in range(len(texts.class_names))]
        place = {name: row for row, name in enumerate(known.ngrams)}
        weights = [[known.weights[place[word], n] for word in some] for n, some in enumerate(words)]
        drawn["weights"] = (
            heavy_ngrams(words, weights, texts.class_names),
            "For each class the words and sequences of words with the largest weights.",
            f"Of n-grams that {LEAST_TEXTS} or more training texts have, in a text of usual length, less the "
            "mean over the classes. Parts of words have weights, too.",
        )
    else:
        drawn["curves"] = (
            text_learning_curves(classifier.history_),
            "Loss and accuracy after each epoch, in training and validation.",
            "The weights of the best epoch on the validation texts are kept.",
        )
    wrong = test.misclassified[:EXPLAINED]
    if len(wrong):
        explained = [_explained(classifier, test, n) for n in wrong]
        drawn["moved_words"] = (moved_words(explained), "Misclassified texts, each word coloured.", "")
    return drawn


def _explained(classifier, test, n):
    names, best = test.class_names, test.predictions[n]
    found = classifier.word_effects(test.examples[n])
    confidence = test.probabilities[n].max()
    caption = f"predicted {safe(names[best], 'terminal', 40)} ({confidence:.0%}), "
    return caption + f"label {safe(names[test.labels[n]], 'terminal', 40)}", found.words, found.effects


def write_figures_and_report(report, classifier, texts, test, baselines, suspects, finding):
    """Draw the figures and write report.html.

    Args:
        report: The run's `Report`.
        classifier: The `TextClassifier`.
        texts: A `Texts`.
        test: `Evaluation` of its test texts.
        baselines: List of `Baseline`.
        suspects: `Suspects`.
        finding: What came out.
    """
    figures = {}
    for name, (axes, alt, caption) in draw(report, classifier, texts, test).items():
        report.figure(name, axes)
        figures[name] = Figure(report.path(f"{name}.png"), alt, caption)
    known = np.concatenate([texts.labels[texts.of(part)] for part in ("train", "validation")])
    steps = next_steps(
        test,
        texts.class_names,
        np.bincount(known, minlength=len(texts.class_names)),
        suspects=suspects.confident,
        asked=report.path("label.html").exists(),
        set_aside=len(texts.quarantine),
    )
    content = text_summary(
        texts,
        test,
        finding,
        baselines,
        suspects,
        [classifier.word_effects(test.examples[n]) for n in test.misclassified[:MISTAKES]],
        steps=steps,
        seconds={"training": classifier.seconds_},
        total_seconds=report.seconds(),
        settings=report.settings,
        figures=figures,
        commands=commands(report.folder),
        environment=report.environment(),
    )
    with report.writing("report.html") as path:
        write_report(path, content)


def ask_for_labels(report, classifier, unlabelled):
    """Write label.html, on which a person labels the texts that would help most.

    Args:
        report: The run's `Report`.
        classifier: The `TextClassifier`.
        unlabelled: The lesson's setting.
    """
    with report.unless_it_fails("label.html"), report.writing("label.html") as page:
        how = {name: report.settings[name] for name in ("text_column", "encoding")}
        asked = classifier.ask(Path(unlabelled), ASKED, page, **how)
        for where, reason in list(asked.skipped.items())[:5]:
            print(f"Not asked for: {safe(where, 'terminal')} {safe(reason, 'terminal')}.")


def commands(folder):
    """How to use what a run left: pairs (what for, command line)."""
    return [
        ("Classify a text, and see which words decide", predict_command(folder, '"some text" --explain')),
        ("Classify a table of texts", predict_command(folder, "texts.csv --csv")),
    ]


def print_next_step(folder):
    """Say how to go on: open the report, label texts, or classify texts."""
    print_next_steps(folder, "texts", commands(folder)[0][1])
