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
