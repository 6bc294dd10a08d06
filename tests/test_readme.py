"""What the README and the pages say works as it is written."""

import json
import re
import shutil
from pathlib import Path

import pytest
from PIL import Image

import models
from datasets import digits
from models.zoo import zoo
from tutorials import digits as lesson
from tutorials.__main__ import LESSONS


def text_of(root, *names):
    """The texts of the README, which is short, and of pages."""
    files = [root / "README.md"] if "README" in names else []
    files += [root / "docs" / "pages" / f"{name}.md" for name in names if name != "README"]
    return "\n".join(file.read_text(encoding="utf-8") for file in files)


def blocks(root, language, *names):
    return re.findall(rf"^```{language}\n(.*?)^```", text_of(root, *names), re.DOTALL | re.MULTILINE)


def test_the_readme_is_short_and_every_page_is_linked(root):
    text = text_of(root, "README")
    assert len(text.splitlines()) <= 80
    pages = {file.name for file in (root / "docs" / "pages").glob("*.md")} - {"index.md"}
    assert set(re.findall(r"\(docs/pages/(\w+\.md)\)", text)) == pages


def test_links_of_readme_and_pages_lead_to_files(root):
    for file in root / "README.md", *(root / "docs" / "pages").glob("*.md"):
        for target in re.findall(r"\]\((?!https?:|#|/)([^)#]+)", file.read_text(encoding="utf-8")):
            assert (file.parent / target).exists(), (file.name, target)


def test_ci_runs_the_readmes_test_command(root):
    commands = [
        line
        for block in blocks(root, "sh", "README")
        for line in block.splitlines()
        if line.startswith("python3")
    ]
    assert len(commands) == 2
    assert commands[0].endswith(".venv/bin/python -m tutorials.digits")
    assert commands[1].endswith(".venv/bin/python -m pytest")
    assert commands[1] in (root / ".ci" / "run").read_text(encoding="utf-8")


@pytest.mark.slow
def test_python_of_the_readme_runs(root, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    (images, labels), _ = digits.load_data("embedded")
    Image.fromarray(255 - images[3, ..., 0]).resize((200, 200)).save("photo.png")
    digits.save_photos("photos", examples=10)
    shutil.copytree("photos/test/5", "more")
    shutil.copy("photos/test/3/0002.png", "new.jpg")
    for label in Path("photos/test").iterdir():  # 40 photos to test on are enough
        for file in sorted(label.iterdir())[4:]:
            file.unlink()
    lesson.main(data="embedded", quick=True)
    # A quickly trained model predicts nothing yet: put the zoo's in its place
    models.ConvNet(weights="mnist").save("outputs/digits/model.keras")
    capsys.readouterr()
    said = []
    for block in blocks(root, "python", "README", "draw", "zoo"):
        # The one pretrained network that needs no download
        block = block.replace('backbone="mobilenet"', 'backbone="convnet", flip=False, views=1, epochs=1')
        exec(compile(block, "README.md", "exec"), {})
        said.append(capsys.readouterr().out)
    builder, photos, _, _, _, digit, zoo_builders = said
    assert "Total params: 302,794" in builder
    assert "accuracy" in photos and "new.jpg" in photos and Path("bees.keras").stat().st_size > 1e5
    assert "Two models, one picture" in Path("both.html").read_text(encoding="utf-8")
    assert "</html>" in Path("page.html").read_text(encoding="utf-8")
    assert "spectrogram" in Path("sounds.html").read_text(encoding="utf-8")
    assert digit == f"{labels[3]}\n"
    assert "1,311,181" in zoo_builders


def test_every_lesson_and_picture_of_the_readme_is_there(root):
    text = text_of(root, "README", "lessons")
    for lesson_name in LESSONS:
        assert f"tutorials.{lesson_name}" in text
    pictures = re.findall(r"!\[(.*?)\]\((.*?)\)", text)
    pictures += re.findall(r'alt="([^"]+)" src="([^"]+)"', text)
    assert {Path(path).stem for _, path in pictures} >= set(LESSONS)
    assert {Path(path).name for _, path in pictures} == {
        file.name for file in (root / "tutorials" / "pictures").iterdir()
    }
    for alternative, path in pictures:
        assert alternative
        assert (root / path.removeprefix("../../")).stat().st_size < 300_000


def test_results_in_the_lessons_table_lie_in_their_bands(root):
    """Each number is titled with its source, its model where there are several, and its metric.

    As in `<span title="mnist test_accuracy">` or `<span title="imdb lstm test_accuracy">`.
    """
    text = text_of(root, "lessons")
    bands = json.loads((root / "tutorials" / "expected.json").read_text(encoding="utf-8"))
    rows = re.findall(r"<tr>.*?python -m tutorials\.(\w+)</code>(.*?)</tr>", text, re.DOTALL)
    assert [lesson_name for lesson_name, _ in rows] == [*LESSONS]
    for lesson_name, row in rows:
        numbers = re.findall(
            r'title="(\w+) (?:(\w+) )?(\w+)">([\d.,e-]+)(?: ± [\d.e-]+)?( %| points)?</span>', row
        )
        assert numbers, lesson_name
        assert len(numbers) == row.count("<span")
        for source, model, metric, number, percent in numbers:
            by_model = bands[lesson_name][source]
            low, high = by_model[model or ("default" if "default" in by_model else "convnet")][metric]
            value = float(number.replace(",", "")) / (100 if percent else 1)
            assert low - 1e-9 <= value <= high + 1e-9, (lesson_name, metric)


def test_the_zoo_table_is_the_zoo(root):
    text = text_of(root, "zoo")
    rows = re.findall(r"^\| `(\w+)\(\)` \| ([\d,]+) \|", text, re.MULTILINE)
    assert {name: int(count.replace(",", "")) for name, count in rows} == {
        name: entry["parameters"] for name, entry in zoo().items()
    }


def test_results_of_digits_lie_in_their_bands(root):
    """`digits` rows read "99.1 %" and the like: each is held against tutorials/expected.json."""
    text = text_of(root, "lessons")
    bands = json.loads((root / "tutorials" / "expected.json").read_text(encoding="utf-8"))["digits"]
    rows = re.findall(
        r"^\| `--model (\w+)` \| ([\d,]+) \| ([\d.]+) ± [\d.]+ % \| ([\d.]+) ± [\d.]+ %", text, re.M
    )
    assert {row[0] for row in rows} == set(bands["mnist"])
    for model, parameters, *accuracies in rows:
        assert int(parameters.replace(",", "")) == bands["mnist"][model]["parameters"][0]
        for source, accuracy in zip(("mnist", "embedded"), accuracies, strict=True):
            low, high = bands[source][model]["test_accuracy"]
            assert low <= float(accuracy) / 100 <= high
