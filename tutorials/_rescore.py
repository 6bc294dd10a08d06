"""Score saved models again, in a fresh process, on the photos' own files.

What a training run computed came from its memory: its network, its pixels. What the user keeps is
files. A process that knows nothing but those files must come to the same probabilities;
otherwise something went wrong in between, and nobody should find out later.
"""

import json
import os
import subprocess
import sys
import tempfile
from dataclasses import asdict
from pathlib import Path

from tutorials._command import LessonError  # first: loads Keras quietly

import numpy as np

from datasets import Source, photos

ALLOWED = {".keras": 1e-5, ".onnx": 1e-4, ".tflite": 1e-4}  # of difference between probabilities
AT_ONCE = 64  # photos that are read and scored together
ROOT = Path(__file__).parents[1]


def agreement(model_file, source, files, size, probabilities):
    """Hold one saved model against the network that it was saved from; see `agreements`."""
    return agreements([model_file], source, files, size, probabilities)[Path(model_file)]


def agreements(model_files, source, files, size, probabilities):
    """Hold saved models against the network that they were saved from, all in one fresh process.

    That process decodes the photos again, runs Keras models (.keras), ONNX models (.onnx) and
    LiteRT models (.tflite) on them, and hands back what each says.

    Args:
        model_files: Paths of saved models, each of which takes pixels in [0, 255].
        source: The `Source` of the photos.
        files: Their names, as `photos.check` gives them.
        size: Height and width at which the network was trained.
        probabilities: Array (n, classes), what the network itself says of these photos.

    Returns:
        {path: largest difference of any probability}.

    Raises:
        LessonError: If one differs by more than 1e-5 (Keras) or 1e-4 (exports), or cannot be
            loaded or run, or the process dies. Nothing is left behind.
    """
    model_files = [Path(file) for file in model_files]
    names = " and ".join(file.name for file in model_files)
    with tempfile.TemporaryDirectory(prefix="rescore-") as folder:
        request = Path(folder) / "request.json"
        request.write_text(  # ASCII, so that names that are no Unicode come through as they are
            json.dumps(
                {
                    "models": [str(file.absolute()) for file in model_files],
                    "source": asdict(source) | {"path": source.path and str(Path(source.path).absolute())},
                    "files": list(files),
                    "size": int(size),
                }
            ),
            encoding="ascii",
        )
        # -P and PYTHONPATH: this project's `datasets`, whatever the current folder holds
        done = subprocess.run(
            [sys.executable, "-P", "-m", "tutorials._rescore", str(request)],
            env=os.environ
            | {"PYTHONPATH": os.pathsep.join(filter(None, [str(ROOT), os.environ.get("PYTHONPATH")]))},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
        )
        said = done.stderr.decode(errors="replace").strip().splitlines()
        if done.returncode == 1 and said and said[-1].startswith("Error: "):
            raise LessonError(said[-1].removeprefix("Error: "))
        if done.returncode:
            how = f"signal {-done.returncode}" if done.returncode < 0 else f"code {done.returncode}"
            raise LessonError(
                f"The fresh process that should check {names} ended with {how}"
                f"{f' ({said[-1]})' if said else ''}, so nothing is known about it; run the lesson again."
            )
        answers = [np.load(_answer(request, n)) for n in range(len(model_files))]
    return {
        file: _difference(file, answer, files, np.asarray(probabilities))
        for file, answer in zip(model_files, answers, strict=True)
    }


def _difference(file, answer, files, probabilities):
    """The largest difference between two arrays (n, classes), or a loud failure."""
    if answer.shape != probabilities.shape:
        raise LessonError(
            f"{file.name}, loaded again in a fresh process, gives probabilities of shape {answer.shape}, and "
            f"the network that was trained {probabilities.shape}; do not use it, and run the lesson again."
        )
    differences = np.abs(answer.astype("float64") - probabilities).max(-1)
    differences[np.isnan(differences)] = np.inf
    worst = int(differences.argmax())
    if differences[worst] > ALLOWED[file.suffix]:
        raise LessonError(
            f"{file.name}, loaded again in a fresh process, says something else than the network that was "
            f"trained: the largest difference of a probability is {differences[worst]:.2g}, for "
            f"{files[worst]}, where {ALLOWED[file.suffix]:g} is allowed; do not use it, and run the lesson "
            "again, with photos that nobody changes meanwhile."
        )
    return float(differences[worst])


def _answer(request, n):
    return Path(request).with_name(f"probabilities-{n}.npy")


def _score(request):
    """The fresh process: read its request, and write the probabilities of each model beside it."""
    asked = json.loads(Path(request).read_text(encoding="ascii"))
    source = asked["source"]
    source = Source(**source | {"path": source["path"] and Path(source["path"])})
    runners = {".keras": _keras_runner, ".onnx": _onnx_runner, ".tflite": _litert_runner}
    models = []
    for file in map(Path, asked["models"]):
        with _naming(file):
            models.append((file, runners[file.suffix](file), []))
    for n in range(0, len(asked["files"]), AT_ONCE):
        pixels = photos.read_files(source, asked["files"][n : n + AT_ONCE], asked["size"])
        for file, run, rows in models:
            with _naming(file):
                rows.append(run(pixels.astype("float32")))
    for n, (_, _, rows) in enumerate(models):
        np.save(_answer(request, n), np.concatenate(rows))
