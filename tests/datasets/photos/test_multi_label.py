"""Photos with several labels: every form of table, copies, rare labels, the split, and what is refused."""

import csv
import shutil

import numpy as np
import pytest
from PIL import Image

from datasets import DataError, MultiLabelPhotos, Photos, photos
from datasets.photos.stratified import stratified

NAMES = ("big", "cute", "red")


def paint(folder, count=24, side=20):
    """So many pictures of noise, and the labels of each: all eight sets of three, in turn."""
    folder.mkdir(exist_ok=True)
    sets = {}
    for number in range(count):
        noise = np.random.default_rng(number).integers(0, 256, (side, side, 3), "uint8")
        Image.fromarray(noise).save(folder / f"{number:02}.png")
        sets[f"{number:02}.png"] = {name for n, name in enumerate(NAMES) if number >> n & 1}
    return sets


def write(path, rows):
    with path.open("w", newline="", encoding="utf-8") as file:
        csv.writer(file, delimiter="\t" if path.suffix == ".tsv" else ",").writerows(rows)
    return path


def joined(sets, separator="|", header=("file", "labels")):
    return [header, *((name, separator.join(sorted(some))) for name, some in sets.items())]


def in_rows(sets):
    rows = [(name, label) for name, some in sets.items() for label in sorted(some) or [""]]
    return [("file", "label"), *rows]


def in_columns(sets, yes="1", no="0"):
    return [
        ("file", *NAMES),
        *((f, *(yes if name in some else no for name in NAMES)) for f, some in sets.items()),
    ]


def labels_of(found):
    """{file: set of its labels}, from the matrix."""
    return {
        file: {name for name, there in zip(found.class_names, row, strict=True) if there}
        for file, row in zip(found.files, found.labels.tolist(), strict=True)
    }


def refused(check, data, *said):
    with pytest.raises(DataError) as caught:
        check(data, 16)
    sentence = str(caught.value)
    assert sentence.count("\n") == 0 and sentence.endswith(".")
    for part in said:
        assert part in sentence
    return sentence


FORMS = {
    "joined by |": joined,
    "joined by ;": lambda sets: joined(sets, ";"),
    "joined by , and a space": lambda sets: joined(sets, ", "),
    "tags": lambda sets: joined(sets, header=("image_path", "tags")),
    "a row a label": in_rows,
    "0 and 1": in_columns,
    "yes and no": lambda sets: in_columns(sets, "Yes", "no"),
    "-1 and 1": lambda sets: in_columns(sets, "1", "-1"),
    "no header": lambda sets: joined(sets)[1:],
}


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("suffix", [".csv", ".tsv"])
def test_every_form_of_table_gives_the_same_labels(tmp_path, form, suffix):
    sets = paint(tmp_path)
    found = MultiLabelPhotos.check(write(tmp_path / f"labels{suffix}", FORMS[form](sets)), 16)
    assert labels_of(found) == sets and found.class_names == NAMES
    assert found.quarantine == [] and found.left_out == ()
    np.testing.assert_array_equal(found.pixels[3], photos.read_square(tmp_path / found.files[3], 16))


def test_the_split_is_read_back_from_its_table_and_kept(tmp_path):
    sets = paint(tmp_path)
    first = MultiLabelPhotos.check(write(tmp_path / "a.csv", joined(sets)), 16)
    again = MultiLabelPhotos.check(write(tmp_path / "b.csv", first.split_table()), 16, seed=9)
    assert again.fingerprint == first.fingerprint and again.parts.tolist() == first.parts.tolist()
    assert set(first.parts.tolist()) == {"train", "validation", "test"}


def test_a_folder_is_read_by_its_only_table(tmp_path):
    sets = paint(tmp_path)
    refused(MultiLabelPhotos.check, tmp_path, "holds no table", "labels")
    write(tmp_path / "labels.csv", joined(sets))
    assert labels_of(MultiLabelPhotos.check(tmp_path, 16)) == sets
    write(tmp_path / "other.csv", joined(sets))
    refused(MultiLabelPhotos.check, tmp_path, "labels.csv and other.csv", "data=")


def test_an_archive_is_refused(tmp_path):
    paint(tmp_path / "zoo")
    refused(
        MultiLabelPhotos.check,
        shutil.make_archive(tmp_path / "zoo", "zip", tmp_path / "zoo"),
        "unpack",
        "table",
    )


def test_unusable_files_are_set_aside_with_their_reason(tmp_path):
    sets = paint(tmp_path)
    (tmp_path / "empty.png").touch()
    rows = [*joined(sets), ("missing.png", "red"), ("empty.png", "red"), ("../x.png", "big"), ("", "red")]
    aside = dict(MultiLabelPhotos.check(write(tmp_path / "a.csv", rows), 16).quarantine)
    assert aside["missing.png"] == "does not exist" and aside["empty.png"] == "is empty"
    assert aside["(line 29)"] == "is a row of the table without a file" and "../x.png" in aside


def test_exact_copies_with_other_labels_are_set_aside_and_copies_stay_on_one_side(tmp_path):
    sets = paint(tmp_path, 40, side=90)
    for number in range(8):  # near copies, compressed
        image = Image.open(tmp_path / f"{number:02}.png").resize((200, 200))
        for copy in "ab":
            image.save(tmp_path / f"{number:02}{copy}.jpg", quality=90 if copy == "a" else 80)
            sets[f"{number:02}{copy}.jpg"] = sets[f"{number:02}.png"]
    shutil.copy(tmp_path / "10.png", tmp_path / "other.png")
    sets["other.png"] = {"cute", "red"}
    assert sets["10.png"] != sets["other.png"]
    for seed in range(5):
        found = MultiLabelPhotos.check(write(tmp_path / "a.csv", joined(sets)), 64, seed=seed)
        aside = dict(found.quarantine)
        assert set(aside) == {"10.png", "other.png"} and "exact copy" in aside["10.png"]
        part = dict(zip(found.files, found.parts.tolist(), strict=True))
        fold = dict(zip(found.files, found.folds(np.arange(len(found))).tolist(), strict=True))
        for number in range(8):
            copies = [f"{number:02}.png", f"{number:02}a.jpg", f"{number:02}b.jpg"]
            assert len({part[name] for name in copies}) == len({fold[name] for name in copies}) == 1


def test_labels_that_cannot_be_learned_are_left_out_with_a_sentence(tmp_path):
    sets = {name: some | {"photo"} for name, some in paint(tmp_path).items()}
    sets["03.png"] |= {"once"}
    found = MultiLabelPhotos.check(write(tmp_path / "a.csv", joined(sets)), 16)
    assert found.class_names == NAMES and len(found) == 24
    said = " ".join(found.left_out)
    assert (
        "'photo', which all photos have" in said
        and "'once', which" in said
        and set(found.left_out) <= set(found.notes)
    )


def test_a_label_of_test_photos_alone_is_left_out_and_the_users_split_is_kept(tmp_path):
    sets = paint(tmp_path)
    part = {name: ("train", "val", "test")[n // 8] for n, name in enumerate(sets)}
    rows = [
        (name, "|".join(some | ({"late"} if part[name] == "test" else set()))) for name, some in sets.items()
    ]
    rows = [("file", "labels", "split"), *((name, labels, part[name]) for name, labels in rows)]
    found = MultiLabelPhotos.check(write(tmp_path / "a.csv", rows), 16)
    assert found.class_names == NAMES and "'late', which no photo has" in found.left_out[0]
    kept = dict(zip(found.files, found.parts.tolist(), strict=True))
    assert kept == {name: each.replace("val", "validation") for name, each in part.items()}


def test_fewer_than_two_labels_are_refused(tmp_path):
    sets = {name: some & {"red"} for name, some in paint(tmp_path).items()}
    refused(MultiLabelPhotos.check, write(tmp_path / "a.csv", joined(sets)), "fewer than two labels")


@pytest.mark.parametrize("other", ["Red", "RED"])
def test_labels_that_differ_in_capital_letters_are_refused(tmp_path, other):
    sets = paint(tmp_path)
    sets["00.png"] = {other}
    refused(MultiLabelPhotos.check, write(tmp_path / "a.csv", joined(sets)), "labels", "name them alike")


def test_a_photo_that_changed_is_noticed_at_another_size(tmp_path):
    found = MultiLabelPhotos.check(write(tmp_path / "a.csv", joined(paint(tmp_path))), 16)
    smaller = found.at(8)
    np.testing.assert_array_equal(smaller.pixels[5], photos.read_square(tmp_path / found.files[5], 8))
    Image.new("RGB", (20, 20)).save(tmp_path / found.files[5])
    with pytest.raises(DataError, match="has changed"):
        found.at(12)


def test_names_with_formulas_and_escape_sequences_are_harmless(tmp_path):
    odd = {"red": "=1+1", "cute": "\x1b[31mcute", "big": "big"}
    sets = {name: {odd[each] for each in some} for name, some in paint(tmp_path).items()}
    found = MultiLabelPhotos.check(write(tmp_path / "a.csv", joined(sets)), 16)
    assert found.class_names == ("=1+1", r"\x1b[31mcute", "big") and "\x1b" not in str(found)


def test_more_labels_than_can_be_learned_are_refused(tmp_path):
    rows = [(name, "|".join(f"{name}{n}" for n in range(50))) for name in paint(tmp_path)]
    refused(
        MultiLabelPhotos.check,
        write(tmp_path / "a.csv", [("file", "labels"), *rows]),
        "1,200 different labels",
    )


# Without several labels: what the other check says of such tables


@pytest.mark.parametrize("form", ["joined by |", "joined by ;", "a row a label", "0 and 1"])
def test_the_check_for_one_class_says_how_to_learn_all_labels(tmp_path, form):
    sets = paint(tmp_path)
    said = refused(Photos.check, write(tmp_path / "a.csv", FORMS[form](sets)), "MultiLabelClassifier")
    assert "multi_label=" in said and "--" not in said


@pytest.mark.parametrize("check", [Photos.check, MultiLabelPhotos.check])
@pytest.mark.parametrize(
    "values",
    [[f"{9.99 + n}" for n in range(24)], range(18, 42), [1.5, *range(23)], [f"{n}e3" for n in range(24)]],
)
def test_numbers_to_estimate_are_refused_as_regression(tmp_path, check, values):
    rows = list(zip(paint(tmp_path), values, strict=True))
    said = refused(check, write(tmp_path / "a.csv", [("file", "price"), *rows]), "regression", "not offered")
    assert "24 different numbers" in said


@pytest.mark.parametrize("classes", [3, 8])
def test_whole_numbers_that_repeat_are_classes(tmp_path, classes):
    rows = [(name, n % classes) for n, name in enumerate(paint(tmp_path))]
    found = Photos.check(write(tmp_path / "a.csv", [("file", "digit"), *rows]), 16)
    assert found.class_names == tuple(map(str, range(classes)))


def test_digits_with_a_photo_each_are_not_taken_for_numbers_to_estimate(tmp_path):
    rows = [(name, n) for n, name in enumerate(list(paint(tmp_path))[:10])]
    refused(Photos.check, write(tmp_path / "a.csv", [("file", "digit"), *rows]), "too few usable photos")


def test_a_name_with_a_comma_is_one_class_unless_its_parts_are_classes(tmp_path):
    names = ["fox, red", "fox", "bee"]
    rows = [(name, names[n % 3]) for n, name in enumerate(paint(tmp_path))]
    found = Photos.check(write(tmp_path / "a.csv", [("file", "label"), *rows]), 16)
    assert found.class_names == ("bee", "fox", "fox, red")
    rows[4] = rows[4][0], "fox, bee"
    refused(Photos.check, write(tmp_path / "a.csv", [("file", "label"), *rows]), "several labels")


# The split


@pytest.mark.parametrize("seed", range(6))
def test_every_part_gets_its_share_of_each_label(seed):
    """Against the definition, on random labels from rare to frequent: 3 examples or 3 % off at most."""
    random = np.random.default_rng(seed)
    count, shares = int(random.integers(150, 600)), np.array([0.15, 0.15, 0.7])
    labels = (random.random((count, 8)) < random.uniform(0.01, 0.6, 8)).astype(int)
    parts = stratified(labels, np.arange(count), shares, seed)
    assert set(parts.tolist()) == {0, 1, 2}
    by_chance = random.choice(3, count, p=shares)
    off, off_by_chance = (
        np.abs([labels[each == part].sum(0) - shares[part] * labels.sum(0) for part in range(3)])
        for each in (parts, by_chance)
    )
    assert (off <= np.maximum(3, 0.03 * labels.sum(0))).all() and off.sum() < off_by_chance.sum() / 3
    sizes = np.bincount(parts) / count
    np.testing.assert_allclose(sizes, shares, atol=0.03)
    assert (stratified(labels, np.arange(count), shares, seed) == parts).all()


@pytest.mark.parametrize("seed", range(3))
def test_groups_stay_together_and_shares_are_kept(seed):
    random = np.random.default_rng(seed)
    groups = random.integers(0, 120, 300)
    of_group = random.random((120, 5)) < 0.3
    labels = of_group[groups].astype(int)
    parts = stratified(labels, groups, (0.5, 0.5), seed)
    assert all(len(set(parts[groups == group].tolist())) == 1 for group in set(groups.tolist()))
    halves = labels[parts == 0].sum(0) / labels.sum(0)
    np.testing.assert_allclose(halves, 0.5, atol=0.08)


def test_no_labels_and_no_examples_can_be_divided():
    assert stratified(np.zeros((10, 3)), np.arange(10), (0.5, 0.5)).tolist().count(0) == 5
    assert len(stratified(np.zeros((0, 3)), np.arange(0), (0.5, 0.5))) == 0


def test_a_sample_keeps_the_shares(tmp_path):
    found = MultiLabelPhotos.check(write(tmp_path / "a.csv", joined(paint(tmp_path, 160))), 16)
    some = found.sample(40)
    assert len(some) in range(38, 43) and some.labels.shape == (len(some), 3)
    np.testing.assert_allclose(some.labels.mean(0), found.labels.mean(0), atol=0.06)
    row = found.files.index(some.files[7])
    np.testing.assert_array_equal(some.pixels[7], found.pixels[row])
    assert some.at(8).pixels.shape == (len(some), 8, 8, 3)
