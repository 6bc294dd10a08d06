"""What all tests share: no network, no user's data, a Keras that starts quietly."""

import base64
import gc
import importlib.util
import json
import os
import select
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

# Only tests marked slow may see the user's data. Each process of the tests takes it out of its
# environment, and leaves it for those that it starts under a name that nothing else reads
USERS_DATA = os.environ.pop("GLASS_ZOO_DATA", None) or os.environ.get("GLASS_ZOO_TESTS_DATA")
os.environ |= {"GLASS_ZOO_TESTS_DATA": USERS_DATA} if USERS_DATA else {}

ROOT = Path(__file__).parents[1]


@pytest.hookimpl(tryfirst=True)
def pytest_configure(config):
    """Load Keras without TensorFlow's start-up notices, in each process that runs tests.

    Processes side by side share the cores, so that the threads of one wait for those of the others. The slow
    tests, whole trainings, keep TensorFlow's: there a user's run is repeated as it is.
    """
    if config.option.dist != "no" and not hasattr(config, "workerinput"):  # it hands the tests out to others
        os.environ.setdefault("OMP_NUM_THREADS", "1")  # for scikit-learn; the others inherit it
        if "not slow" in config.option.markexpr:
            os.environ.setdefault("TF_NUM_INTRAOP_THREADS", "1")
        return
    import tutorials.lesson.command  # noqa: F401

    gc.freeze()  # look for no garbage in TensorFlow's million objects, as a lesson's own process does not


def pytest_collection_finish():
    """The modules of all tests stay, too; and what a test makes is small: look for its garbage less often."""
    gc.freeze()
    gc.set_threshold(10_000, 20, 20)


def pytest_addoption(parser):
    """Settings of the tests in attacks/, for which see the README, and of CI."""
    parser.addoption("--no-skips", action="store_true", help="let tests that are skipped fail")
    group = parser.getgroup("attacks")
    group.addoption(
        "--attack-seconds", type=float, default=60, metavar="N", help="how long the fuzzers run, all together"
    )
    group.addoption(
        "--attack-seed", type=int, metavar="N", help="try this one case only, of each kind that -k chooses"
    )


def pytest_xdist_auto_num_workers():
    """A worker more than processors: some tests wait for a browser, a server or another process."""
    return 1 + (os.cpu_count() or 1)


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item):
    """With --no-skips a skipped test has failed: what it needs should be there."""
    report = (yield).get_result()
    if report.skipped and item.config.getoption("--no-skips") and not hasattr(report, "wasxfail"):
        report.outcome, report.longrepr = "failed", f"skipped: {report.longrepr[2]}"


def pytest_terminal_summary(terminalreporter):
    """Say what the fuzzers tried, also where nothing failed."""
    for outcome in "passed", "failed":
        for report in terminalreporter.getreports(outcome):
            for name, text in getattr(report, "user_properties", ()):
                if name == "attack" and report.when == "call":
                    terminalreporter.write_line(text)


@pytest.fixture(scope="session")
def _keras_homes(tmp_path_factory):
    """One folder for the thousands of the next fixture: pytest looks through all beside a new one."""
    return tmp_path_factory.mktemp("keras")


@pytest.fixture(autouse=True)
def _own_keras_home(_keras_homes, monkeypatch):
    """Keep downloads away from the user's cache, and from the network."""
    monkeypatch.setenv("KERAS_HOME", tempfile.mkdtemp(dir=_keras_homes))
    monkeypatch.setattr("datasets.digits.ORIGIN", "http://127.0.0.1:9/mnist.npz")
    monkeypatch.setattr("datasets.reviews.ORIGIN", "http://127.0.0.1:9/")
    monkeypatch.setattr("models.pretrained.published.ORIGIN", "http://127.0.0.1:9/")


@pytest.fixture(scope="module")
def _freeze_again():
    """After `collect` has unfrozen TensorFlow's objects, freeze them for the next file's tests."""
    yield
    gc.collect()
    gc.freeze()


@pytest.fixture
def collect(_freeze_again):
    """A `gc.collect` that looks only at what this test makes: over all of TensorFlow it takes a second."""
    gc.freeze()
    yield gc.collect
    gc.unfreeze()


@pytest.fixture(scope="session")
def root():
    """The project's top folder."""
    return ROOT


def _beside(name):
    """A module of helpers that lies beside this file."""
    spec = importlib.util.spec_from_file_location(name, ROOT / "tests" / f"{name}.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="session")
def disk():
    """The module `disk_snapshots`, beside this file."""
    return _beside("disk_snapshots")


@pytest.fixture(scope="session")
def docstrings():
    """The module `docstrings`, beside this file."""
    return _beside("docstrings")


@pytest.fixture(scope="session")
def claims():
    """The module `claims`, beside the tests of the lessons."""
    return _beside("tutorials/claims")


@pytest.fixture(scope="session")
def mnist_folder():
    """The folder with real MNIST that GLASS_ZOO_DATA names, for tests marked slow."""
    if not USERS_DATA:
        pytest.skip("set GLASS_ZOO_DATA to a folder that holds mnist.npz")
    return Path(USERS_DATA).resolve()


@pytest.fixture(scope="session")
def ants_folder():
    """Real photos of ants and bees in the folder that GLASS_ZOO_DATA names, for tests marked slow."""
    found = sorted(Path(USERS_DATA).glob("ants_bees*")) if USERS_DATA else []
    if not found:
        pytest.skip("set GLASS_ZOO_DATA to a folder that holds ants_bees, or an archive of it")
    return found[0].resolve()


@pytest.fixture(scope="session")
def small_photos():
    """Real photos of 32 pixels in four classes, in the folder that GLASS_ZOO_DATA names, for slow tests."""
    found = sorted(Path(USERS_DATA).glob("small_photos*")) if USERS_DATA else []
    if not found:
        pytest.skip("set GLASS_ZOO_DATA to a folder that holds small_photos, or an archive of it")
    return found[0].resolve()


@pytest.fixture(scope="session")
def imdb_folder():
    """The folder with the real movie reviews that GLASS_ZOO_DATA names, for tests marked slow."""
    if not USERS_DATA or not list(Path(USERS_DATA).glob("aclImdb*")):
        pytest.skip("set GLASS_ZOO_DATA to a folder that holds aclImdb, or an archive of it")
    return Path(USERS_DATA).resolve()


PASS_PIPES = """
import fcntl, os, sys
pipes = [fcntl.fcntl(int(one), fcntl.F_DUPFD, 10) for one in sys.argv[1:3]]
os.dup2(pipes[0], 3)  # here the browser reads commands
os.dup2(pipes[1], 4)  # and there it answers
os.execv(sys.argv[3], sys.argv[3:])
"""


class Browser:
    """A headless Chromium with one tab, spoken to in its DevTools protocol through two pipes.

    More flags of the program may be given.

    Attributes:
        events: What it has reported since the last page was opened: dicts with "method" and "params".
    """

    def __init__(self, program, home, *more):
        commands, self._commands = os.pipe()
        self._answers, answers = os.pipe()
        flags = [
            "--headless",
            "--no-sandbox",
            "--disable-gpu",
            "--disable-dev-shm-usage",
            "--hide-scrollbars",
            "--force-prefers-reduced-motion",  # nothing moves by itself
        ]
        # A sandbox fails in a container
        flags += ["--remote-debugging-pipe", f"--user-data-dir={home}", *more]
        self._process = subprocess.Popen(
            [sys.executable, "-c", PASS_PIPES, str(commands), str(answers), program, *flags],
            pass_fds=(commands, answers),
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        os.close(commands)
        os.close(answers)
        self._read, self._count, self._session, self.events = b"", 0, None, []
        tab = self.send("Target.createTarget", url="about:blank")["targetId"]
        self._session = self.send("Target.attachToTarget", targetId=tab, flatten=True)["sessionId"]
        for domain in ("Page", "Network", "Runtime", "Log"):
            self.send(f"{domain}.enable")

    def send(self, method, **params):
        """Send a command and wait for its result."""
        self._count += 1
        message = {"id": self._count, "method": method, "params": params}
        message |= {"sessionId": self._session} if self._session else {}
        os.write(self._commands, json.dumps(message).encode() + b"\0")
        while (answer := self._receive()).get("id") != self._count:
            self.events.append(answer)
        assert "error" not in answer, answer["error"]
        return answer["result"]

    def open(self, url):
        """Open a page and wait until it has loaded."""
        self.events.clear()
        self.send("Page.navigate", url=url)
        while not self.named("Page.loadEventFired"):
            self.events.append(self._receive())

    def named(self, *methods):
        """Params of the events of these names."""
        return [event["params"] for event in self.events if event.get("method") in methods]

    def value(self, expression):
        """What a JavaScript expression is worth in the page."""
        result = self.send("Runtime.evaluate", expression=expression, returnByValue=True, awaitPromise=True)
        assert "exceptionDetails" not in result, result["exceptionDetails"]
        return result["result"].get("value")

    def show(self, width, dark=False, phone=False):
        """Set the width of the window in CSS pixels, and whether the user prefers dark colours."""
        metrics = {"width": width, "height": 850, "deviceScaleFactor": 1, "mobile": phone}
        self.send("Emulation.setDeviceMetricsOverride", **metrics)
        scheme = {"name": "prefers-color-scheme", "value": "dark" if dark else "light"}
        self.send("Emulation.setEmulatedMedia", features=[scheme])

    def lowest_contrast(self):
        """Contrast after WCAG, of the worst text against the first background behind it."""
        return self.value("""(() => {
        const numbers = colour => colour.match(/[\\d.]+/g).map(Number)
        const light = colour => {
            const [r, g, b] = numbers(colour).slice(0, 3).map(v => v / 255).map(
                v => v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4)
            return 0.2126 * r + 0.7152 * g + 0.0722 * b
        }
        const behind = element => {
            const colour = getComputedStyle(element).backgroundColor
            return numbers(colour)[3] === 0 && element.parentElement ? behind(element.parentElement) : colour
        }
        const contrasts = [...document.querySelectorAll('body *')].filter(
            one => [...one.childNodes].some(node => node.nodeType === 3 && node.data.trim())).map(one => {
                const both = [light(getComputedStyle(one).color), light(behind(one))]
                return (Math.max(...both) + 0.05) / (Math.min(...both) + 0.05)
            })
        return Math.min(...contrasts)
    })()""")

    def longest_task(self, action):
        """Milliseconds of processor time of the page's longest task while an action runs.

        What other processes take does not count. Earlier events are forgotten.
        """
        categories = ["toplevel", "devtools.timeline", "disabled-by-default-devtools.timeline"]
        self.send("Tracing.start", traceConfig={"includedCategories": categories})
        action()
        self.events.clear()
        self.send("Tracing.end")
        while not self.named("Tracing.tracingComplete"):
            self.events.append(self._receive())
        events = [event for part in self.named("Tracing.dataCollected") for event in part["value"]]
        self.events.clear()
        names = {
            (one["pid"], one["tid"]): one["args"]["name"] for one in events if one["name"] == "thread_name"
        }
        tasks = [one for one in events if one["name"].endswith("RunTask") and "tdur" in one]
        return max(
            one["tdur"] / 1000 for one in tasks if names.get((one["pid"], one["tid"])) == "CrRendererMain"
        )

    def picture(self):
        """A PNG of what the window shows."""
        return base64.b64decode(self.send("Page.captureScreenshot", format="png")["data"])

    def close(self):
        self._session = None
        self.send("Browser.close")
        self._process.wait(20)
        os.close(self._commands)
        os.close(self._answers)

    def _receive(self):
        while b"\0" not in self._read:
            waiting, *_ = select.select([self._answers], [], [], 60)
            more = os.read(self._answers, 1 << 16) if waiting else b""
            assert more, "the browser has gone, or hangs"
            self._read += more
        message, _, self._read = self._read.partition(b"\0")
        return json.loads(message)


def chromium():
    """The program of a Chromium, or None."""
    names = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
    return next(filter(None, map(shutil.which, names)), None)


@pytest.fixture(scope="session")
def start_browser(tmp_path_factory):
    """A function that starts a real browser with flags, if one is installed; all are closed in the end."""
    program, started = chromium(), []
    if not program or os.name != "posix":
        pytest.skip("no Chromium is installed (on Debian: apt-get install chromium)")

    def start(*flags):
        started.append(Browser(program, tmp_path_factory.mktemp("browser"), *flags))
        return started[-1]

    yield start
    for browser in started:
        browser.close()


@pytest.fixture(scope="session")
def browser(start_browser):
    """A real browser, where one is installed."""
    return start_browser()


@pytest.fixture(scope="session")
def published_mobilenet():
    """The weights of a MobileNet of a quarter of the features, as Keras publishes them, for slow tests."""
    file = Path(USERS_DATA or "nowhere") / "mobilenet_2_5_224_tf_no_top.h5"
    if not file.is_file():
        pytest.skip(f"set GLASS_ZOO_DATA to a folder that holds {file.name}")
    return file.resolve()
