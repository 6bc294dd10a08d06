"""Clips of one's own: folders of frames, animations and films, and what is set aside."""

import hashlib
import shutil
import sys
from fractions import Fraction

import numpy as np
import pytest
from PIL import Image

from datasets import DataError, videos
from datasets.videos import animations, reading


def pictures(count=8, size=(40, 30), seed=0, colour=True):
    """Frames whose brightness grows with their number, on coarse noise that lossy formats keep."""
    random = np.random.default_rng(seed)
    coarse = random.integers(0, 60, (*(side // 10 for side in size[::-1]), 3 if colour else 1))
    noise = np.broadcast_to(coarse.repeat(10, 0).repeat(10, 1), (size[1], size[0], 3))
    return [(noise + 20 + 150 * number // max(1, count - 1)).astype("uint8") for number in range(count)]


def write_folder(path, frames, ending="png"):
    path.mkdir(parents=True)
    for number, pixels in enumerate(frames):
        Image.fromarray(pixels).save(path / f"frame{number}.{ending}")
    return path


def write_animation(path, frames, **settings):
    path.parent.mkdir(parents=True, exist_ok=True)
    some = [Image.fromarray(pixels) for pixels in frames]
    some[0].save(path, save_all=True, append_images=some[1:], duration=50, **settings)
    return path


def collection(folder, count=6):
    """Two classes, of folders of frames and of GIF files, each clip with noise of its own."""
    for place, name in enumerate(("clap", "wave")):
        for number in range(count):
            frames = pictures(seed=10 * place + number)
            if number % 2:
                write_folder(folder / name / f"{number}", frames)
            else:
                write_animation(folder / name / f"{number}.gif", frames)
    return folder


def load(folder, **settings):
    aside = []
    train, test, names = videos.load_data(folder, set_aside=aside, **settings)
    return train, test, names, dict(aside)


def means(clip):
    return clip.reshape(len(clip), -1).mean(1)


def test_frames_are_taken_in_equal_steps_in_the_order_of_their_numbers(tmp_path):
    folder = write_folder(tmp_path / "clip", pictures(13))  # frame10 comes after frame2
    clip = videos.read_clip(folder, frames=4, size=10)
    assert clip.shape == (4, 10, 10, 3) and clip.dtype == np.uint8
    expected = [pictures(13)[number] for number in (0, 4, 8, 12)]
    box = (5, 0, 35, 30)  # the largest centred square of 40 x 30
    for frame, pixels in zip(clip, expected, strict=True):
        square = np.asarray(Image.fromarray(pixels).crop(box), float)
        np.testing.assert_allclose(frame, square.reshape(10, 3, 10, 3, 3).mean((1, 3)), atol=12)
        assert abs(frame.mean() - square.mean()) < 1


@pytest.mark.parametrize(
    ("name", "settings"), [("a.gif", {}), ("a.webp", {"lossless": True}), ("a.webp", {"quality": 90})]
)
def test_animations_give_the_frames_that_were_written(name, settings, tmp_path):
    file = write_animation(tmp_path / name, pictures(9), **settings)
    clip = videos.read_clip(file, frames=5, size=30)
    expected = np.stack([pixels[:, 5:35] for pixels in pictures(9)[::2]])
    assert np.abs(clip.astype(int) - expected).mean() < (
        4 if "quality" in settings or name == "a.gif" else 0.1
    )
    grey = videos.read_clip(file, frames=5, size=30, channels=1)
    assert grey.shape == (5, 30, 30, 1)
    np.testing.assert_allclose(grey[..., 0], clip @ [0.299, 0.587, 0.114], atol=1)


def test_a_gif_that_stores_only_what_changes_is_composed(tmp_path):
    """Pillow's optimizer writes the changed rectangle of each frame."""
    frames = []
    for number in range(8):
        pixels = np.full((24, 24, 3), 40, "uint8")
        pixels[:, 3 * number : 3 * number + 3] = 220
        frames.append(pixels)
    clip = videos.read_clip(write_animation(tmp_path / "a.gif", frames, optimize=True), 8, 24)
    np.testing.assert_allclose(clip, frames, atol=2)


def test_transparent_parts_become_white(tmp_path):
    some = [Image.new("RGBA", (16, 16), (0, 0, 0, 0)) for _ in range(4)]
    for number, frame in enumerate(some):
        frame.paste((255, 0, 0, 255), (number, 0, number + 2, 16))
    some[0].save(tmp_path / "a.webp", save_all=True, append_images=some[1:], lossless=True)
    clip = videos.read_clip(tmp_path / "a.webp", 4, 16)
    assert clip[0, 0, 10].tolist() == [255, 255, 255]
    assert clip[3, 0, 3].tolist() == [255, 0, 0]


def cut(path, share=0.5):
    path.write_bytes(path.read_bytes()[: int(share * path.stat().st_size)])


def noisy(count=8):
    return np.random.default_rng(1).integers(0, 256, (count, 40, 40, 3), "uint8")


BROKEN = {
    "does not exist": lambda path: path / "none.gif",
    "is empty": lambda path: (path / "a.gif").write_bytes(b"") and None or path / "a.gif",
    "is not an animation that can be read": lambda path: text(path / "a.gif"),
    "is no film": lambda path: text(path / "a.mp4"),
    "has 1 frame where 8 are needed": lambda path: write_animation(path / "a.gif", pictures(1)),
    "has 7 frames where 8 are needed": lambda path: write_animation(path / "a.gif", noisy(7)),
    "has 3 frames where 8 are needed": lambda path: write_folder(path / "clip", pictures(3)),
    "holds no images": lambda path: write_folder(path / "clip", []),
    "of one colour throughout": lambda path: write_folder(
        path / "clip", [np.full((9, 9, 3), 7, "uint8")] * 8
    ),
    "frame0.png is cut off|frame0.png is damaged|frame0.png ": lambda path: damaged_frame(path / "clip"),
}


def text(path):
    path.write_bytes(b"Dear reader, this moves nothing.")
    return path


def damaged_frame(path):
    write_folder(path, noisy())
    cut(path / "frame0.png")
    return path


@pytest.mark.parametrize("said", [name for name in BROKEN if name != "is no film"])
def test_broken_clips_are_refused_in_one_sentence(said, tmp_path, capfd):
    path = BROKEN[said](tmp_path)
    with pytest.raises(DataError, match=said) as caught:
        videos.read_clip(path)
    assert str(caught.value).startswith(str(tmp_path))
    assert str(caught.value).endswith(".") and "\n" not in str(caught.value)
    assert capfd.readouterr().err == ""


def test_what_is_no_film_is_refused_without_any_package(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "av", None)
    with pytest.raises(DataError, match="is not an MP4, MOV, MKV, WebM or AVI file"):
        videos.read_clip(text(tmp_path / "a.mp4"))
    (tmp_path / "b.mp4").write_bytes(b"\0\0\0\x18ftypisom" + bytes(100))
    with pytest.raises(DataError, match="needs the package av to be read; install it with pip install av"):
        videos.read_clip(tmp_path / "b.mp4")


@pytest.mark.parametrize("name", ["a.gif", "a.webp"])
@pytest.mark.parametrize("share", [0.95, 0.6, 0.2, 0.02])
def test_an_animation_that_is_cut_off_is_refused(name, share, tmp_path):
    file = write_animation(tmp_path / name, noisy(12))
    cut(file, share)
    with pytest.raises(DataError, match=r"cut off|damaged|frames? where 8 are needed"):
        videos.read_clip(file)


def test_sizes_are_looked_at_before_anything_is_decoded(tmp_path, monkeypatch):
    file = write_animation(tmp_path / "a.gif", pictures(8))
    monkeypatch.setattr(animations, "MAX_PIXELS", 40 * 30 - 1)
    with pytest.raises(DataError, match="too many pixels"):
        videos.read_clip(file)
    monkeypatch.setattr(animations, "MAX_PIXELS", 40 * 30)
    monkeypatch.setattr(animations, "MAX_WORK", 8 * 40 * 30 - 1)
    with pytest.raises(DataError, match="too many pixels"):
        videos.read_clip(file)
    monkeypatch.setattr(animations, "MAX_WORK", 8 * 40 * 30)
    assert len(videos.read_clip(file)) == 8
    monkeypatch.setattr(reading, "MAX_FRAMES", 7)
    with pytest.raises(DataError, match="has 8 frames where at most 7 are taken"):
        videos.read_clip(file)
    monkeypatch.setattr(reading, "MAX_BYTES", 10)
    with pytest.raises(DataError, match="bytes where at most 10 are taken"):
        videos.read_clip(file)


def test_a_gif_whose_header_promises_a_huge_picture_is_refused(tmp_path):
    content = bytearray(write_animation(tmp_path / "a.gif", pictures(8)).read_bytes())
    content[6:10] = b"\xff\xff\xff\xff"  # 65,535 x 65,535 pixels
    (tmp_path / "a.gif").write_bytes(content)
    with pytest.raises(DataError, match="too many pixels"):
        videos.read_clip(tmp_path / "a.gif")


@pytest.mark.parametrize("kind", ["gif", "webp"])
def test_any_damage_gives_a_clip_or_a_sentence(kind, tmp_path):
    random = np.random.default_rng(0)
    path = write_animation(tmp_path / f"a.{kind}", noisy(8)[:, :16, :16])
    whole = path.read_bytes()
    for _ in range(100):
        content = bytearray(whole)
        at = int(random.integers(len(content)) if random.random() < 0.5 else random.integers(60))
        content[at : at + 4] = random.bytes(random.integers(1, 5))
        path.write_bytes(content)
        try:
            assert videos.read_clip(path, 4, 8).shape == (4, 8, 8, 3)
        except DataError as error:
            assert "\n" not in str(error)


# Folders


def test_class_folders_are_split_always_the_same_and_left_as_they_are(tmp_path, capsys):
    folder = collection(tmp_path / "clips", 10)
    before = {file: hashlib.sha256(file.read_bytes()).digest() for file in folder.rglob("*.*")}
    assert videos.class_names(folder) == ("clap", "wave")
    assert videos.count_clips(folder) == 20
    (x_train, y_train), (x_test, y_test), names, aside = load(folder, frames=6, size=16)
    assert not aside and names == ("clap", "wave")
    assert x_train.shape == (16, 6, 16, 16, 3) and x_train.dtype == np.uint8
    assert (np.bincount(y_train).tolist(), np.bincount(y_test).tolist()) == ([8, 8], [2, 2])
    assert "6 frames of 16 × 16 pixels each; 16 to train on and 4 to test on" in capsys.readouterr().out
    assert all((np.diff(means(clip)) > 0).all() for clip in x_train)
    np.testing.assert_array_equal(load(folder, frames=6, size=16)[0][0], x_train)
    assert {file: hashlib.sha256(file.read_bytes()).digest() for file in folder.rglob("*.*")} == before


def test_train_and_test_folders_are_taken_as_they_are(tmp_path):
    collection(tmp_path / "train")
    for name in "clap", "wave":
        write_folder(tmp_path / "test" / name / "new", pictures(seed=len(name) + ord(name[0])))
    (x_train, _), (x_test, y_test), _, aside = load(tmp_path)
    assert (len(x_train), len(x_test), aside) == (12, 2, {})
    assert sorted(y_test) == [0, 1]


def test_damaged_short_and_empty_clips_are_set_aside_and_listed(tmp_path, capsys):
    folder = collection(tmp_path, 8)
    cut(folder / "clap" / "0.gif")
    write_animation(folder / "clap" / "short.gif", noisy(3))
    (folder / "wave" / "empty.gif").write_bytes(b"")
    damaged_frame(folder / "wave" / "broken")
    (folder / "wave" / "nothing").mkdir()
    (folder / "wave" / "notes.txt").touch()
    train, test, _, aside = load(folder)
    assert len(train[0]) + len(test[0]) == 15
    assert {name.rpartition("/")[2] for name in aside} == {"0.gif", "short.gif", "empty.gif", "broken"}
    said = capsys.readouterr().out
    assert "Set aside, 4 clips:" in said
    assert "short.gif has 3 frames where 8 are needed" in said
    assert "without 1 file of other kinds (.txt), without 1 folder that no clip is in" in said


def test_copies_stay_on_one_side_whatever_they_are_called_or_kept_as(tmp_path):
    folder = collection(tmp_path, 6)
    for number in range(1, 6, 2):
        for copy in range(4):
            shutil.copytree(folder / "clap" / f"{number}", folder / "clap" / f"copy{copy}{number}")
    (x_train, _), (x_test, _), _, aside = load(folder)
    assert not aside
    assert len(x_train) + len(x_test) == 24
    assert not {clip.tobytes() for clip in x_train} & {clip.tobytes() for clip in x_test}


@pytest.mark.parametrize(
    ("make", "said"),
    [
        (lambda folder: None, "has no clips in class folders; put those of each class"),
        (lambda folder: write_animation(folder / "a.gif", pictures()), "has no clips in class folders"),
        (lambda folder: write_folder(folder / "clap" / "1", pictures()), "one class only, 'clap'"),
        (lambda folder: collection(folder, 4), "needs 5 clips or more; 'clap' has 4, 'wave' has 4"),
        (
            lambda folder: (write_animation(collection(folder, 5) / "wave" / "0.gif", pictures(2)),),
            "'wave' has 4; 1 was set aside, such as: .*0.gif has 2 frames",
        ),
    ],
)
def test_folders_that_cannot_be_used_are_refused_in_one_sentence(make, said, tmp_path):
    make(tmp_path)
    with pytest.raises(DataError, match=said) as caught:
        videos.load_data(tmp_path)
    assert str(tmp_path) in str(caught.value) and "\n" not in str(caught.value)


def test_more_than_memory_takes_is_refused_before_it_is_read(tmp_path, monkeypatch):
    folder = collection(tmp_path)
    monkeypatch.setattr("datasets.videos.loading.MOST_VALUES", 12 * 8 * 24 * 24 * 3 - 1)
    monkeypatch.setattr("datasets.videos.loading.read_clip", lambda *_: pytest.fail("it was read"))
    with pytest.raises(DataError, match="fewer frames= or a smaller size="):
        videos.load_data(folder)


# Films, which need PyAV


@pytest.fixture
def av():
    return pytest.importorskip("av", reason="av (see requirements-extra.txt) not installed")


def write_film(av, path, frames, codec="mpeg4", **options):
    with av.open(str(path), "w", options=options) as film:
        stream = film.add_stream(codec, rate=25)
        stream.height, stream.width = frames[0].shape[:2]
        stream.pix_fmt = "yuv420p"
        stream.bit_rate = 4_000_000
        for number, pixels in enumerate(frames):
            frame = av.VideoFrame.from_ndarray(np.ascontiguousarray(pixels), format="rgb24")
            frame.pts, frame.time_base = number, Fraction(1, 25)
            film.mux(stream.encode(frame))
        film.mux(stream.encode())
    return path


@pytest.mark.extra
@pytest.mark.parametrize("ending", ["mp4", "mov", "mkv", "avi"])
def test_films_give_the_frames_that_were_written(ending, av, tmp_path):
    frames = pictures(21, (80, 60))
    clip = videos.read_clip(write_film(av, tmp_path / f"a.{ending}", frames), frames=5, size=60)
    expected = np.stack([pixels[:, 10:70] for pixels in frames[::5]])
    assert clip.shape == (5, 60, 60, 3)
    assert np.abs(clip.astype(int) - expected).mean() < 8
    assert (np.diff(means(clip)) > 20).all()


@pytest.mark.extra
@pytest.mark.parametrize("share", [0.9, 0.5, 0.1, 0.01])
@pytest.mark.parametrize("front", [False, True])
def test_a_film_that_is_cut_off_is_refused(share, front, av, tmp_path, capfd):
    options = {"movflags": "faststart"} if front else {}  # with its table of contents at its beginning
    path = write_film(av, tmp_path / "a.mp4", np.repeat(noisy(40), 2, 0)[:, :32, :32], **options)
    cut(path, share)
    with pytest.raises(DataError, match=r"cut off|damaged|no frame|no images"):
        videos.read_clip(path)
    assert capfd.readouterr().err == ""


@pytest.mark.extra
def test_a_playlist_that_names_other_files_is_no_film(av, tmp_path):
    """FFmpeg would open what it names."""
    film = write_film(av, tmp_path / "a.mp4", pictures(8, (80, 60)))
    for content in f"#EXTM3U\n#EXTINF:1,\n{film}\n", f"ffconcat version 1.0\nfile {film}\n":
        (tmp_path / "b.mp4").write_text(content)
        with pytest.raises(DataError, match="is not an MP4"):
            videos.read_clip(tmp_path / "b.mp4")


@pytest.mark.extra
def test_damaged_films_give_a_clip_or_a_sentence(av, tmp_path):
    random = np.random.default_rng(0)
    path = write_film(av, tmp_path / "a.mp4", noisy(12)[:, :32, :32])
    whole = path.read_bytes()
    for _ in range(60):
        content = bytearray(whole)
        at = int(random.integers(len(content)))
        content[at : at + 4] = random.bytes(random.integers(1, 5))
        path.write_bytes(content)
        try:
            assert videos.read_clip(path, 4, 8).shape == (4, 8, 8, 3)
        except DataError as error:
            assert "\n" not in str(error)
