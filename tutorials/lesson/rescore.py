"""Check saved models in a fresh process, on the photos' own files.

A training run computed with the model and the pixels in its memory. What the user keeps is files. A process
that has nothing but these files must predict the same probabilities; otherwise saving has failed, and it is
better to find out now.
"""

import contextlib
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

from tutorials.lesson.command import LessonError, run, without_notices  # first: loads Keras quietly

import numpy as np
from tyro.conf import Positional

from datasets import photos
from models import load_model
from models.export.formats import check_export

ALLOWED = {".keras": 1e-5, ".onnx": 1e-4, ".tflite": 1e-4}  # differences between probabilities
AT_ONCE = 64  # photos in a batch
BYTES_AT_ONCE = 256 << 20  # of photos that are read together: each reading goes through all file names
ROOT = Path(__file__).parents[2]


class Disagreement(LessonError):
    """A saved model predicts other probabilities than the trained model."""


def agreements(model_files, source, files, size, probabilities):
    """Compare saved models with the model that they were saved from, all in one fresh process.

    That process decodes the photos again, and predicts with Keras models (.keras), ONNX models (.onnx) and
    LiteRT models (.tflite).

    Args:
        model_files: Paths of saved models, each of which takes pixels in [0, 255].
        source: Where the photos are: what `photos.locate` returned, or takes.
        files: Their names, as in `photos.Photos.files`.
        size: Height and width of the squares that the model was trained on.
        probabilities: Array (n, classes), what the model itself predicts for these photos.

    Returns:
        {path: largest difference of any probability}.

    Raises:
        Disagreement: If one differs by more than 1e-5 (Keras) or 1e-4 (exports).
        LessonError: If one cannot be loaded or run, or the process dies. Nothing is left behind.
    """
    model_files = [Path(file) for file in model_files]
    content = {
        "models": [str(file.absolute()) for file in model_files],
        "source": str(photos.locate(source).path.absolute()),
        "files": [str(file) for file in files],
        "size": int(size),
    }
    try:
        with tempfile.TemporaryDirectory(prefix="rescore-") as folder:
            request = Path(folder) / "request.json"
            # JSON of ASCII alone: names that are no Unicode come through as they are
            request.write_text(json.dumps(content), encoding="ascii")
            _ask(request, " and ".join(file.name for file in model_files))
            found = [np.load(_probabilities_file(request, n)) for n in range(len(model_files))]
    except OSError as error:
        raise LessonError(
            f"The saved model cannot be checked in a fresh process ({error}); change that, and run again."
        ) from error
    return {
        file: _difference(file, each, files, np.asarray(probabilities))
        for file, each in zip(model_files, found, strict=True)
    }


def _ask(request, names):
    """Start the fresh process and wait for it; its error is raised here."""
    # -P and PYTHONPATH: this project's modules, whatever is in the current folder
    path = os.pathsep.join(filter(None, [str(ROOT), os.environ.get("PYTHONPATH")]))
    done = subprocess.run(
        [sys.executable, "-P", "-m", "tutorials.lesson.rescore", str(request)],
        env=os.environ | {"PYTHONPATH": path},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
    )
    printed = done.stderr.decode(errors="replace").strip().splitlines()
    if done.returncode == 1 and (errors := [line for line in printed if line.startswith("Error: ")]):
        raise LessonError(errors[0].removeprefix("Error: "))
    if done.returncode:
        how = f"signal {-done.returncode}" if done.returncode < 0 else f"code {done.returncode}"
        why = f" ({printed[-1][:200]})" if printed else ""
        raise LessonError(
            f"The fresh process that was to check {names} ended with {how}{why}, "
            "so whether saving worked is not known; run the lesson again."
        )


def _difference(file, found, files, probabilities):
    """The largest difference between two arrays (n, classes); a `Disagreement` if it is too large."""
    if found.shape != probabilities.shape:
        raise Disagreement(
            f"{file.name}, loaded again in a fresh process, gives probabilities of shape {found.shape}, and "
            f"the trained model {probabilities.shape}; do not use it, and run the lesson again."
        )
    differences = np.abs(found.astype("float64") - probabilities).max(-1)
    differences[np.isnan(differences)] = np.inf
    worst = int(differences.argmax())
    if differences[worst] > ALLOWED[file.suffix]:
        raise Disagreement(
            f"{file.name}, loaded again in a fresh process, predicts other probabilities than the trained "
            f"model: the largest difference is {differences[worst]:.2g}, for {files[worst]}, where "
            f"{ALLOWED[file.suffix]:g} is allowed; do not use it, and run the lesson again, with photos that "
            "nobody changes meanwhile."
        )
    return float(differences[worst])


def _probabilities_file(request, n):
    return request.with_name(f"probabilities-{n}.npy")


def main(request: Positional[Path]) -> None:
    """Run in the fresh process: read a request, and write the predictions of each model beside it.

    Args:
        request: File that `agreements` wrote.
    """
    asked = json.loads(request.read_text(encoding="ascii"))
    models = [(Path(file), _runner(Path(file)), []) for file in asked["models"]]
    files, size = asked["files"], asked["size"]
    read_at_once = max(AT_ONCE, BYTES_AT_ONCE // (3 * size * size))
    for start in range(0, len(files), read_at_once):
        pixels = photos.read_files(asked["source"], files[start : start + read_at_once], size)
        for n in range(0, len(pixels), AT_ONCE):
            batch = pixels[n : n + AT_ONCE].astype("float32")
            for file, score, rows in models:
                with _naming(file):
                    rows.append(score(batch))
    for n, (_, _, rows) in enumerate(models):
        np.save(_probabilities_file(request, n), np.concatenate(rows))


@contextlib.contextmanager
def _naming(file):
    """Turn whatever a runtime raises into one sentence that names the file."""
    try:
        yield
    except LessonError:
        raise
    except Exception as error:
        reason = " ".join(str(error).split())[:200] or type(error).__name__
        raise LessonError(
            f"{file.name} cannot be run in a fresh process ({reason}); "
            "do not use it, and run the lesson again."
        ) from error


def _runner(file):
    """Load a model; a function of pixels (batch, size, size, channels) gives its probabilities."""
    with _naming(file), without_notices():
        if file.suffix == ".keras":
            model = load_model(file)
            return lambda pixels: model.predict(pixels, verbose=0)
        if file.suffix == ".onnx":
            check_export("onnx")
            import onnxruntime

            options = onnxruntime.SessionOptions()
            options.log_severity_level = 4
            session = onnxruntime.InferenceSession(file, options, providers=["CPUExecutionProvider"])
            (taken,) = session.get_inputs()
            return lambda pixels: session.run(None, {taken.name: pixels})[0]
        check_export("litert")
        from ai_edge_litert.interpreter import Interpreter

        network = Interpreter(str(file), num_threads=os.cpu_count())
        (taken,), (given,) = network.get_input_details(), network.get_output_details()

    def score(pixels):
        network.resize_tensor_input(taken["index"], pixels.shape)
        network.allocate_tensors()
        network.set_tensor(taken["index"], pixels)
        network.invoke()
        return network.get_tensor(given["index"])

    return score


if __name__ == "__main__":
    run(main)
