"""Where results go: outputs/LESSON/, the metrics file, the closing lines."""

import contextlib
import csv
import inspect
import json
import os
import platform
import shutil
import tempfile
import time
import weakref
from importlib import metadata
from pathlib import Path

from tutorials._command import LessonError

import keras
from matplotlib.animation import FuncAnimation, PillowWriter
from PIL import Image, ImageSequence

from datasets._names import safe

EXPECTED = Path(__file__).with_name("expected.json")
MANIFEST = ".files"  # what a run wrote, so that the next run knows what is not its own
# Settings that a band allows to vary
NO_PART_OF_A_BAND = {"data", "model", "outputs", "page", "resume", "seed"}


@contextlib.contextmanager
def writing(path):
    """Turn a disk's refusal into one sentence that names the file or folder."""
    try:
        yield
    except OSError as error:
        raise LessonError(
            f"{path} cannot be written ({(error.strerror or str(error)).lower()}); free some space there, "
            "or name another folder with --outputs."
        ) from error


class Report:
    """Collects what one run of a lesson produces, and puts it in place when all is there.

    Everything is written to a hidden folder beside the old results, which `close` replaces
    with it. A run that fails or is interrupted leaves the old results as they were.

    Args:
        main: The lesson's main function; its file names the lesson, its signature tells
            which settings are the defaults.
        settings: The arguments it was called with, `locals()` on its first line.

    Raises:
        LessonError: If the output folder cannot be written, or the seed is not a seed.
    """

    def __init__(self, main, settings):
        self.lesson = Path(inspect.getfile(main)).stem
        self.settings = dict(settings)
        self.folder = Path(settings["outputs"]) / self.lesson
        self._default = all(
            settings[name] == parameter.default
            for name, parameter in inspect.signature(main).parameters.items()
            if name not in NO_PART_OF_A_BAND
        )
        self._started = time.perf_counter()
        if not 0 <= settings["seed"] < 2**32:
            raise LessonError(f"--seed must be from 0 to 4294967295, not {settings['seed']}.")
        with writing(self.folder):
            if self.folder.exists() and not self.folder.is_dir():
                raise NotADirectoryError(0, "a file is in its place")
            self.folder.parent.mkdir(parents=True, exist_ok=True)
            self._draft = Path(tempfile.mkdtemp(prefix=f".{self.lesson}-", dir=self.folder.parent))
        self._clean_up = weakref.finalize(self, shutil.rmtree, self._draft, ignore_errors=True)

    def figure(self, name, axes):
        """Save a figure as NAME.png.

        Args:
            name: File name without its ending.
            axes: matplotlib Axes, or an array of those of one figure.
        """
        figure = getattr(axes, "flat", [axes])[0].figure
        with writing(self.folder / f"{name}.png"):
            figure.savefig(self._draft / f"{name}.png", dpi=150)

    def model(self, model, class_names):
        """Save a trained model as model.keras, and its class names, in index order, as labels.json.

        `python -m tutorials.predict` needs both.
        """
        with writing(self.folder / "model.keras"):
            model.save(self._draft / "model.keras")
        self._write_json("labels.json", list(class_names))

    def path(self, name):
        """Where to write a further file of this run: with the others it is put in place by `close`."""
        return self._draft / name

    @contextlib.contextmanager
    def writing(self, name):
        """The same, where a disk's refusal is to become one sentence: `with report.writing(...) as path`."""
        with writing(self.folder / name):
            yield self._draft / name

    def table(self, name, rows):
        """Save rows of text as NAME.csv, in which no spreadsheet finds a formula.

        Args:
            name: File name without its ending.
            rows: Sequences of values, the heads of the columns first.
        """
        with (
            writing(self.folder / f"{name}.csv"),
            (self._draft / f"{name}.csv").open("w", newline="", encoding="utf-8") as file,
        ):
            csv.writer(file).writerows([safe(cell, "csv") for cell in row] for row in rows)

    def animation(self, name, figure, draw, frames, frames_per_second=12):
        """Save a figure that moves as NAME.gif.

        Args:
            name: File name without its ending.
            figure: matplotlib Figure.
            draw: Function of a frame's number, from 0, that changes the figure to show it.
            frames: Number of frames; the last one stands still for two seconds.
            frames_per_second: Speed.
        """
        figure.draw_without_rendering()
        figure.set_layout_engine("none")  # laid out once, not anew for every frame
        moving = FuncAnimation(figure, draw, frames=frames, init_func=lambda: None)
        path = self._draft / f"{name}.gif"
        with writing(self.folder / path.name):
            moving.save(path, writer=PillowWriter(fps=frames_per_second), dpi=80)
            with Image.open(path) as film:
                shown = [frame.copy() for frame in ImageSequence.Iterator(film)]
            milliseconds = [frame.info["duration"] for frame in shown]  # alike frames were made one
            milliseconds[-1] += 2000
            shown[0].save(path, save_all=True, append_images=shown[1:], duration=milliseconds, loop=0)

    def close(self, source, examples, finding, **results):
        """Write metrics.json, put everything in place, and say what came out.

        Args:
            source: The `Source` that the data came from.
            examples: Number of examples used, for training and testing together.
            finding: What the run showed, in one sentence, computed from its results.
            **results: Every metric of the run, by name.

        Returns:
            What was written to metrics.json.
        """
        metrics = {
            "lesson": self.lesson,
            "results": {
                name: value if isinstance(value, int) else float(value) for name, value in results.items()
            },
            "settings": {
                name: str(value) if isinstance(value, Path) else value
                for name, value in self.settings.items()
            },
            "finding": finding,
            "data": {"source": str(source), "examples": examples},
            "environment": self.environment(),
            "seconds": round(time.perf_counter() - self._started, 2),
        }
        self._write_json("metrics.json", metrics)
        self._put_in_place()
        self._say(source, metrics["results"], finding)
        return metrics

    def environment(self):
        """What the run ran on: {name: value}."""
        return {
            "python": platform.python_version(),
            "keras": keras.version(),
            "backend": keras.backend.backend(),
            "backend_version": metadata.version(keras.backend.backend()),
            "processors": os.cpu_count(),
        }

    def _write_json(self, name, content):
        with writing(self.folder / name):
            text = json.dumps(content, indent=2, ensure_ascii=False) + "\n"
            (self._draft / name).write_text(text, encoding="utf-8")

    def _put_in_place(self):
        with writing(self.folder):
            written = sorted(file.name for file in self._draft.iterdir())
            (self._draft / MANIFEST).write_text("\n".join(written), encoding="utf-8")
            if self.folder.exists():
                self._keep_what_is_the_users()
                # Two renames: at every moment one complete set of results is on the disk
                old = self._draft.with_name(self._draft.name + "-old")
                self.folder.rename(old)
                self._draft.rename(self.folder)
                shutil.rmtree(old, ignore_errors=True)
            else:
                self._draft.rename(self.folder)
            self._clean_up.detach()
            self.folder.chmod(0o755)  # mkdtemp makes folders that only their owner can read

    def _keep_what_is_the_users(self):
        """Copy files over that no run wrote, such as a photo put beside the model."""
        with contextlib.suppress(FileNotFoundError):
            ours = (self.folder / MANIFEST).read_text(encoding="utf-8").split("\n")
            for file in self.folder.iterdir():
                target = self._draft / file.name
                if file.name not in ours and not target.exists():
                    copy = shutil.copytree if file.is_dir() else shutil.copy2
                    copy(file, target)

    def _say(self, source, results, finding):
        """The closing lines: each result and whether it lies in its band, then the finding."""
        bands = json.loads(EXPECTED.read_text(encoding="utf-8"))
        bands = bands.get(self.lesson, {}).get(source.name, {})
        bands = bands.get(self.settings.get("model", "default"), {})
        print("\nResults")
        width = max([24, *map(len, results)])
        for name, value in results.items():
            text = f"{value:,}" if isinstance(value, int) else f"{value:.4g}"
            if self._default and name in bands:
                low, high = bands[name]
                where = "inside" if low <= value <= high else "OUTSIDE"
                band = f"{where} the expected band, {low:,} to {high:,}"
                if low == high:
                    band = "as expected" if value == low else f"NOT the expected {low:,}"
                text = f"{text:<12} {band}"
            print(f"  {name:<{width}} {text}".rstrip())
        if not self._default:
            print("There is no expected band for other than the default settings.")
        elif not bands:
            print("There is no expected band for this data.")
        print(f"Figures and numbers are in {self.folder}.\n\n{finding}")
        if self.settings["quick"]:
            print("This was a quick run, on a sample: it shows every step, and its results say little.")
