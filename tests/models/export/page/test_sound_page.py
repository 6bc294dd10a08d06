"""The page of a model of sounds, in a real browser: numbers beside Keras's, files, microphone, keyboard."""

import base64
import io
import json
import time

import keras
import numpy as np
import pytest
from keras import layers
from scipy.io import wavfile
from scipy.signal import resample_poly

from datasets import tones
from models import LeNet5, ModelError, SoundConvNet
from models.export.page import portable, write_sound_page
from models.export.precision import rounded_weights

NAMES = list(tones.CLASS_NAMES)
RATE = 8000
CLOSE = 1e-4


@pytest.fixture(scope="module")
def sounds():
    """Generated sounds of the lesson, (5, 8000), and their classes."""
    _, (x, y) = tones.load_data(train=5, test=10)
    return x[:5], [NAMES[label] for label in y[:5]]


def network(spectrogram="stft", seed=0):
    """A small network whose answers differ from sound to sound."""
    keras.utils.set_random_seed(seed)
    model = SoundConvNet((8000,), spectrogram=spectrogram, filters=(4, 4, 8))
    kernel, bias = model.get_layer("predictions").get_weights()
    model.get_layer("predictions").set_weights([5 * kernel, bias])
    return model


@pytest.fixture(scope="module")
def model():
    return network()


@pytest.fixture(scope="module")
def page(model, sounds, tmp_path_factory):
    path = tmp_path_factory.mktemp("sounds") / "page.html"
    write_sound_page(model, sounds[0], path, RATE, NAMES, "Sounds", captions=sounds[1])
    return path


def open_page(browser, path, width=1280, **how):
    browser.show(width, **how)
    browser.open(path.as_uri())
    browser.value("""new Promise(done => {
        const look = () => Page.ready ? done() : setTimeout(look, 10)
        look()
    })""")
    settle(browser)
    return browser


def settle(browser):
    browser.value("new Promise(done => requestAnimationFrame(() => requestAnimationFrame(() => done())))")


def troubles(browser):
    return browser.named("Runtime.exceptionThrown", "Runtime.consoleAPICalled", "Log.entryAdded")


@pytest.fixture
def opened(browser, page):
    yield open_page(browser, page)
    assert troubles(browser) == []


def hear(browser, sound):
    """Give the page a sound as it comes from a file, without resampling."""
    numbers = base64.b64encode(np.asarray(sound, "<f4").tobytes()).decode()
    browser.value(f"""Page.input.use(new Float32Array(
        Uint8Array.from(atob('{numbers}'), letter => letter.charCodeAt(0)).buffer), 'test')""")
    settle(browser)


def values(browser, name):
    found = browser.value(f"JSON.stringify([...Page.model.nodes.find(one => one.name === '{name}').values])")
    return np.array(json.loads(found))


def message(browser):
    return browser.value("document.getElementById('message').textContent")


def drop(browser, content, name):
    """Drop a file, and wait until the page has read it."""
    encoded = base64.b64encode(content).decode()
    browser.value(f"""(() => {{
        const bytes = Uint8Array.from(atob('{encoded}'), letter => letter.charCodeAt(0))
        const transfer = new DataTransfer()
        transfer.items.add(new File([bytes], {json.dumps(name)}))
        document.dispatchEvent(new DragEvent('drop', {{dataTransfer: transfer, bubbles: true}}))
    }})()""")
    for _ in range(100):
        if "Reading" not in message(browser):
            break
        time.sleep(0.02)
    settle(browser)


def wav(sound, rate=RATE, dtype="float32"):
    held = io.BytesIO()
    if dtype != "float32":
        sound = np.round(sound * np.iinfo(dtype).max)
    wavfile.write(held, rate, sound.astype(dtype))
    return held.getvalue()


def chirp(seconds=1.0, rate=RATE):
    at = np.arange(round(seconds * rate)) / rate
    return 0.6 * np.sin(2 * np.pi * (200 * at + 700 * at**2))


# ---- Numbers ----


@pytest.mark.parametrize("spectrogram", ["stft", "mel"])
def test_every_layer_has_keras_numbers(browser, sounds, tmp_path, spectrogram):
    model = network(spectrogram)
    write_sound_page(model, sounds[0], tmp_path / "page.html", RATE, NAMES)
    open_page(browser, tmp_path / "page.html")
    noise = np.random.default_rng(0).uniform(-0.5, 0.5, 8000)
    names = ["spectrogram", "normalise", "conv1", "conv3", "predictions"]
    inside = keras.Model(model.inputs, [model.get_layer(name).output for name in names])
    for sound in (*sounds[0], noise, chirp() + 0.1 * noise):
        sound = sound.astype("float32")
        hear(browser, sound)
        for name, wanted in zip(names, inside.predict(sound[None], verbose=0), strict=True):
            assert np.abs(values(browser, name) - wanted.ravel()).max() < CLOSE, name


def test_a_clean_tone(opened, model):
    """Where there is nothing beside a strong tone, float32 sums are off by more than 1e-4, also Keras's."""
    sound = chirp().astype("float32")
    hear(opened, sound)
    layer = model.get_layer("spectrogram")
    kernels = [np.asarray(each)[:, 0].astype("float64") for each in (layer.real_kernel, layer.imag_kernel)]
    frames = np.lib.stride_tricks.sliding_window_view(sound.astype("float64"), 256)[::128]
    power = sum((frames @ kernel) ** 2 for kernel in kernels)
    wanted = np.log(np.sqrt(np.maximum(power, 1e-7)))
    assert np.abs(values(opened, "spectrogram") - wanted.ravel()).max() < 3e-4
    answer = model.predict(sound[None], verbose=0)[0]
    assert np.abs(values(opened, "predictions") - answer).max() < CLOSE


def small(*steps, samples=1000):
    """A classifier of waveforms (samples,)."""
    return keras.Sequential([keras.Input((samples,)), *steps, layers.Dense(3, activation="softmax")])


def of_stft(**settings):
    steps = [layers.Reshape((-1, 1)), layers.STFTSpectrogram(name="spectrogram", **settings)]
    return small(*steps, layers.Flatten(), layers.Rescaling(0.01))


def of_mel(**settings):
    mel = layers.MelSpectrogram(name="spectrogram", sampling_rate=RATE, **settings)
    return small(mel, layers.Flatten(), layers.Rescaling(0.01))


def learned_waves():
    model = of_stft(frame_length=64)
    kernel = model.get_layer("spectrogram").real_kernel
    kernel.assign(np.asarray(kernel) + np.random.default_rng(1).normal(0, 0.1, kernel.shape))
    return model


MODELS = {
    "magnitudes, other frequencies than samples": lambda: of_stft(
        mode="magnitude", frame_length=50, frame_step=20, fft_length=64
    ),
    "powers, padded": lambda: of_stft(
        mode="psd", frame_length=64, frame_step=24, padding="same", window="hamming"
    ),
    "scaled as a spectrum, as a map": lambda: of_stft(
        frame_length=64, scaling="spectrum", periodic=True, expand_dims=True
    ),
    "no window, not scaled": lambda: of_stft(frame_length=32, window=None, scaling=None),
    "waves that were learned": learned_waves,
    "mel as Keras begins": lambda: of_mel(fft_length=256, sequence_stride=100, num_mel_bins=20),
    "mel of powers, no power of two": lambda: of_mel(
        fft_length=200,
        sequence_length=150,
        sequence_stride=70,
        num_mel_bins=12,
        power_to_db=False,
        mag_exp=1.0,
    ),
    "mel of little range": lambda: of_mel(
        fft_length=128, sequence_stride=64, num_mel_bins=10, top_db=20.0, ref_power=2.0, window="hamming"
    ),
    "no spectrogram": lambda: keras.Sequential(
        [
            keras.Input((1000, 1)),
            layers.Conv1D(4, 9, strides=4, activation="relu", name="spectrogram"),
            layers.GlobalAveragePooling1D(),
            layers.Dense(3),
        ]
    ),
}


@pytest.mark.parametrize("kind", MODELS)
def test_other_models_of_sounds(browser, tmp_path, kind):
    keras.utils.set_random_seed(2)
    model = MODELS[kind]()
    write_sound_page(model, np.zeros((0, 1000)), tmp_path / "page.html", RATE)
    open_page(browser, tmp_path / "page.html")
    sound = np.random.default_rng(3).uniform(-1, 1, 1000).astype("float32")
    hear(browser, sound)
    inside = keras.Model(model.inputs, [model.get_layer("spectrogram").output, model.outputs[0]])
    wanted = inside.predict(sound.reshape(1, *model.input_shape[1:]), verbose=0)
    assert browser.value("Page.model.boxes.length") == 0
    np.testing.assert_allclose(values(browser, "spectrogram"), wanted[0].ravel(), atol=CLOSE, rtol=1e-5)
    last = np.array(browser.value("[...Page.model.nodes.at(-1).values]"))
    np.testing.assert_allclose(last, wanted[1][0], atol=CLOSE, rtol=0)
    assert troubles(browser) == []


def test_what_is_not_computed_is_recorded_for_the_examples(browser, tmp_path, sounds):
    model = of_stft(mode="angle", frame_length=64)
    examples = sounds[0][:2, 1000:2000]
    write_sound_page(model, examples, tmp_path / "page.html", RATE)
    open_page(browser, tmp_path / "page.html")
    assert browser.value("document.querySelector('.boxes').innerText").endswith("up to there.")
    kept = np.round(examples * 32767) / 32767  # as the page holds them
    wanted = model.predict(kept.astype("float32"), verbose=0)
    browser.value("document.querySelectorAll('#examples button')[1].click()")
    settle(browser)
    got = browser.value("[...Page.model.nodes.at(-1).values]")
    np.testing.assert_allclose(got, wanted[1], atol=CLOSE)
    hear(browser, np.full(1000, 0.1))
    assert "cannot compute" in message(browser)


# ---- Files ----


@pytest.mark.parametrize(
    ("rate", "dtype", "seconds"),
    [(44100, "int16", 1.3), (22050, "uint8", 0.4), (8000, "int32", 1.0), (11025, "float32", 2.0)],
)
def test_a_wav_file_becomes_what_the_lessons_read_of_it(opened, tmp_path, rate, dtype, seconds):
    sound = np.stack([chirp(seconds, rate), 0.3 * chirp(seconds, rate)], 1)
    if dtype == "uint8":
        held = io.BytesIO()
        wavfile.write(held, rate, np.round(128 + 127 * sound).astype("uint8"))
        content = held.getvalue()
    else:
        content = wav(sound, rate, dtype)
    (tmp_path / "chirp.wav").write_bytes(content)
    drop(opened, content, "chirp.wav")
    wanted = tones.read_audible(tmp_path / "chirp.wav", 1.0, RATE)
    got = np.array(opened.value("[...Page.input.samples]"))
    np.testing.assert_allclose(got, wanted, atol=1e-6)
    said = message(opened)
    assert (
        said
        == {
            1.3: "“chirp.wav” lasts 1.3\u00a0s: the network gets the first 1\u00a0s.",
            0.4: "“chirp.wav” lasts 0.4\u00a0s: silence fills it up to 1\u00a0s.",
            1.0: "",
            2.0: "“chirp.wav” lasts 2\u00a0s: the network gets the first 1\u00a0s.",
        }[seconds]
    )
    assert opened.value("Page.input.example()") == -1


def test_a_loud_file_of_24_bits_is_read(opened):
    sound = np.round(chirp() * (2**23 - 1)).astype("<i4")
    data = sound.view("uint8").reshape(-1, 4)[:, :3].tobytes()
    head = b"fmt " + np.array([16], "<u4").tobytes() + np.array([1, 1], "<u2").tobytes()
    head += np.array([RATE, 3 * RATE], "<u4").tobytes() + np.array([3, 24], "<u2").tobytes()
    body = b"WAVE" + head + b"data" + np.array([len(data)], "<u4").tobytes() + data
    drop(opened, b"RIFF" + np.array([len(body)], "<u4").tobytes() + body, "24.wav")
    np.testing.assert_allclose(opened.value("[...Page.input.samples]"), chirp(), atol=1e-6)


def test_what_the_browser_decodes_is_read_too(opened):
    """A WAV file of 8 bits after the µ-law is compressed: the browser knows it, SciPy does not."""
    sound = chirp()
    law = np.sign(sound) * np.log1p(255 * np.abs(sound)) / np.log(256)
    # µ-law bytes by hand: sign, exponent, mantissa of the biased value, all inverted
    biased = np.minimum(np.abs(np.round(sound * 32767)).astype(int) + 132, 32767)
    exponent = np.floor(np.log2(biased)).astype(int) - 7
    mantissa = (biased >> (exponent + 3)) & 15
    data = (~((np.where(law < 0, 128, 0)) | (exponent << 4) | mantissa) & 255).astype("uint8").tobytes()
    head = b"fmt " + np.array([16], "<u4").tobytes() + np.array([7, 1], "<u2").tobytes()
    head += np.array([RATE, RATE], "<u4").tobytes() + np.array([1, 8], "<u2").tobytes()
    body = b"WAVE" + head + b"data" + np.array([len(data)], "<u4").tobytes() + data
    drop(opened, b"RIFF" + np.array([len(body)], "<u4").tobytes() + body, "law.wav")
    got = np.array(opened.value("[...Page.input.samples]"))
    assert np.abs(got - sound)[200:-200].max() < 0.05 and np.corrcoef(got, sound)[0, 1] > 0.999


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "damaged, or no sound"),
        (b"\x89PNG and nothing else", "damaged, or no sound"),
        (wav(chirp())[:9000], "is cut off before its end"),
        (wav(0 * chirp()), "is silent for its first 1\u00a0s"),
        (wav(chirp()[:40]), "lasts 5\u00a0ms, too short"),
        (wav(chirp()[:0]), "not one sample"),
        (wav(np.where(np.arange(8000) == 9, np.nan, chirp())), "not numbers"),
        (wav(chirp(), 7), "no rate of a sound"),
    ],
)
def test_a_file_that_cannot_be_used_gets_a_sentence(opened, content, said):
    before = opened.value("[...Page.input.samples]")
    drop(opened, content, "bad.wav")
    assert message(opened).startswith("“bad.wav”") and said in message(opened)
    assert opened.value("document.getElementById('message').classList.contains('bad')")
    assert opened.value("[...Page.input.samples]") == before


def test_resampling_is_scipys(opened, page):
    sound = np.random.default_rng(5).normal(0, 0.1, 3000)
    for rate in (16000, 48000, 12345):
        drop(opened, wav(sound, rate), "noise.wav")
        shared = np.gcd(rate, RATE)
        wanted = resample_poly(sound.astype("float32").astype("float64"), RATE // shared, rate // shared)
        got = np.array(opened.value("[...Page.input.samples]"))[: len(wanted)]
        np.testing.assert_allclose(got, wanted[:8000], atol=1e-6)


# ---- The microphone ----


@pytest.fixture(scope="module")
def hearing(start_browser, tmp_path_factory):
    """A browser whose microphone hears half a second of nothing and a second of 700 Hz, again and again."""
    file = tmp_path_factory.mktemp("heard") / "heard.wav"
    at = np.arange(48000) / 48000
    file.write_bytes(
        wav(np.concatenate([np.zeros(24000), 0.5 * np.sin(2 * np.pi * 700 * at)]), 48000, "int16")
    )
    fake = ("--use-fake-device-for-media-stream", "--use-fake-ui-for-media-stream")
    return start_browser(*fake, f"--use-file-for-fake-audio-capture={file}")


def press_and_release(browser, seconds):
    """Hold the button with the mouse; returns what it says before it is let go."""
    left, top, width, height = browser.value("""(() => {
        const {left, top, width, height} = document.getElementById('record').getBoundingClientRect()
        return [left, top, width, height]
    })()""")
    at = {"x": left + width / 2, "y": top + height / 2, "button": "left", "clickCount": 1}
    browser.send("Input.dispatchMouseEvent", type="mousePressed", buttons=1, **at)
    time.sleep(seconds)
    said = browser.value("document.getElementById('record').textContent")
    browser.send("Input.dispatchMouseEvent", type="mouseReleased", **at)
    settle(browser)
    return said


def strongest(browser):
    """The strongest frequency of what the page has heard, in Hz; on a busy machine blocks of it are lost."""
    sound = np.array(browser.value("[...Page.input.samples]"))
    assert sound.shape == (8000,)
    return np.abs(np.fft.rfft(sound * np.hanning(8000))).argmax()


def wait_for(browser, condition, seconds=10):
    end = time.monotonic() + seconds
    while not browser.value(condition):
        assert time.monotonic() < end, condition
        time.sleep(0.05)


def test_what_is_said_while_the_button_is_held_is_heard(hearing, page):
    open_page(hearing, page)
    said = press_and_release(hearing, 2.5)
    assert said.startswith("Listening…")
    assert hearing.value("document.getElementById('record').textContent") == "Hold and speak"
    assert abs(strongest(hearing) - 700) < 40
    assert "the network gets the loudest 1" in message(hearing)
    best = hearing.value("document.getElementById('best').textContent")
    assert best.split(" · ")[0] in NAMES
    assert hearing.value("Page.input.example()") == -1
    unexpected = [each for each in troubles(hearing) if each.get("entry", {}).get("source") != "deprecation"]
    assert unexpected == []


def key(browser, kind, name, **more):
    code = {" ": 32, "Enter": 13, "ArrowUp": 38, "ArrowRight": 39, "End": 35}[name]
    browser.send("Input.dispatchKeyEvent", type=kind, key=name, windowsVirtualKeyCode=code, **more)


def test_the_space_bar_records_for_as_long_as_it_is_held(hearing, page):
    open_page(hearing, page)
    hearing.value("document.getElementById('record').focus()")
    key(hearing, "keyDown", " ")
    wait_for(hearing, "Page.input.microphone.blocks.length > 75")  # 1.6 s at 48 kHz
    for _ in range(3):
        key(hearing, "keyDown", " ", autoRepeat=True)
    assert hearing.value("Page.input.microphone.state") == "listening"
    key(hearing, "keyUp", " ")
    settle(hearing)
    assert hearing.value("Page.input.microphone.state") == "idle"
    assert abs(strongest(hearing) - 700) < 40


def test_a_click_of_a_screen_reader_records_a_sound_that_is_long_enough(hearing, page):
    open_page(hearing, page)
    hearing.value("document.getElementById('record').click()")  # without a pointer
    wait_for(hearing, "Page.input.microphone.state === 'listening'")
    wait_for(hearing, "Page.input.microphone.state === 'idle'")
    assert abs(strongest(hearing) - 700) < 40


def test_a_tap_is_too_short(hearing, page):
    open_page(hearing, page)
    press_and_release(hearing, 1.0)  # from now on the microphone is open
    hearing.value("document.getElementById('message').textContent = ''")
    press_and_release(hearing, 0.0)
    wait_for(hearing, "Boolean(document.getElementById('message').textContent)")
    said = message(hearing)
    assert (
        "too short" in said or "ready: hold the button" in said
    )  # as the tap ended before or after it began


def test_without_a_microphone_the_examples_are_left(opened):
    press_and_release(opened, 0.3)
    assert message(opened).startswith("No microphone was found")
    opened.value("document.querySelectorAll('#examples button')[2].click()")
    settle(opened)
    assert opened.value("Page.input.example()") == 2 and message(opened) == ""


def test_a_microphone_that_may_not_be_used_is_said(start_browser, page):
    browser = start_browser("--use-fake-device-for-media-stream", "--deny-permission-prompts")
    open_page(browser, page)
    press_and_release(browser, 0.5)
    assert message(browser).startswith("The page may not use the microphone")
    assert browser.value("document.getElementById('record').textContent") == "Hold and speak"


# ---- Examples, pointing, keyboard ----


def click(browser, selector):
    """With the mouse: browsers play nothing that no user asked for."""
    left, top, width, height = browser.value(f"""(() => {{
        const one = document.querySelector('{selector}')
        one.scrollIntoView({{block: 'center'}})
        const {{left, top, width, height}} = one.getBoundingClientRect()
        return [left, top, width, height]
    }})()""")
    at = {"x": left + width / 2, "y": top + height / 2, "button": "left", "clickCount": 1}
    for kind in "mousePressed", "mouseReleased":
        browser.send("Input.dispatchMouseEvent", type=kind, **at)
    settle(browser)


def test_examples_are_classified_and_played(opened, model, sounds):
    names = opened.value("[...document.querySelectorAll('#examples button')].map(one => one.innerText)")
    assert [name.removeprefix("▸ ") for name in names] == sounds[1]
    for at in (3, 1):
        click(opened, f"#examples button:nth-child({at + 1})")
        wanted = model.predict(sounds[0][at : at + 1], verbose=0)[0]
        np.testing.assert_allclose(opened.value("[...Page.bars.shares]"), wanted, atol=CLOSE)
        chosen = opened.value("document.querySelector('#examples [aria-pressed=true]').innerText")
        assert chosen == f"▸ {sounds[1][at]}"
    wait_for(opened, "Page.input.player.isPlaying")
    assert opened.value("document.getElementById('play').textContent") == "Stop"
    wait_for(opened, "!Page.input.player.isPlaying")  # after a second
    click(opened, "#play")
    wait_for(opened, "Page.input.player.isPlaying && Boolean(document.querySelector('.playhead'))")
    click(opened, "#play")
    assert not opened.value("Page.input.player.isPlaying || Boolean(document.querySelector('.playhead'))")


def tile(name):
    return f"Page.view.cards.get(Page.model.nodes.find(one => one.name === '{name}').id).tiles[0].canvas"


def point(browser, name, across, down):
    """Move the mouse over a map, to shares of its width and height on the screen."""
    left, top, width, height = browser.value(f"""(() => {{
        const one = {tile(name)}
        one.scrollIntoView({{block: 'center'}})
        const {{left, top, width, height}} = one.getBoundingClientRect()
        return [left, top, width, height]
    }})()""")
    at = {"x": left + width * across, "y": top + height * down}
    browser.send("Input.dispatchMouseEvent", type="mouseMoved", **at)
    settle(browser)


def panel(browser):
    return browser.value("document.getElementById('panel').innerText").replace("\u00a0", " ")


def test_a_value_of_the_spectrogram_is_told_in_hertz_and_seconds(opened, sounds):
    point(opened, "spectrogram", 40.5 / 129, 20.5 / 61)  # frequency 40 of frame 20
    said = panel(opened)
    assert "spectrogram, row 20, column 40" in said
    assert "Frame 20: 256 samples, 32 ms, from 0.32 s on." in said  # 20 x 128 samples
    assert "a sine of 1250 Hz" in said  # 40 x 8000 / 256
    assert "0.32 s to 0.352 s" in said
    heard = np.array(opened.value("[...Page.input.samples]"))[2560:2816]
    window = np.hanning(256)
    power = (
        np.abs((heard * window * np.exp(-2j * np.pi * 40 * np.arange(256) / 256)).sum()) ** 2
        / (window**2).sum()
    )
    written = float(opened.value("document.querySelector('#panel .result').innerText").replace("\u2212", "-"))
    assert abs(written - 0.5 * np.log(power)) < 2e-3


def test_frequencies_go_upwards(opened):
    """Row 0, of 0 Hz, is at the bottom of the map; that of a kernel is at the bottom of its table."""
    point(opened, "picture", 0.5 / 61, 0.999)
    assert "picture, row 0, column 0" in panel(opened)
    key_down = (
        "document.activeElement.dispatchEvent(new KeyboardEvent('keydown', {key: '%s', bubbles: true}))"
    )
    opened.value(f"{tile('picture')}.focus()")
    opened.value(key_down % "ArrowUp")
    settle(opened)
    assert "picture, row 1, column 0" in panel(opened)
    mark = opened.value("JSON.stringify(document.querySelector('.maps .mark.spot').getBoundingClientRect())")
    frame = opened.value(f"JSON.stringify({tile('picture')}.getBoundingClientRect())")
    mark, frame = json.loads(mark), json.loads(frame)
    middle = (mark["top"] + mark["bottom"]) / 2
    assert abs((frame["bottom"] - middle) / frame["height"] - 1.5 / 129) < 2e-3
    point(opened, "conv3", 0.5, 0.5)
    assert "Rows are drawn from below" in panel(opened)
    rows = opened.value(
        "[...document.querySelectorAll('#panel .trio table')[1].rows].map("
        "one => one.getBoundingClientRect().top)"
    )
    assert rows == sorted(rows, reverse=True)
    point(opened, "spectrogram", 0.5, 0.5)  # its rows are frames
    assert not opened.value("document.getElementById('panel').classList.contains('upright')")


def test_the_stretch_of_the_sound_that_a_pixel_depends_on(opened, model):
    """By hand: pool1 doubles, conv1 takes 7 columns, a column is 256 samples, one every 128."""
    point(opened, "conv2", 4.5 / 25, 0.5)
    first, last = 2 * 4, 2 * (4 + 2) + 1 + 6  # columns of the spectrogram
    assert (
        opened.value("document.querySelector('#seen .maps').dataset.field")
        == f"0 1 {128 * first} {128 * last + 256}"
    )
    said = panel(opened)
    assert "It depends on 1,664 samples of the sound: 0.128 s to 0.336 s." in said
    assert "Through normalise, whose mean and deviation are those of the whole sound" in said


def test_the_waveform_is_pointed_at_sample_by_sample(opened):
    heard = opened.value("[...Page.input.samples]")
    point(opened, "waveforms", 0.25, 0.5)
    at = opened.value("Page.view.at.x")
    assert abs(at - 2000) < 40
    assert f"sample {at:,}, at " in panel(opened)
    shown = float(opened.value("document.querySelector('#panel .result').innerText").replace("\u2212", "-"))
    assert abs(shown - heard[at]) < 1e-3
    opened.value("document.querySelector('#seen canvas').focus()")
    key(opened, "keyDown", "ArrowRight")
    settle(opened)
    assert opened.value("Page.view.at.x") == at + 1


@pytest.mark.parametrize(("width", "dark"), [(390, False), (820, True), (1440, False), (1440, True)])
def test_nothing_overflows_and_all_can_be_read(browser, page, width, dark):
    open_page(browser, page, width, dark=dark, phone=width == 390)
    assert browser.value("document.documentElement.scrollWidth <= innerWidth")
    assert browser.lowest_contrast() >= 4.5
    small = browser.value("""[...document.querySelectorAll('button, summary, input')].filter(one => {
        const {width, height} = one.getBoundingClientRect()
        return width && Math.min(width, height) < 24 && !one.classList.contains('title')
    }).map(one => one.outerHTML.slice(0, 80))""")
    assert [each for each in small if "answer-row" not in each] == []
    unnamed = browser.value("""[...document.querySelectorAll('button')].filter(
        one => !(one.getAttribute('aria-label') || one.textContent).trim()).length""")
    assert unnamed == 0
    if width == 390:  # the first map is on the first screen
        assert browser.value("document.querySelector('.layers canvas').getBoundingClientRect().top") < 850


def test_the_page_loads_nothing_and_allows_no_other_script(opened):
    policy = opened.value("document.querySelector('meta[http-equiv]').content")
    assert "default-src 'none'" in policy and policy.count("sha256-") == 2
    requests = [each["request"]["url"] for each in opened.named("Network.requestWillBeSent")]
    assert [url for url in requests if not url.startswith(("file:", "data:"))] == []


# ---- What is refused ----


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"model": LeNet5()}, "and no sound"),
        ({"sounds": np.zeros((2, 7000))}, "takes sounds of 8,000 samples, not of 7,000"),
        ({"sounds": np.full((1, 8000), 1.5)}, "values from -1 to 1, not up to 1.5"),
        ({"sounds": np.full((1, 8000), np.nan)}, "without nan"),
        ({"sounds": np.zeros((2, 3, 8000))}, r"sounds as \(n, samples\)"),
        ({"sampling_rate": 3}, "sampling_rate of 100 or more"),
        ({"sampling_rate": None}, "sampling_rate as a whole number"),
        ({"class_names": ["one"]}, "5 classes, and class_names has 1"),
        ({"captions": ["a", "b"]}, "2 captions for 1 sounds"),
        ({"answer": "map"}, "answer"),
        ({"path": "page.txt"}, ".html"),
    ],
)
def test_what_cannot_be_shown_gets_a_sentence(model, tmp_path, monkeypatch, change, said):
    monkeypatch.chdir(tmp_path)
    given = {"model": model, "sounds": np.zeros((1, 8000)), "path": "page.html", "sampling_rate": RATE}
    with pytest.raises(ModelError, match=said):
        write_sound_page(**given | change)
    assert list(tmp_path.iterdir()) == []


def test_any_length_is_that_of_the_examples(browser, tmp_path):
    inputs = keras.Input((None,))
    x = layers.Reshape((-1, 1))(inputs)
    x = layers.Conv1D(3, 5, activation="relu")(x)
    model = keras.Model(inputs, layers.Dense(2, activation="softmax")(layers.GlobalMaxPooling1D()(x)))
    with pytest.raises(ModelError, match="takes sounds of any length, give examples"):
        write_sound_page(model, np.zeros((0, 0)), tmp_path / "page.html", RATE)
    sound = np.random.default_rng(0).uniform(-1, 1, (1, 500)).astype("float32")
    write_sound_page(model, sound, tmp_path / "page.html", RATE)
    open_page(browser, tmp_path / "page.html")
    kept = (np.round(sound * 32767) / 32767).astype("float32")
    np.testing.assert_allclose(
        browser.value("[...Page.bars.shares]"), model.predict(kept, verbose=0)[0], atol=CLOSE
    )


def test_a_page_of_int8_computes_what_keras_does_with_these_weights(browser, model, sounds, tmp_path):
    written = write_sound_page(model, sounds[0][:2], tmp_path / "page.html", RATE, precision="int8")
    given = np.round(sounds[0][:1] * 32767) / 32767
    with rounded_weights(model, "int8", but=[model.get_layer("spectrogram")]):
        rounded = model.predict(given, verbose=0)[0]
    assert written.difference > 1e-5
    open_page(browser, tmp_path / "page.html")
    np.testing.assert_allclose(browser.value("[...Page.bars.shares]"), rounded, atol=CLOSE)


def test_half_precision_leaves_the_spectrogram_alone(model, sounds, tmp_path):
    full = write_sound_page(model, sounds[0], tmp_path / "full.html", RATE)
    half = write_sound_page(model, sounds[0], tmp_path / "half.html", RATE, precision="float16")
    assert half.size < full.size and full.difference == 0
    before = model.predict(sounds[0], verbose=0)
    changed = keras.models.clone_model(model)
    changed.set_weights(model.get_weights())
    for layer in changed.layers:
        if layer.name != "spectrogram":
            layer.set_weights([each.astype("float16").astype("float32") for each in layer.get_weights()])
    wanted = np.abs(changed.predict(sounds[0], verbose=0) - before).max()
    assert half.difference == pytest.approx(wanted, abs=1e-5) and half.difference > 0
    nodes = portable(model, precision="float16", sampling_rate=RATE)["nodes"]
    spectrogram = next(node for node in nodes if node["kind"] == "spectrogram")
    assert spectrogram["weights"]["window"]["type"] == "float32"
