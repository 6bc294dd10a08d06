"""Only what an earlier build made is replaced: no page, notebook or other file of the user's is lost."""

import nbformat
import pytest

from docs.placing import MARKER, check_site, place_notebooks, place_site
from docs.source import LessonSourceError


@pytest.fixture
def site(tmp_path):
    made = tmp_path / "made"
    (made / "lessons").mkdir(parents=True)
    (made / "index.html").write_text("new")
    (made / "lessons" / "digits.html").write_text("digits")
    return made


def files(folder):
    return {
        path.relative_to(folder).as_posix(): path.read_text() for path in folder.rglob("*") if path.is_file()
    }


def test_a_site_replaces_an_earlier_one_and_its_pages_that_are_gone(site, tmp_path):
    out = tmp_path / "deep" / "site"
    place_site(site, out)
    (site / "lessons" / "digits.html").unlink()
    (site / MARKER).unlink()
    (site / "index.html").write_text("newer")
    place_site(site, out)
    found = files(out)
    assert found.pop(MARKER) and found == {"index.html": "newer"}
    assert [path.name for path in out.parent.iterdir()] == ["site"]


@pytest.mark.parametrize("what", ["changed", "added", "of another project", "a file", "a link"])
def test_what_the_user_has_is_refused_and_stays(site, tmp_path, what):
    out = tmp_path / "site"
    if what in ("changed", "added"):
        place_site(site, out)
        (out / {"changed": "index.html", "added": "lessons/notes.txt"}[what]).write_text("mine")
    elif what == "of another project":
        out.mkdir()
        (out / ".buildinfo").write_text("# Sphinx build info")
    elif what == "a file":
        out.write_text("mine")
    else:
        (tmp_path / "other").mkdir()
        out.symlink_to(tmp_path / "other")
    before = files(tmp_path)
    for refuse in check_site, lambda folder: place_site(site, folder):
        with pytest.raises(LessonSourceError, match="take another"):
            refuse(out)
    assert files(tmp_path) == before


def book(text="print(1)"):
    return nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(text, id="one")])


@pytest.mark.parametrize("change", ["a setting", "outputs", "no notebook"])
def test_a_notebook_that_was_changed_or_run_is_refused_before_any_is_written(tmp_path, change):
    place_notebooks({"digits": book()}, tmp_path)
    place_notebooks({"digits": book("print(2)")}, tmp_path)  # as it was built: replaced
    file = tmp_path / "digits.ipynb"
    mine = nbformat.read(file, as_version=4)
    assert mine.cells[0].source == "print(2)"
    if change == "a setting":
        mine.cells[0].source = "print(3)"
    else:
        mine.cells[0].outputs = [nbformat.v4.new_output("stream", text="2\n")]
    nbformat.write(mine, file)
    if change == "no notebook":
        file.write_text("my notes")
    before = files(tmp_path)
    with pytest.raises(LessonSourceError, match=r"digits\.ipynb was changed"):
        place_notebooks({"convolution": book(), "digits": book()}, tmp_path)
    assert files(tmp_path) == before
