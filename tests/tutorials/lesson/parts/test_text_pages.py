"""Pages of texts by command: of a saved classifier, with examples of the run that saved it."""

import csv
import shutil

from tutorials.lesson.command import LessonError

import keras
import pytest

from datasets import reviews
from models import MLP, ModelError, SentimentBag, SoundConvNet, StringClassifier, TextClassifier
from models.loading.saved_classifiers import About, save_classifier
from tutorials import look_inside
from tutorials.lesson.parts import text_pages
from tutorials.lesson.parts.input_kinds import what_looks_at
from tutorials.lesson.texts import check_text_settings

TEXTS = ["my parcel is late", "where is my parcel", "the invoice is wrong", "I was charged twice"]
LABELS = ["delivery", "delivery", "billing", "billing"]


@pytest.fixture(scope="module")
def tickets(tmp_path_factory):
    """A saved classifier of n-grams."""
    file = tmp_path_factory.mktemp("tickets") / "tickets.keras"
    TextClassifier().fit(TEXTS * 5, LABELS * 5).save(file)
    return file


def page_of(folder):
    return (folder / "look_inside" / "page.html").read_text(encoding="utf-8")


def test_a_saved_classifier_has_a_page(tickets, tmp_path, capsys):
    outcome = look_inside.main(load=str(tickets), page=True, outputs=tmp_path)
    page = page_of(tmp_path)
    assert "</html>" in page and '"class_names":["billing","delivery"]' in page and '"texts":[]' in page
    assert outcome.results["parameters"] > 0 and "billing, delivery" in outcome.finding
    assert "page.html in a browser" in capsys.readouterr().out


def test_examples_come_from_the_run_that_saved_it_or_from_data(tickets, tmp_path):
    run = tmp_path / "classify_texts"
    run.mkdir()
    shutil.copy(tickets, run / "model.keras")
    with (run / "predictions.csv").open("w", newline="", encoding="utf-8") as file:
        rows = [["text", "label"], ["is it late?", "delivery"], ["gone", "other"], ["charged", "billing"]]
        csv.writer(file).writerows(rows)
    look_inside.main(load=str(run), page=True, outputs=tmp_path)
    assert '"texts":["is it late?","charged"]' in page_of(tmp_path)
    table = tmp_path / "more.csv"
    with table.open("w", newline="", encoding="utf-8") as file:
        rows = [
            [f"{text} number {n}", label]
            for n in range(30)
            for text, label in zip(TEXTS, LABELS, strict=True)
        ]
        csv.writer(file).writerows([["text", "label"], *rows])
    look_inside.main(load=str(run), page=True, data=str(table), outputs=tmp_path)
    assert page_of(tmp_path).count("data-example=") == text_pages.EXAMPLES


def test_a_network_of_reviews_shows_generated_reviews(tmp_path):
    model = StringClassifier(["good", "bad"], SentimentBag(4))
    save_classifier(model, tmp_path / "model.keras", About("texts", tuple(reviews.IMDB_CLASSES), {}))
    (tmp_path / "metrics.json").write_text('{"settings": {"data": "auto"}}')
    source, texts, captions = text_pages._texts_to_show(tmp_path, "auto", reviews.IMDB_CLASSES)
    assert source.name == "embedded" and len(texts) > 100 and set(captions) == set(reviews.IMDB_CLASSES)
    texts, captions = text_pages._examples(texts, captions)
    assert len(texts) == 8 and captions.count("negative") == 4


def test_models_that_have_no_such_page_get_a_sentence(tickets, tmp_path):
    with pytest.raises(LessonError, match="classifies texts, .* add --page"):
        look_inside.main(load=str(tickets), outputs=tmp_path)
    text = keras.Input((), dtype="string")
    lengths = keras.layers.TextVectorization(vocabulary=["a"], output_sequence_length=3)(text)
    other = keras.Model(text, keras.layers.Dense(2, activation="softmax")(lengths))
    other.save(tmp_path / "other.keras")
    with pytest.raises(ModelError) as refused:
        look_inside.main(load=str(tmp_path / "other.keras"), page=True, outputs=tmp_path)
    assert "\n" not in str(refused.value)
    MLP().save(tmp_path / "digits.keras")
    assert what_looks_at(tmp_path / "digits.keras") is None
    assert what_looks_at(tmp_path / "nothing.keras") is None and what_looks_at("mnist") is None
    assert what_looks_at(tickets) is text_pages.look_at_texts
    with pytest.raises(LessonError, match="name data=, or leave out predict="):
        check_text_settings("lstm", "good", 0, page_of_zoo=True)


def test_what_only_models_of_images_have_is_refused(tickets, tmp_path):
    given = {"checkpoints": (tmp_path / "a.weights.h5",), "white": 1.0, "mean": (0.5,)}
    with pytest.raises(LessonError, match="classifies texts: leave out white=, mean=, checkpoints=, of"):
        look_inside.main(load=str(tickets), page=True, outputs=tmp_path, **given)
    SoundConvNet().save(tmp_path / "sounds.keras")
    with pytest.raises(LessonError, match="classifies sounds: leave out checkpoints=, of"):
        what_looks_at(tmp_path / "sounds.keras", checkpoints=given["checkpoints"])
    MLP().save(tmp_path / "digits.keras")
    assert what_looks_at(tmp_path / "digits.keras", **given) is None


def test_a_large_page_says_its_size_before_it_is_written(tickets, tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(text_pages, "LARGE", 0.05)
    look_inside.main(load=str(tickets), page=True, outputs=tmp_path)
    assert "page.html will have about 0 MB" in capsys.readouterr().out


def test_a_file_of_a_hundred_thousand_brackets_beside_a_model_is_no_run_of_reviews(tmp_path):
    for content in "[" * 100_000, '{"settings": 3}', "[]", "\x00":
        (tmp_path / "metrics.json").write_text(content)
        assert not text_pages._was_trained_on_reviews(tmp_path)
