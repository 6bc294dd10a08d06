"""What folders of photos mean: any usual layout, and nothing that is not meant."""

import pytest

from datasets import DataError
from datasets.photos.layout import as_parts, layout, part_of


def files(*names):
    return [tuple(name.split("/")) for name in names]


def meaning(*names, folders=()):
    places, aside, classes = layout(files(*names), set(files(*folders)), "photos")
    return (
        {"/".join(file): place for file, place in places.items()},
        {"/".join(file) for file in aside},
        classes,
    )


def test_folders_are_classes():
    places, aside, classes = meaning("ants/1.jpg", "bees/2.jpg", "bees/more/deep/3.jpg", "readme.txt")
    assert places == {
        "ants/1.jpg": (None, "ants"),
        "bees/2.jpg": (None, "bees"),
        "bees/more/deep/3.jpg": (None, "bees"),
    }
    assert aside == {"readme.txt"}
    assert classes == {(None, "ants"), (None, "bees")}


@pytest.mark.parametrize("top", ["", "insects/", "a/b/", "train/train/"])
@pytest.mark.parametrize("held_out", ["val", "test", "Validation", "dev", "my own choice"])
def test_folders_of_classes_are_parts_of_a_split(top, held_out):
    names = [f"{top}{part}/{label}/{n}.jpg" for part in ("train", held_out) for label in "ab" for n in "12"]
    places, aside, classes = meaning(*names, f"{top}train/loose.jpg", "readme")
    assert places == {name: tuple(name.removeprefix(top).split("/")[:2]) for name in names}
    assert aside == {f"{top}train/loose.jpg", "readme"}
    assert len(classes) == 4


def test_a_class_may_be_called_train():
    places, _, _ = meaning("bus/1.jpg", "car/1.jpg", "train/1.jpg", "train/steam/2.jpg")
    assert {label for _, label in places.values()} == {"bus", "car", "train"}
    places, _, _ = meaning("test/1.jpg", "exam/1.jpg")
    assert {label for _, label in places.values()} == {"test", "exam"}


def test_unlabelled_test_photos_beside_a_split_are_no_class():
    places, aside, _ = meaning(
        "train/cats/1.jpg", "train/dogs/1.jpg", "test/1.jpg", "test/2.jpg", "docs/x.pdf"
    )
    assert set(places.values()) == {("train", "cats"), ("train", "dogs")}
    assert aside == {"test/1.jpg", "test/2.jpg", "docs/x.pdf"}


def test_one_part_alone_and_one_class_alone_are_seen():
    places, _, _ = meaning("photos/train/a/1.jpg", "photos/train/b/1.jpg")
    assert set(places.values()) == {("train", "a"), ("train", "b")}
    places, _, classes = meaning("ants/1.jpg", "ants/2.jpg")
    assert classes == {(None, "ants")}


def test_classes_without_photos_are_known():
    _, _, classes = meaning("a/1.jpg", "b/1.jpg", folders=["a", "b", "c", "b/deeper"])
    assert classes == {(None, "a"), (None, "b"), (None, "c")}
    _, _, classes = meaning("train/a/1.jpg", "val/a/1.jpg", folders=["train", "val", "train/a", "train/b"])
    assert classes == {("train", "a"), ("val", "a"), ("train", "b")}


@pytest.mark.parametrize(
    ("names", "said"),
    [
        ([], "photos holds no files"),
        (["1.jpg", "2.jpg"], "photos holds files, but no folders"),
        (["val/a/1.jpg", "test/a/1.jpg"], "test on, test and val, but none to train on"),
    ],
)
def test_what_has_no_classes_is_refused(names, said):
    with pytest.raises(DataError, match=said) as error:
        meaning(*names)
    assert str(error.value).endswith(".")


def test_names_of_parts_are_known_in_any_spelling():
    for name in "train", "Training", "TRAIN_SET", "train-images", "train2017":
        assert part_of(name) == "train", name
    for name in "val", "valid", "validation_data", "dev":
        assert part_of(name) == "validation", name
    for name in "test", "Testing", "hold-out", "eval":
        assert part_of(name) == "test", name
    for name in "", "ants", "trainer", "set", "testament", "1":
        assert part_of(name) is None, name


@pytest.mark.parametrize(
    ("names", "parts"),
    [
        ({"train", "val"}, {"val": "test"}),
        ({"train", "whatever"}, {"whatever": "test"}),
        ({"train", "val", "test"}, {"val": "validation", "test": "test"}),
        ({"training", "val", "dev"}, {"dev": "test", "val": "validation"}),
        ({"train", "val", "x"}, {"val": "validation", "x": "test"}),
        ({"train", "test", "x"}, {"test": "test", "x": "validation"}),
        ({"train", "test", "val", "x"}, {"test": "test", "val": "validation", "x": None}),
        ({"train"}, {}),
    ],
)
def test_a_single_held_out_part_is_the_test_part(names, parts):
    found = as_parts(names)
    assert {name: part for name, part in found.items() if part != "train"} == parts


def levels(names, *, photos=2):
    """(classes by file, parts by file, notes) of a layout of so many photos in each folder."""
    notes, every = [], files(*(f"{name}/{n}.jpg" for name in names for n in range(photos)))
    places, aside, _ = layout([*every, ("notes.txt",)], set(), "photos", notes)
    assert set(aside) == {("notes.txt",)}
    found = {"/".join(file[:-1]): place for file, place in places.items()}
    return {name: label for name, (_, label) in found.items()}, {part for part, _ in found.values()}, notes


@pytest.mark.parametrize(
    "tops",
    [
        ["2024/siteX", "2024/siteY", "2024/siteZ"],
        ["2023/siteX", "2024/siteX", "2024/siteY"],
        ["cam 1", "cam 2"],
        ["Berlin", "Hamburg"],
        ["2024/Berlin", "2023/Hamburg", "2024/Hamburg"],
        ["2024-05-01", "2024-05-02"],
    ],
)
@pytest.mark.parametrize("split", ["", "train/", "test/"])
def test_classes_below_sites_and_years_are_found_and_said(tops, split):
    names = [f"{split}{top}/{label}" for top in tops for label in ("ants", "bees", "cats")]
    names += [name.replace(split, "train/") for name in names] if split == "test/" else []
    classes, parts, notes = levels(names)
    assert classes == {name: name.rpartition("/")[2] for name in names}
    assert parts == {"": {None}, "train/": {"train"}, "test/": {"train", "test"}}[split]
    assert len(notes) == 1 and "folders ants, bees, cats are taken" in notes[0] and "give a table" in notes[0]


def test_a_site_may_lack_classes_and_hold_a_stray_photo():
    names = ["siteA/ants", "siteA/bees", "siteB/ants", "siteC/bees", "siteC/cats/deeper"]
    notes, every = [], files(*(f"{name}/{n}.jpg" for name in names for n in range(20)), "siteA/stray.jpg")
    places, aside, classes = layout(every, set(), "photos", notes)
    assert classes == {(None, "ants"), (None, "bees"), (None, "cats")}
    assert aside == {("siteA", "stray.jpg"): "lies in no class's folder"}


def test_a_split_inside_each_site_is_kept():
    names = [f"{site}/{part}/{label}" for site in ("A", "B") for part in ("train", "val") for label in "xy"]
    classes, parts, notes = levels(names)
    assert classes == {name: name[-1] for name in names}
    assert parts == {"train", "val"}
    assert "x, y are taken as the classes, train, val as the parts of the split" in notes[0]


@pytest.mark.parametrize(
    "views",
    [("cam1", "cam2"), ("front", "back"), ("raw", "cropped"), ("2023", "2024"), ("images",), ("1", "2")],
)
def test_views_below_classes_are_no_classes(views):
    names = [f"{label}/{view}" for label in ("ants", "bees") for view in views]
    classes, _, notes = levels(names)
    assert classes == {name: name[:4] for name in names}
    assert len(notes) == (len(views) > 1)  # where they come again it could be meant, which is said
    assert all("folders ants, bees are taken as the classes, not those below" in note for note in notes)


def test_kinds_within_classes_are_no_classes():
    classes, _, notes = levels(["dogs/poodle", "dogs/other", "cats/siamese", "cats/other", "cats/persian"])
    assert set(classes.values()) == {"dogs", "cats"}
    assert notes == []


def test_what_folders_cannot_tell_is_said():
    classes, _, notes = levels(["siteA/ants", "siteB/bees"])
    assert set(classes.values()) == {"siteA", "siteB"}
    assert "if ants, bees are the classes, give a table" in notes[0]
    classes, _, notes = levels(["ants/train", "ants/test", "bees/train", "bees/test"])
    assert set(classes.values()) == {"ants", "bees"}
    assert "inside the classes' folders (test, train) are not used as its parts" in notes[0]
    classes, _, notes = levels(["ants/eggs", "ants/adult", "bees/eggs", "bees/adult"])
    assert "The folders adult, eggs are" in notes[0] and "if ants, bees are the classes" in notes[0]


def test_classes_may_be_numbered_and_lettered():
    for names in (["0", "1"], ["n01440764", "n02102040"], ["class_1", "class_2"], ["a", "b"], ["c0", "c1"]):
        assert levels(names)[::2] == ({name: name for name in names}, [])
        views = [f"{name}/{view}" for name in names for view in ("left", "right")]
        if names != ["0", "1"]:
            assert set(levels(views)[0].values()) == set(names)
