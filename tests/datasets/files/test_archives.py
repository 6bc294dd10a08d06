"""Archives of texts: every kind, cut off anywhere, hostile in every known way."""

import bz2
import gzip
import io
import lzma
import struct
import tarfile
import time
import tracemalloc
import zipfile

import numpy as np
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from datasets import DataError, reviews
from datasets.files import archives

PACKERS = {
    ".tar": bytes,
    ".tar.gz": gzip.compress,
    ".tgz": gzip.compress,
    ".tar.bz2": bz2.compress,
    ".tar.xz": lzma.compress,
}
FILES = {
    f"texts/{part}/{label}/{number}.txt": f"{label} {number} of {part}".encode()
    for part in ("train", "test")
    for label in ("bad", "good")
    for number in range(5)
}
ON_ONE_FILE = settings(
    max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)


def tar_bytes(files, *members, format=tarfile.PAX_FORMAT):
    """A tar archive of files and then of TarInfo members without content."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w", format=format) as tar:
        for name, content in files.items():
            member = tarfile.TarInfo(name)
            member.size = len(content)
            tar.addfile(member, io.BytesIO(content))
        for member in members:
            tar.addfile(member)
    return buffer.getvalue()


def zip_bytes(files, packing=zipfile.ZIP_DEFLATED):
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", packing) as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return buffer.getvalue()


def pack(suffix, files):
    return zip_bytes(files) if suffix == ".zip" else PACKERS[suffix](tar_bytes(files))


def assert_loads(path):
    (x_train, y_train), (x_test, y_test), names = reviews.load_data(path)
    assert names == ["bad", "good"]
    for part, x, y in ("train", x_train, y_train), ("test", x_test, y_test):
        expected = {(f"{label} {number} of {part}", label) for label in names for number in range(5)}
        assert {(text, names[label]) for text, label in zip(x, y, strict=True)} == expected
        assert len(x) == 10


def refused(path):
    """The one sentence with which an archive is refused."""
    with pytest.raises(DataError) as caught:
        reviews.load_data(path)
    assert path.name in str(caught.value)
    assert "\n" not in str(caught.value)
    assert str(caught.value).endswith(".")
    return str(caught.value)


@pytest.mark.parametrize("suffix", [*PACKERS, ".zip"])
def test_archives_of_every_kind_load_under_any_name(tmp_path, suffix):
    path = tmp_path / f"texts{suffix}"
    path.write_bytes(pack(suffix, FILES))
    assert reviews.locate(path).name == "texts"
    assert_loads(path)
    assert_loads(path.rename(tmp_path / "texts.download"))
    assert [file.name for file in tmp_path.iterdir()] == ["texts.download"]


def test_archives_give_the_order_that_their_folder_gives(tmp_path):
    for name, content in FILES.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_bytes(content)
    archive = tmp_path / "texts.zip"
    archive.write_bytes(zip_bytes(dict(reversed(FILES.items()))))
    for one, other in zip(
        reviews.load_data(tmp_path / "texts")[:2], reviews.load_data(archive)[:2], strict=True
    ):
        np.testing.assert_array_equal(one[0], other[0])
        np.testing.assert_array_equal(one[1], other[1])


@pytest.mark.parametrize("format", [tarfile.USTAR_FORMAT, tarfile.GNU_FORMAT, tarfile.PAX_FORMAT])
def test_the_movie_reviews_are_known_by_their_folder(tmp_path, format):
    files = {f"aclImdb/{part}/{label}/{n}_{n}.txt": f"{label} {n}<br />" for part in ("train", "test")
             for label in ("pos", "neg") for n in range(3)}  # fmt: skip
    files |= {
        "aclImdb/train/unsup/0_0.txt": "?",
        "aclImdb/imdb.vocab": "x",
        "aclImdb/train/urls_pos.txt": "?",
    }
    path = tmp_path / "downloaded.tar.gz"
    content = tar_bytes({name: text.encode() for name, text in files.items()}, format=format)
    path.write_bytes(gzip.compress(content))
    source = reviews.locate(path)
    assert source.name == "imdb"
    (x_train, y_train), _, names = reviews.load_data(source)
    assert names == ["negative", "positive"]
    assert sorted(zip(y_train.tolist(), x_train, strict=True)) == [
        (value, f"{label} {n}\n") for value, label in enumerate(["neg", "pos"]) for n in range(3)
    ]
    path.rename(tmp_path / "aclImdb_v1.tgz")
    assert reviews.locate(tmp_path).path == tmp_path / "aclImdb_v1.tgz"


@pytest.mark.parametrize("suffix", [".tar", ".zip"])
def test_what_macs_leave_in_archives_is_passed_over(tmp_path, suffix):
    extra = {
        "__MACOSX/texts/train/bad/._0.txt": b"\0\xff",
        "texts/train/bad/._1.txt": b"\0",
        ".x/a.txt": b"\0",
    }
    path = tmp_path / f"texts{suffix}"
    path.write_bytes(pack(suffix, {f"./{name}": content for name, content in (extra | FILES).items()}))
    assert_loads(path)


def test_tables_in_archives_are_read(tmp_path):
    rows = "".join(f"{label} {n},{label}\n" for n in range(10) for label in ("bad", "good"))
    path = tmp_path / "archive.zip"
    path.write_bytes(zip_bytes({"My Dataset.csv": b"text,label\n" + rows.encode()}))
    (x_train, _), (x_test, _), names = reviews.load_data(path)
    assert (len(x_train), len(x_test), names) == (16, 4, ["bad", "good"])


def test_bad_texts_in_archives_are_set_aside_and_named(tmp_path, capsys):
    path = tmp_path / "texts.zip"
    for content, said in (b"\xff", "is not UTF-8 text"), (b"x" * 10_000_000, "has 10,000,000 bytes where"):
        path.write_bytes(zip_bytes(FILES | {"texts/train/bad/x.txt": content}))
        assert_loads(path)
        assert f"Note: 1 text set aside: texts/train/bad/x.txt ({said}" in capsys.readouterr().out


def test_archives_without_texts_are_refused(tmp_path):
    path = tmp_path / "texts.tar.gz"
    for files in {}, {"photos/cat.jpg": b"x"}:
        path.write_bytes(gzip.compress(tar_bytes(files)))
        assert "holds no texts" in refused(path)
    path = path.rename(tmp_path / "aclImdb.tar.gz")
    assert "does not hold reviews in train/neg" in refused(path)


@ON_ONE_FILE
@given(share=st.floats(0, 0.999))
@pytest.mark.parametrize("suffix", [*PACKERS, ".zip"])
def test_an_archive_cut_off_anywhere_is_refused(tmp_path, suffix, share):
    path = tmp_path / f"texts{suffix}"
    whole = pack(suffix, FILES)
    if suffix == ".tar":  # its end is a filling of zeros, which no one misses
        whole = whole.rstrip(b"\0") + bytes(512)
    path.write_bytes(whole[: int(share * len(whole))])
    refused(path)


@pytest.mark.parametrize("block", range(0, 60))
def test_a_tar_cut_off_between_members_is_refused(tmp_path, block):
    path = tmp_path / "texts.tar"
    whole = tar_bytes(FILES, format=tarfile.USTAR_FORMAT)
    assert len(whole.rstrip(b"\0")) > 512 * (2 * len(FILES) - 1)
    path.write_bytes(whole[: 512 * block])
    if block <= 2 * len(FILES):
        refused(path)
    else:
        assert_loads(path)


@ON_ONE_FILE
@given(at=st.floats(0, 0.999), bit=st.integers(0, 7))
@example(at=0.87890625, bit=1)  # in a zip's list: a name so long that it swallows the next members
@example(at=0.8802737302361534, bit=1)  # a comment that does
@pytest.mark.parametrize("suffix", [*PACKERS, ".zip"])
def test_a_flipped_bit_gives_one_sentence_at_most(tmp_path, suffix, at, bit):
    path = tmp_path / f"texts{suffix}"
    content = bytearray(pack(suffix, FILES))
    content[int(at * len(content))] ^= 1 << bit
    path.write_bytes(content)
    try:
        (x_train, _), (x_test, _), _ = reviews.load_data(path)
        assert len(x_train) == len(x_test) == 10  # nothing is passed over
    except DataError as error:
        assert path.name in str(error)
        assert "\n" not in str(error)


@ON_ONE_FILE
@given(
    content=st.binary(max_size=600),
    magic=st.sampled_from([b"\x1f\x8b\x08\0", b"BZh9", b"\xfd7zXZ\0", b"PK\x03\x04"]),
)
def test_any_bytes_for_an_archive_are_refused(tmp_path, content, magic):
    path = tmp_path / "texts.tar.gz"
    path.write_bytes(magic + content)
    refused(path)
    path.write_bytes(gzip.compress(content))
    refused(path)


def member(name, type=tarfile.REGTYPE, **attributes):
    info = tarfile.TarInfo(name)
    info.type = type
    for key, value in attributes.items():
        setattr(info, key, value)
    return info


@pytest.mark.parametrize(
    ("hostile", "said"),
    [
        (member("../evil.txt"), "'../evil.txt', which lies outside"),
        (member("texts/train/bad/../../../../evil.txt"), "which lies outside"),
        (member("/etc/evil.txt"), "'/etc/evil.txt', which lies outside"),
        (member("C:\\evil.txt"), "which lies outside"),
        (member("..\\evil.txt"), "which lies outside"),
        (member("../evil", tarfile.DIRTYPE), "which lies outside"),
        (member("texts/train/bad/x.txt", tarfile.SYMTYPE, linkname="/etc/passwd"), "x.txt', a symbolic link"),
        (member("texts/train/bad/x.txt", tarfile.LNKTYPE, linkname="../../x"), "x.txt', a hard link"),
        (member("null.txt", tarfile.CHRTYPE, devmajor=1, devminor=3), "'null.txt', a device"),
        (member("disk", tarfile.BLKTYPE), "'disk', a device"),
        (member("pipe.txt", tarfile.FIFOTYPE), "'pipe.txt', a pipe"),
        (member("odd.txt", b"Z"), "'odd.txt', a file of a special kind"),
        (member("a\nb/../c.txt"), r"'a\\nb/../c.txt', which lies outside"),
        (member("../" + "x" * 5000), "xxx...', which lies outside"),
    ],
)
@pytest.mark.parametrize("first", [True, False])
def test_hostile_members_are_refused_wherever_they_stand(tmp_path, hostile, said, first):
    path = tmp_path / "inner" / "texts.tar.gz"
    path.parent.mkdir()
    content = tar_bytes({}, hostile) if first else tar_bytes(FILES, hostile)
    path.write_bytes(gzip.compress(content))
    assert said.replace("\\\\", "\\") in refused(path)
    assert [file.name for file in tmp_path.rglob("*") if file.is_file()] == ["texts.tar.gz"]


@pytest.mark.parametrize("name", ["../evil.txt", "/etc/evil.txt", "..\\evil.txt", "a/../../evil.txt"])
def test_hostile_names_in_zip_archives_are_refused(tmp_path, name):
    path = tmp_path / "texts.zip"
    path.write_bytes(zip_bytes(FILES | {name: b"x"}))
    assert "which lies outside" in refused(path)


@pytest.mark.parametrize(("kind", "said"), [(0o120777, "a symbolic link"), (0o020666, "of a special kind")])
def test_links_and_devices_in_zip_archives_are_refused(tmp_path, kind, said):
    path = tmp_path / "texts.zip"
    info = zipfile.ZipInfo("texts/train/bad/x.txt")
    info.external_attr = kind << 16
    path.write_bytes(zip_bytes(FILES | {info: "/etc/passwd"}))
    assert said in refused(path)


def test_zip_archives_packed_in_rare_ways_or_encrypted_are_refused(tmp_path):
    path = tmp_path / "texts.zip"
    path.write_bytes(zip_bytes(FILES, zipfile.ZIP_BZIP2))
    assert "encrypted or compressed in a rare way" in refused(path)
    content = bytearray(zip_bytes(FILES))
    content[content.rindex(b"PK\x01\x02") + 8] |= 1
    path.write_bytes(content)
    assert "'texts/test/good/4.txt', which is encrypted" in refused(path)


def peak_memory(path):
    """The most bytes that Python holds while an archive is refused, and what is said."""
    tracemalloc.start()
    try:
        return refused(path), tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize("suffix", [".tar.gz", ".tar.bz2", ".tar.xz"])
@pytest.mark.parametrize("inside", ["text", "other", "zeros", "header"])
def test_bombs_are_refused_without_filling_memory(tmp_path, monkeypatch, suffix, inside):
    monkeypatch.setattr(archives, "MAX_UNPACKED", 10_000_000)
    monkeypatch.setattr(archives, "MAX_MEMBERS", 100)
    size = 40_000_000
    header = member("texts/train/bad/x." + ("txt" if inside == "text" else "bin"), size=size)
    if inside == "header":
        header = member("x", tarfile.GNUTYPE_LONGNAME, size=size)
    content = bytes(size) if inside == "zeros" else header.tobuf() + bytes(size)
    path = tmp_path / f"bomb{suffix}"
    path.write_bytes(PACKERS[suffix](content))
    said, memory = peak_memory(path)
    assert "damaged" in said if inside == "header" else "unpacks to more than 0.01 GB" in said
    assert memory < 15_000_000


def test_an_archive_that_declares_too_much_is_refused_at_once(tmp_path):
    path = tmp_path / "bomb.tar.gz"
    path.write_bytes(gzip.compress(member("texts/train/bad/x.txt", size=3_000_000_000).tobuf()))
    assert "unpacks to more than 2 GB" in refused(path)
    path.write_bytes(gzip.compress(member("texts/train/bad/x.csv", size=600_000_000).tobuf()))
    assert "600,000,000 bytes" in refused(path)


def test_more_members_than_any_set_of_texts_has_are_refused(tmp_path, monkeypatch):
    monkeypatch.setattr(archives, "MAX_MEMBERS", 10)
    path = tmp_path / "texts.tar"
    path.write_bytes(tar_bytes(FILES))
    assert "more than 10 members" in refused(path)


@pytest.mark.parametrize("declared", [0, 4, 100])
def test_zip_archives_that_declare_a_wrong_size_are_refused(tmp_path, declared):
    path = tmp_path / "texts.zip"
    content = bytearray(zip_bytes(FILES))
    entry = content.index(b"PK\x01\x02")
    content[entry + 24 : entry + 28] = struct.pack("<I", declared)
    path.write_bytes(content)
    assert "damaged" in refused(path)


@pytest.mark.parametrize("declared", [30_000_000, 10, 100])
def test_zip_bombs_are_refused_whatever_they_declare(tmp_path, monkeypatch, declared):
    monkeypatch.setattr(archives, "MAX_UNPACKED", 10_000_000)
    path = tmp_path / "bomb.zip"
    content = bytearray(zip_bytes({"texts/train/bad/x.txt": bytes(30_000_000)}))
    assert len(content) < 100_000
    entry = content.index(b"PK\x01\x02")
    content[entry + 24 : entry + 28] = struct.pack("<I", declared)
    path.write_bytes(content)
    said, memory = peak_memory(path)
    assert ("unpacks to more than" if declared > 100 else "damaged") in said
    assert memory < 2_000_000


def hostile_zip(entries, said=1):
    """A zip whose list names one member many times over, and whose end says that there are `said`."""
    whole = zip_bytes({"texts/train/bad/x.txt": b"x"}, zipfile.ZIP_STORED)
    start, end = whole.index(b"PK\x01\x02"), whole.index(b"PK\x05\x06")
    listed = whole[start:end] * entries
    tail = struct.pack("<4s4H2IH", b"PK\x05\x06", 0, 0, said, said, len(listed), start, 0)
    return whole[:start] + listed + tail


@pytest.mark.parametrize("said", [1, 65_535])
def test_a_zip_of_too_many_members_is_refused_before_they_are_listed(tmp_path, said):
    path = tmp_path / "texts.zip"
    path.write_bytes(hostile_zip(600_000, said))
    start = time.process_time()
    said, memory = peak_memory(path)
    assert "more than 500,000 members" in said
    assert memory < 10_000_000
    assert time.process_time() - start < 3


def test_a_zip_that_says_it_has_many_members_is_taken_at_its_word(tmp_path):
    path = tmp_path / "texts.zip"
    path.write_bytes(hostile_zip(3, 65_000))
    assert "more than 50,0" in refused(path)


def test_a_zip_of_64_bit_numbers_is_read(tmp_path, monkeypatch):
    monkeypatch.setattr(zipfile, "ZIP_FILECOUNT_LIMIT", 10)
    path = tmp_path / "texts.zip"
    path.write_bytes(zip_bytes(FILES))
    assert b"PK\x06\x06" in path.read_bytes()
    assert_loads(path)
    monkeypatch.setattr(archives, "most_members", lambda _: len(FILES) - 1)
    assert "more than 19 members" in refused(path)


@pytest.mark.parametrize("suffix", [".tar", ".tar.gz", ".tar.bz2", ".tar.xz"])
def test_very_many_tiny_members_are_counted_before_they_are_read(tmp_path, monkeypatch, suffix):
    monkeypatch.setattr(archives, "MANY", 50)
    monkeypatch.setattr(archives, "MAX_MEMBERS", 200)
    path = tmp_path / f"texts{suffix}"
    path.write_bytes(PACKERS[suffix](tar_bytes({f"{n}.txt": b"x" for n in range(201)})))
    read = []
    with pytest.raises(DataError, match="more than 200 members"):
        read.extend(names for names, *_ in archives.members(path))
    assert len(read) < 50
    path.write_bytes(PACKERS[suffix](tar_bytes({f"{n}.txt": b"x" for n in range(200)})))
    assert sum(1 for _ in archives.members(path)) == 200


def test_fewer_members_are_taken_where_there_is_hardly_a_byte_for_each(tmp_path):
    path = tmp_path / "texts.tar.xz"
    path.write_bytes(b"x" * 3200)
    assert archives.most_members(path) == 50_100
    with path.open("wb") as file:
        file.truncate(1_000_000_000)
    assert archives.most_members(path) == 500_000


@pytest.mark.parametrize("suffix", [".tar.gz", ".tar.bz2", ".tar.xz", ".zip"])
def test_what_grows_a_hundred_times_is_refused_early(tmp_path, monkeypatch, suffix):
    monkeypatch.setattr(archives, "FREE_GROWTH", 1_000_000)
    path = tmp_path / f"texts{suffix}"
    path.write_bytes(pack(suffix, FILES | {"texts/other.bin": bytes(20_000_000)}))
    said, memory = peak_memory(path)
    assert "more than 100 times its size" in said
    assert memory < 15_000_000
    monkeypatch.setattr(archives, "FREE_GROWTH", 30_000_000)
    assert_loads(path)


def pax(records, type=tarfile.XHDTYPE):
    """A header of `records` before a member."""
    header = member("x", type, size=len(records)).tobuf()
    return header + records + bytes(-len(records) % 512)


TEXT = member("texts/train/bad/x.txt").tobuf()
END = bytes(1024)


@pytest.mark.parametrize(
    ("content", "said"),
    [
        # Each of these takes tarfile minutes, or gigabytes
        (pax(b"1" * 60_000) + TEXT, "damaged"),
        (pax(b"60008 a=" + b"1" * 60_000) + TEXT, "damaged"),
        (pax(b"5 a=\n" * 10_000) + TEXT, "damaged"),
        (pax(b"x" * 100_000) + TEXT, "damaged"),
        (pax(b"20 comment=%s\n" % (b"x" * 8), tarfile.XGLTYPE) * 2000, "damaged"),
        (
            b"".join(pax(b"%05d a%060000d=\n" % (60_010, n), tarfile.XGLTYPE) + TEXT for n in (1, 2)),
            "damaged",
        ),
        ((pax(b"x" * 60_000) + TEXT) * 300, "damaged"),
        (member("x.txt", tarfile.GNUTYPE_SPARSE, size=10).tobuf() + bytes(512), "'x.txt', a sparse file"),
        (
            pax(b"22 GNU.sparse.major=1\n22 GNU.sparse.minor=0\n") + TEXT + b"99999999\n" + b"1\n" * 60_000,
            "a sparse file",
        ),
        (pax(b"22 GNU.sparse.map=1,2\n") + TEXT, "a sparse file"),
    ],
)
@pytest.mark.parametrize("suffix", [".tar", ".tar.gz"])
def test_headers_that_take_a_reader_minutes_are_refused_at_once(tmp_path, content, said, suffix):
    path = tmp_path / f"texts{suffix}"
    path.write_bytes(PACKERS[suffix](content + END))
    start = time.process_time()
    assert said in refused(path)
    assert time.process_time() - start < 2


def test_long_headers_of_real_archives_are_read(tmp_path):
    name = f"texts/train/bad/{'ä' * 100}/{'n' * 200}.txt"
    info = tarfile.TarInfo(name)
    info.size = 5
    info.pax_headers = {"SCHILY.xattr.user.note": "v" * 10_000, "mtime": "1700000000.123456789"}
    for format in tarfile.PAX_FORMAT, tarfile.GNU_FORMAT:
        path = tmp_path / "texts.tar"
        with tarfile.open(path, "w", format=format, pax_headers={"comment": "of all"}) as tar:
            tar.addfile(info, io.BytesIO(b"hello"))
        files, _ = archives.read_archive(path, {".txt": 10})
        assert files == {tuple(name.split("/")): b"hello"}


def test_what_follows_the_end_of_a_plain_tar_is_not_read(tmp_path):
    path = tmp_path / "texts.tar"
    path.write_bytes(tar_bytes(FILES))
    with path.open("rb+") as file:
        file.truncate(50_000_000_000)
    start = time.process_time()
    assert_loads(path)
    assert time.process_time() - start < 2
