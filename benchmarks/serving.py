"""Requests per second of the servers of docs/pages/serving.md, by turns with a plain Keras model.

    python -m benchmarks.serving

A classifier of ten classes is trained on embedded digits (in seconds; its accuracy does not matter here),
saved and exported. Each server runs alone; the plain one calls `model.predict` for each request. Clients on
the same machine, each on one connection, send a photo as soon as they have the answer to the last one; they
take a part of the processors. It needs bentoml, fastapi, uvicorn and the packages of both exports: see
requirements-extra.txt.
"""

import contextlib
import http.client
import json
import os
import re
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))  # this repository's models and datasets come first

from tutorials.lesson.command import LessonError, check_positive, run  # first: loads Keras quietly

import keras

from datasets import Photos, digits
from models import PhotoClassifier
from models.export import formats

ROOT = Path(__file__).parents[1]
PAGE = ROOT / "docs" / "pages" / "serving.md"
SIZE = 96
START = 120  # seconds at most until a server answers
BOUNDARY = "a-photo-ends-here"

# A server of two lines that a Keras user would write first
KERAS = """
import keras
model = keras.saving.load_model("outputs/fine_tune/model.keras")
def answer(content):
    return dict(zip(names, map(float, model.predict(read_square(content, size), verbose=0)[0])))
"""


def main(seconds: int = 5, rounds: int = 3, clients: tuple[int, ...] = (1, 8)) -> None:
    """Ask each server, by turns, and print requests per second and latencies.

    Args:
        seconds: How long each server is asked in a round.
        rounds: How many times the servers take their turn.
        clients: Numbers of clients that ask at the same time.
    """
    check_positive(seconds=seconds, rounds=rounds, clients=clients)
    for kind in formats.FILES:
        formats.check_export(kind)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        write_files(folder)
        write_classifier(folder)
        content = next(folder.glob("photos/**/*.png")).read_bytes()
        for count in clients:
            found = {server: ([], []) for server in SERVERS}
            for _ in range(rounds):
                for server in SERVERS:
                    with serving(folder, server) as port:
                        load(server, port, content, 1, count)  # the first answers are slow
                        times = load(server, port, content, seconds, count)
                    found[server][0].append(len(times) / seconds)
                    found[server][1].extend(times)
            print(
                f"\n{count} client{'s' * (count > 1)}  requests/s (mean ± sd)   median   99th percentile",
                flush=True,
            )
            for server, (rates, times) in found.items():
                spread = statistics.stdev(rates) if rounds > 1 else 0
                print(
                    f"{server:12} {statistics.mean(rates):10.1f} ± {spread:5.1f} "
                    f"{1000 * statistics.median(times):15.1f} ms {1000 * percentile(times, 0.99):10.1f} ms"
                )


def percentile(values, share):
    """The value below which a share of the values is.

    Args:
        values: List of numbers.
        share: From 0 to 1.

    Example:
        >>> percentile(list(range(1, 101)), 0.99)
        99
    """
    return sorted(values)[max(0, round(share * len(values)) - 1)]


def write_files(folder):
    """Write the programs that stand on the page, and the plain one, into a folder.

    Args:
        folder: Path of an existing folder.

    Returns:
        List of their names.
    """
    page, names = PAGE.read_text(encoding="utf-8"), []
    for block in re.finditer(r"^```python\n(.*?)^```", page, re.DOTALL | re.MULTILINE):
        names.append(re.findall(r"`(\w+\.py)`", page[: block.start()])[-1])
        (folder / names[-1]).write_text(block.group(1), encoding="utf-8")
    plain = (folder / "onnx_photos.py").read_text(encoding="utf-8")
    before, after = plain.index("network = "), plain.index("size = ")
    plain = plain[:before] + f"size = {SIZE}\n" + plain[plain.index("app = ", after) :]
    start, end = plain.index("def answer"), plain.index("@app.post")
    plain = plain[:start] + KERAS + "\n\n" + plain[end:]
    (folder / "keras_photos.py").write_text(plain.replace("import onnxruntime\n", ""), encoding="utf-8")
    package = folder / "glass_zoo"  # what an installation puts into site-packages
    package.mkdir()
    (package / "__init__.py").touch()
    for wing in "models", "datasets":
        (package / wing).symlink_to(ROOT / wing, target_is_directory=True)
    return names


def write_classifier(folder, size=SIZE):
    """Train a classifier of digits as colour photos, and write what `fine_tune --export` writes of one.

    Args:
        folder: Gets photos/ and outputs/fine_tune/.
        size: Height and width of its images.

    Returns:
        The `PhotoClassifier`.
    """
    results = folder / "outputs" / "fine_tune"
    results.mkdir(parents=True)
    digits.save_photos(folder / "photos", examples=8)
    backbone = keras.Sequential(
        [
            keras.Input((size, size, 3)),
            keras.layers.Rescaling(1 / 255),
            keras.layers.Conv2D(16, 3, 2, activation="relu"),
            keras.layers.SeparableConv2D(64, 3, 2, activation="relu"),
            keras.layers.SeparableConv2D(128, 3, 2, activation="relu"),
            keras.layers.GlobalAveragePooling2D(),
        ]
    )
    photos = Photos.check(folder / "photos" / "train", size)
    classifier = PhotoClassifier(backbone, image_size=size, flip=False, views=1)
    classifier.fit(photos, effort="quick")
    classifier.save(results / "model.keras")
    for file in formats.FILES.values():
        formats.export(classifier.model, results / file, size)
    (results / "labels.json").write_text(json.dumps(classifier.class_names), encoding="utf-8")
    return classifier


SERVERS = {
    "plain Keras": ("uvicorn", "keras_photos:app"),
    "BentoML": ("bentoml", "bento_photos:Photos"),
    "ONNX Runtime": ("uvicorn", "onnx_photos:app"),
    "LiteRT": ("uvicorn", "litert_photos:app"),
}


@contextlib.contextmanager
def serving(folder, server):
    """Start a server, wait until it answers, and stop it in the end.

    Args:
        folder: Where its files are.
        server: A name of `SERVERS`; or (program, application).

    Yields:
        The port of 127.0.0.1 that it listens on.
    """
    program, application = SERVERS.get(server, server)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    module = [program, "serve"] if program == "bentoml" else [program]
    command = [sys.executable, "-m", *module, application, "--host", "127.0.0.1", "--port", str(port)]
    surroundings = os.environ | {"PYTHONPATH": str(folder), "BENTOML_DO_NOT_TRACK": "True"}
    with open(folder / "server.log", "w+") as log:  # noqa: PTH123
        process = subprocess.Popen(
            command, cwd=folder, env=surroundings, stdout=log, stderr=log, start_new_session=True
        )
        try:
            _wait(process, port, program == "bentoml", log)
            yield port
        finally:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGTERM)
            try:
                process.wait(20)
            except subprocess.TimeoutExpired:
                os.killpg(process.pid, signal.SIGKILL)
                process.wait()


def _wait(process, port, bento, log):
    deadline = time.monotonic() + START
    while time.monotonic() < deadline and process.poll() is None:
        with contextlib.suppress(OSError, http.client.HTTPException):
            connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
            connection.request("GET", "/readyz" if bento else "/openapi.json")
            if connection.getresponse().status == 200:
                return
        time.sleep(0.2)
    log.seek(0)
    raise LessonError(f"The server does not start: {log.read()[-2000:]}")


def ask(connection, server, content):
    """Send a photo, and return what the server says.

    Args:
        connection: An `http.client.HTTPConnection`.
        server: A name of `SERVERS`.
        content: Bytes of an image file.

    Returns:
        (status, the answer's JSON).
    """
    kind, body = "application/octet-stream", content
    if server == "BentoML":
        kind = f"multipart/form-data; boundary={BOUNDARY}"
        head = 'Content-Disposition: form-data; name="photos"; filename="photo.png"\r\n\r\n'
        body = f"--{BOUNDARY}\r\n{head}".encode() + content + f"\r\n--{BOUNDARY}--\r\n".encode()
    connection.request("POST", "/classify", body, {"Content-Type": kind})
    response = connection.getresponse()
    return response.status, json.loads(response.read())


def load(server, port, content, seconds, clients):
    """Ask a server as often as it answers.

    Args:
        server: A name of `SERVERS`.
        port: Where it listens.
        content: Bytes of an image file.
        seconds: How long.
        clients: How many ask at the same time.

    Returns:
        List of the seconds that each answer took.
    """
    times, failed, end = [], [], time.perf_counter() + seconds

    def client():
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
        while (start := time.perf_counter()) < end:
            status, answer = ask(connection, server, content)
            times.append(time.perf_counter() - start)
            if status != 200:
                failed.append(answer)
                break

    threads = [threading.Thread(target=client) for _ in range(clients)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if failed or not times:
        raise LessonError(f"{server} answers with an error: {failed[:1]}")
    return times


if __name__ == "__main__":
    run(main)
