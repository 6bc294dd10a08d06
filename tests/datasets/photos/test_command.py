"""`python -m datasets.photos check`: tables, or one sentence and another exit status."""

import importlib.util
import subprocess
import sys

import pytest

from datasets import Photos, digits
from datasets.photos.__main__ import main
from datasets.photos.locating import locate


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    top = tmp_path_factory.mktemp("photos")
    digits.save_photos(top, examples=10)
    (top / "train" / "3" / "empty.png").touch()
    return top / "train"


def test_it_prints_what_photos_check_finds(folder, capsys):
    assert main(["check", str(folder), "--image-size", "28", "--seed", "5"]) == 0
    assert str(Photos.check(folder, 28, seed=5)) in capsys.readouterr().out


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["missing"], "missing does not exist; name a folder of photos, an archive or a table as DATA."),
        (["{folder}", "--engine", "spark"], '--engine is \'spark\'; name "threads" or "ray".'),
    ],
)
def test_what_it_cannot_do_is_one_sentence(arguments, sentence, folder, root):
    arguments = [each.format(folder=folder) for each in arguments]
    done = subprocess.run(
        [sys.executable, "-m", "datasets.photos", "check", *arguments],
        cwd=root,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 2 and done.stdout == ""
    (line,) = done.stderr.strip().splitlines()
    assert line.startswith("Error: ") and line.endswith(sentence)


@pytest.mark.extra
def test_its_folder_is_data_for_the_next_call(folder, tmp_path, capsys):
    if importlib.util.find_spec("pyarrow") is None:
        pytest.skip("pyarrow of requirements-extra.txt is not installed")
    out = str(tmp_path / "checked")
    assert main(["check", str(folder), "--image-size", "28", "--out", out]) == 0
    first = capsys.readouterr().out
    assert main(["check", out, "--image-size", "28"]) == 0
    assert capsys.readouterr().out.strip() in first
    assert Photos.check(locate(out), 28).fingerprint == Photos.load(out).fingerprint  # as a lesson does
