"""Digits from files in every form they come in, damaged ones too, and from none."""

import gzip
import struct
import time
import tracemalloc
import zipfile

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from datasets import DataError, digits

RANDOM = np.random.default_rng(0)
ARRAYS = {
    "x_train": RANDOM.integers(0, 256, (60, 28, 28), "uint8"),
    "y_train": RANDOM.integers(0, 10, 60, "uint8"),
    "x_test": RANDOM.integers(0, 256, (30, 28, 28), "uint8"),
    "y_test": RANDOM.integers(0, 10, 30, "uint8"),
}


def idx(array):
    """The IDX format, written down from its description."""
    sizes = b"".join(struct.pack(">I", size) for size in array.shape)
    return bytes([0, 0, 8, array.ndim]) + sizes + array.tobytes()


def write_idx(folder, names=0, zipped=False, **changes):
    folder.mkdir(parents=True, exist_ok=True)
    for key, array in (ARRAYS | changes).items():
        content = idx(array)
        name = digits.IDX_FILES[key][names]
        if zipped:
            (folder / f"{name}.gz").write_bytes(gzip.compress(content))
        else:
            (folder / name).write_bytes(content)


def write_npz(folder, **changes):
    arrays = {key: array for key, array in (ARRAYS | changes).items() if array is not None}
    np.savez_compressed(folder / "mnist.npz", **arrays)


def assert_loads(data):
    (x_train, y_train), (x_test, y_test) = digits.load_data(data)
    np.testing.assert_array_equal(x_train[..., 0], ARRAYS["x_train"])
    np.testing.assert_array_equal(y_train, ARRAYS["y_train"])
    np.testing.assert_array_equal(x_test[..., 0], ARRAYS["x_test"])
    np.testing.assert_array_equal(y_test, ARRAYS["y_test"])
    assert x_train.dtype == x_test.dtype == y_train.dtype == y_test.dtype == "uint8"


@pytest.mark.parametrize("zipped", [False, True])
@pytest.mark.parametrize("names", [0, 1])
@pytest.mark.parametrize("where", ["", "mnist", "MNIST/raw"])
def test_idx_files_load_as_they_were_written(tmp_path, zipped, names, where):
    write_idx(tmp_path / where, names, zipped)
    assert_loads(tmp_path)


def test_npz_loads_from_its_folder_and_by_its_name(tmp_path, capsys):
    write_npz(tmp_path)
    assert_loads(tmp_path)
    assert_loads(str(tmp_path / "mnist.npz"))
    said = capsys.readouterr().out.splitlines()
    assert said[0] == (f"Data: mnist in {tmp_path / 'mnist.npz'}, 60 images to train on and 30 to test on.")


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"y_train": ARRAYS["y_train"][:59]}, "60 images but y_train 59 labels"),
        ({"x_test": ARRAYS["x_test"][:, :27]}, r"x_test is uint8 \(30, 27, 28\)"),
        ({"y_test": ARRAYS["y_test"] + 3}, "labels from 3 to 12"),
    ],
)
@pytest.mark.parametrize("write", [write_npz, write_idx])
def test_arrays_that_do_not_fit_are_refused(tmp_path, write, changes, said):
    write(tmp_path, **changes)
    with pytest.raises(DataError, match=said):
        digits.load_data(tmp_path)


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"x_train": None}, "no array x_train"),
        ({"x_train": ARRAYS["x_train"] / 255}, "x_train is float64"),
        ({"x_train": ARRAYS["x_train"].astype(object)}, "damaged or not an npz"),
        ({"x_test": ARRAYS["x_test"][:5], "y_test": ARRAYS["y_test"][:5]}, "only 5 images"),
        ({"y_train": ARRAYS["y_train"].astype(str)}, "integers"),
        ({"y_train": ARRAYS["y_train"][:, None]}, "integers"),
    ],
)
def test_npz_files_of_other_things_are_refused(tmp_path, changes, said):
    write_npz(tmp_path, **changes)
    with pytest.raises(DataError, match=said):
        digits.load_data(tmp_path)


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(share=st.floats(0, 0.999), part=st.sampled_from(["npz", "x_train", "y_train", "x_test", "y_test"]))
@pytest.mark.parametrize("zipped", [False, True])
def test_a_file_cut_off_anywhere_is_refused(tmp_path, zipped, share, part):
    if part == "npz":
        folder = tmp_path / "npz"
        folder.mkdir(exist_ok=True)
        write_npz(folder)
        file = folder / "mnist.npz"
    else:
        folder = tmp_path / "idx"
        write_idx(folder, zipped=zipped)
        file = folder / (digits.IDX_FILES[part][0] + (".gz" if zipped else ""))
    whole = file.read_bytes()
    file.write_bytes(whole[: int(share * len(whole))])
    with pytest.raises(DataError, match=file.name):
        digits.load_data(folder)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(at=st.floats(0, 0.999), bit=st.integers(0, 7))
def test_a_flipped_bit_in_an_npz_is_refused_or_harmless(tmp_path, at, bit):
    write_npz(tmp_path)
    file = tmp_path / "mnist.npz"
    content = bytearray(file.read_bytes())
    content[int(at * len(content))] ^= 1 << bit
    file.write_bytes(content)
    try:
        assert_loads(tmp_path)
    except DataError as error:
        assert "mnist.npz" in str(error)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(header=st.binary(min_size=0, max_size=20))
def test_any_bytes_for_an_idx_file_are_refused(tmp_path, header):
    write_idx(tmp_path)
    (tmp_path / digits.IDX_FILES["x_train"][0]).write_bytes(header)
    with pytest.raises(DataError, match="train-images"):
        digits.load_data(tmp_path)


def refused(data):
    """The one sentence with which digits are refused, in little time and memory."""
    start = time.process_time()
    tracemalloc.start()
    try:
        with pytest.raises(DataError) as caught:
            digits.load_data(data)
        assert tracemalloc.get_traced_memory()[1] < 5_000_000
    finally:
        tracemalloc.stop()
    assert time.process_time() - start < 2
    assert str(caught.value).startswith(str(data))
    assert "\n" not in str(caught.value)
    return str(caught.value)


@pytest.mark.parametrize(
    ("shape", "said"),
    [
        ((2**32 - 1, 28, 28), "promises 4,294,967,295 digits where at most 1,000,000 are read"),
        ((9_000_000, 28, 28), "promises 9,000,000 digits"),
        ((20, 2**32 - 1, 2**32 - 1), "promises images of 4,294,967,295 x 4,294,967,295 pixels"),
        ((900_000, 28, 28), "may be an attack"),
    ],
)
@pytest.mark.parametrize("zipped", [False, True])
def test_an_idx_file_that_promises_too_much_is_refused_before_it_is_read(tmp_path, shape, said, zipped):
    write_idx(tmp_path)
    file = tmp_path / digits.IDX_FILES["x_train"][0]
    header = bytes([0, 0, 8, 3]) + struct.pack(">3I", *shape)
    file.write_bytes(header)
    with file.open("rb+") as opened:
        opened.truncate(50_000_000_000)
    if zipped:
        file.with_name(f"{file.name}.gz").write_bytes(gzip.compress(header + bytes(10_000_000)))
        file.unlink()
    elif shape[0] == 900_000:
        said = "more or fewer bytes than its header promises"
    assert said in refused(tmp_path)


def hostile_npz(path, **members):
    """An npz file whose members of these names are these bytes."""
    write_npz(path.parent)
    with zipfile.ZipFile(path) as archive:
        content = {name: archive.read(name) for name in archive.namelist()}
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, piece in (content | {f"{name}.npy": piece for name, piece in members.items()}).items():
            archive.writestr(name, piece)


def npy(shape, dtype="|u1", content=b"", version=1):
    header = f"{{'descr': {dtype!r}, 'fortran_order': False, 'shape': {shape}, }}\n".encode()
    length = struct.pack("<H" if version == 1 else "<I", len(header))
    return b"\x93NUMPY" + bytes([version, 0]) + length + header + content


@pytest.mark.parametrize(
    ("array", "said"),
    [
        (npy((2**40, 28, 28)), "damaged"),
        (npy((2**62, 28, 28)), "damaged"),
        (npy((-1, 28, -28), content=bytes(784)), "damaged"),
        (npy((4,), "|V2000000000"), "damaged"),
        (npy((200_000, 28, 28), content=bytes(200_000 * 784)), "more than 100 times its size"),
        (npy((60, 28, 28), "|O", b"cos\nsystem\n(S'true'\ntR."), "damaged"),
        (npy("((((" * 2000, content=bytes(784)), "damaged"),
        (npy((60, 28, 28), content=bytes(60 * 784), version=2), "damaged"),
        (b"\x93NUMPY\x02\0" + struct.pack("<I", 4_000_000_000) + bytes(1000), "damaged"),
        (b"", "damaged"),
    ],
)
def test_an_npz_file_that_promises_too_much_is_refused_before_it_is_read(tmp_path, array, said):
    path = tmp_path / "mnist.npz"
    hostile_npz(path, x_train=array)
    assert said in refused(path)


def test_an_npz_file_of_a_million_members_or_rare_packing_is_refused(tmp_path):
    path = tmp_path / "mnist.npz"
    write_npz(tmp_path)
    whole = path.read_bytes()
    start, end = whole.index(b"PK\x01\x02"), whole.index(b"PK\x05\x06")
    listed = whole[start:end] * 150_000
    path.write_bytes(
        whole[:start] + listed + struct.pack("<4s4H2IH", b"PK\5\6", 0, 0, 4, 4, len(listed), start, 0)
    )
    assert "more than 500,000 members" in refused(path)
    with zipfile.ZipFile(path, "w", zipfile.ZIP_LZMA) as archive:
        archive.writestr("x_train.npy", npy((60, 28, 28), content=bytes(60 * 784)))
    assert "compressed in a rare way" in refused(path)


def test_one_idx_file_missing_is_said(tmp_path):
    write_idx(tmp_path)
    (tmp_path / digits.IDX_FILES["y_test"][0]).unlink()
    with pytest.raises(DataError, match=r"t10k-labels-idx1-ubyte.*missing"):
        digits.load_data(tmp_path)


def test_a_folder_without_digits_is_refused(tmp_path):
    with pytest.raises(DataError, match="holds neither"):
        digits.load_data(tmp_path)
    with pytest.raises(DataError, match=r"nowhere does not exist"):
        digits.load_data(tmp_path / "nowhere")
    (tmp_path / "mnist.npz").write_bytes(b"")
    with pytest.raises(DataError, match="damaged or not an npz"):
        digits.load_data(tmp_path)


def test_auto_takes_the_users_folder_first(tmp_path, monkeypatch):
    write_npz(tmp_path)
    monkeypatch.setenv("GLASS_ZOO_DATA", str(tmp_path))
    assert digits.locate("auto") == digits.Source("mnist", tmp_path / "mnist.npz")


def test_auto_refuses_a_damaged_file_of_the_user(tmp_path, monkeypatch):
    (tmp_path / "mnist.npz").write_bytes(b"PK")
    monkeypatch.setenv("GLASS_ZOO_DATA", str(tmp_path))
    with pytest.raises(DataError, match=r"mnist\.npz is damaged"):
        digits.load_data("auto")
    monkeypatch.setenv("GLASS_ZOO_DATA", str(tmp_path / "typo"))
    with pytest.raises(DataError, match="GLASS_ZOO_DATA names .*typo"):
        digits.load_data("auto")


def test_auto_falls_back_to_scanned_digits_and_says_so(capsys, tmp_path, monkeypatch):
    monkeypatch.setenv("GLASS_ZOO_DATA", str(tmp_path))  # holds no digits; the network is refused
    source = digits.locate("auto")
    assert source is digits.EMBEDDED
    digits.load_data(source)
    said = capsys.readouterr().out
    assert "could not be downloaded" in said
    assert "not MNIST" in said


def test_scanned_digits_are_split_evenly_and_always_alike():
    (x_train, y_train), (x_test, y_test) = digits.load_data("embedded")
    assert x_train.shape == (1437, 28, 28, 1)
    assert x_test.shape == (360, 28, 28, 1)
    assert x_train.dtype == "uint8"
    shares = [np.bincount(y) / len(y) for y in (y_train, y_test)]
    np.testing.assert_allclose(*shares, atol=0.005)
    again, _ = digits.load_data("embedded")
    np.testing.assert_array_equal(again[0], x_train)
    assert not {image.tobytes() for image in x_train} & {image.tobytes() for image in x_test}


def in_mnists_manner(image):
    """How the digits of MNIST lie: the longer side 20 pixels, the middle of the mass in the middle."""
    rows, columns = np.nonzero(image.max(1) > 12)[0], np.nonzero(image.max(0) > 12)[0]
    longer = max(np.ptp(rows), np.ptp(columns)) + 1
    grid = np.arange(28)
    middle = np.average(grid, weights=image.sum(1)), np.average(grid, weights=image.sum(0))
    return longer, middle


def test_scanned_digits_lie_as_those_of_mnist_do():
    (images, _), _ = digits.load_data("embedded")
    longer, middles = zip(*(in_mnists_manner(image[..., 0]) for image in images), strict=True)
    assert np.mean(np.isin(longer, [19, 20])) > 0.99
    assert np.abs(np.array(middles) - 13.5).max() < 1
    assert images.max((1, 2, 3)).min() == 255


@settings(max_examples=50, deadline=None)
@given(
    height=st.integers(5, 90),
    width=st.integers(5, 90),
    top=st.integers(0, 30),
    left=st.integers(0, 30),
    below=st.integers(0, 30),
)
def test_a_box_anywhere_is_scaled_to_20_and_centred(height, width, top, left, below):
    ink = np.zeros((top + height + below, left + width + 3))
    ink[top : top + height, left : left + width] = 1
    image = digits.as_mnist(ink)
    assert image.shape == (28, 28)
    rows, columns = np.nonzero(image.max(1))[0], np.nonzero(image.max(0))[0]
    tall, wide = np.ptp(rows) + 1, np.ptp(columns) + 1
    assert max(tall, wide) == 20
    assert min(tall, wide) == pytest.approx(20 * min(height, width) / max(height, width), abs=1.01)
    assert (rows[0] + rows[-1]) / 2 == pytest.approx(13.5, abs=0.51)
    assert (columns[0] + columns[-1]) / 2 == pytest.approx(13.5, abs=0.51)
