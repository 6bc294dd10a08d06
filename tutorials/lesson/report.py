"""Where results go: outputs/LESSON/, the metrics file, the closing lines, figures in a notebook."""

import contextlib
import csv
import inspect
import json
import os
import platform
import shlex
import sys
import time
from importlib import metadata
from pathlib import Path

from tutorials.lesson.command import LessonError, begun

import keras
from matplotlib.animation import FuncAnimation, PillowWriter
from matplotlib.backends.backend_agg import FigureCanvasAgg
from PIL import Image, ImageSequence

from datasets.files.names import safe
from models.loading.saved_classifiers import save_classifier
from tutorials.lesson import notebook
from tutorials.lesson.conclusions import changed_settings, judged
from tutorials.lesson.drafts import Draft
from tutorials.lesson.fonts import missing_letters, use_installed_fonts
from tutorials.lesson.limits import check_kinds
from tutorials.lesson.outcome import Outcome
from tutorials.lesson.results import writing

__all__ = ["Outcome", "Report", "as_unicode", "writing"]


def as_unicode(value):
    """A text that can be encoded: bytes of a file name that are no Unicode are written with backslashes."""
    return str(value).encode("utf-8", "backslashreplace").decode("utf-8")


def predict_command(folder, inputs):
    """The command line that classifies with a lesson's results, to be printed in the project's folder.

    A notebook often runs elsewhere: there the results are named by their whole path.

    Args:
        folder: The results.
        inputs: What is to be classified, as the command line has it.
    """
    folder = Path(folder).absolute() if notebook.kernel() else folder
    return f"python -m tutorials.predict {shlex.quote(as_unicode(folder))} {inputs}"


class Report:
    """Collects the results of one run of a lesson, and puts them in place when all are complete.

    Everything is written to a hidden folder beside the old results, which `close` exchanges with it. A run
    that fails or is interrupted leaves the old results unchanged; the model that it has trained by then is
    kept in a folder of its own. The next run removes what a killed run left.

    Args:
        main: The lesson's main function; its file names the lesson, its signature tells
            which settings are the defaults.
        settings: The arguments of this call, `locals()` on its first line.

    Attributes:
        folder: Where the results go, as the user names it.
        settings: {name: value}, as they are written to metrics.json.
        scratch: A folder for temporary files; it is removed at the end of the run.

    Raises:
        LessonError: If a setting is of another kind than it takes, if the output folder cannot be written or
            holds files that no run made, if a setting names a file in it, or if the seed is out of range.
    """

    def __init__(self, main, settings):
        check_kinds(main, settings)
        self.lesson = Path(inspect.getfile(main)).stem
        self.settings = {  # as JSON has them
            name: _plain(value) for name, value in settings.items()
        }
        self.folder = Path(settings["outputs"]) / self.lesson
        self._default = not changed_settings(main, settings)
        self._begun = begun()
        self._model, self._figures, self._said = None, {}, set()  # the first two `finish` returns
        use_installed_fonts()
        if not 0 <= settings["seed"] < 2**32:
            raise LessonError(f"seed= must be from 0 to 4294967295, not {settings['seed']}.")
        self._draft = Draft(self.folder, self.lesson, settings)
        self.scratch = self._draft.scratch

    def figure(self, name, axes):
        """Save a figure as NAME.png, and show it if this is a notebook.

        Args:
            name: File name without its ending.
            axes: matplotlib Axes, or an array of those of one figure.
        """
        figure = getattr(axes, "flat", [axes])[0].figure
        with self.writing(f"{name}.png") as path, missing_letters(self._said):
            _save_png(figure, path, dpi=150)
        self._figures[name] = figure
        notebook.show_figure(figure, name)

    def model(self, model, class_names, about=None):
        """Save a trained model as model.keras, and its class names, in index order, as labels.json.

        `python -m tutorials.predict` needs both. From here on the model is kept, in a folder of its own if
        the run is not completed.

        Args:
            model: A built model.
            class_names: In index order.
            about: What model.keras holds beside the model, an `About`; None for nothing.
        """
        with self.writing("model.keras") as path:
            if about is None:
                model.save(path)
            else:
                save_classifier(model, path, about)
        self._model = model
        self._write_json("labels.json", [as_unicode(name) for name in class_names])
        self._write_json("metrics.json", self._metrics({}, "The run was not completed.", None))
        self._draft.save("model")

    def seconds(self):
        """Seconds since the run began; those that Keras took to load are among those of a command."""
        return time.perf_counter() - self._begun

    def path(self, name):
        """Where to write another file of this run; `close` puts it in place with the others."""
        return self._draft.results / name

    @contextlib.contextmanager
    def writing(self, name):
        """Like `path`, but errors of the disk become one sentence: `with report.writing(...) as path`.

        If the block fails, the incomplete file is removed.
        """
        path = self.path(name)
        try:
            with writing(self.folder / name):
                yield path
        except BaseException:
            with contextlib.suppress(OSError):
                path.unlink(missing_ok=True)
            raise

    @contextlib.contextmanager
    def unless_it_fails(self, what, passes=()):
        """Print in one sentence what the block cannot do, and go on: the model is worth more than a figure.

        Args:
            what: What the block makes, such as "report.html".
            passes: Kinds of errors that end the run all the same.
        """
        try:
            yield
        except passes:
            raise
        except Exception as error:  # whatever a name, a font or a disk can cause
            reason = " ".join(str(error).split())[:300].rstrip(".") or type(error).__name__
            print(
                as_unicode(f"No {what} ({reason}); the model and its metrics are kept."),
                file=sys.stderr,
                flush=True,
            )

    def table(self, name, rows):
        """Save rows of text as NAME.csv; no spreadsheet runs a cell of it as a formula.

        Args:
            name: File name without its ending.
            rows: Sequences of values, the names of the columns first.
        """
        with (
            writing(self.folder / f"{name}.csv"),
            self.path(f"{name}.csv").open("w", newline="", encoding="utf-8") as file,
        ):
            csv.writer(file).writerows([safe(cell, "csv") for cell in row] for row in rows)

    def animation(self, name, figure, draw, frames, frames_per_second=12):
        """Save a figure that moves as NAME.gif, and show it if this is a notebook.

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
        with self.writing(f"{name}.gif") as path:
            moving.save(path, writer=PillowWriter(fps=frames_per_second), dpi=80)
            with Image.open(path) as film:
                shown = [frame.copy() for frame in ImageSequence.Iterator(film)]
            milliseconds = [frame.info["duration"] for frame in shown]  # equal frames were merged
            milliseconds[-1] += 2000
            shown[0].save(path, save_all=True, append_images=shown[1:], duration=milliseconds, loop=0)
        self._figures[name] = figure
        notebook.show_file(path, notebook.title_of(figure))

    def close(self, source, examples, finding, **results):
        """Write metrics.json, put everything in place, and print the results.

        Args:
            source: The `Source` that the data came from.
            examples: Number of examples used, for training and testing together.
            finding: What the run shows, in one sentence, computed from its results.
            **results: Every metric of the run, by name.

        Returns:
            The `Outcome` of the run, which `main` returns.
        """
        self._note(source, examples, finding, results)
        return self.finish()

    def record(self, source, examples, finding, **results):
        """Write metrics.json, which is kept as the model is; the arguments are those of `close`."""
        self._note(source, examples, finding, results)
        self._draft.save("model")

    def _note(self, source, examples, finding, results):
        results = {name: value if isinstance(value, int) else float(value) for name, value in results.items()}
        data = {"source": as_unicode(source), "examples": examples}
        self._recorded = self._metrics(results, as_unicode(finding), data)
        if self._default:
            model = self.settings.get("model", "default")
            self._recorded |= judged(self.lesson, source.name, model, results)
        self._write_json("metrics.json", self._recorded)

    def finish(self):
        """Put everything in place, and print the results; returns the `Outcome` of the run."""
        self._draft.save("complete")
        self._draft.place()
        outcome = Outcome(self._recorded, self._model, self._figures, self.folder)
        self._say(outcome)
        return outcome

    def _metrics(self, results, finding, data):
        return {
            "lesson": self.lesson,
            "results": results,
            "bands": {},  # these two stay empty where nothing is expected
            "conclusions": [],
            "settings": {
                name: as_unicode(value) if isinstance(value, (str, Path)) else value
                for name, value in self.settings.items()
            },
            "finding": finding,
            "data": data,
            "environment": self.environment(),
            "seconds": round(self.seconds(), 2),
        }

    def environment(self):
        """Versions and hardware that the run used: {name: value}."""
        return {
            "python": platform.python_version(),
            "keras": keras.version(),
            "backend": keras.backend.backend(),
            "backend_version": metadata.version(keras.backend.backend()),
            "processors": os.cpu_count(),
        }

    def _write_json(self, name, content):
        text = json.dumps(content, indent=2, ensure_ascii=False) + "\n"
        begun = self.path(f"{name}.draft")  # an earlier one stays until this is complete
        try:
            with writing(self.folder / name):
                begun.write_text(text, encoding="utf-8")
                begun.replace(self.path(name))
        finally:
            begun.unlink(missing_ok=True)

    def _say(self, outcome):
        """Print the closing lines: each result with its band, what does not hold, then the finding."""
        print("\nResults", *outcome.lines(), sep="\n")
        if not self._default:
            print("There is no expected band for other than the default settings.")
        elif not outcome.bands:
            print("There is no expected band for this model on this data.")
        else:
            print("Expected bands are the mean ± 4 standard deviations over several seeds.")
        print(*outcome.conclusion_lines(), sep="\n", end="\n" if outcome.conclusions else "")
        print(f"Figures and numbers are in {safe(self.folder, 'terminal', 4096)}.\n\n{outcome.finding}")
        if self.settings["quick"]:
            print("This was a quick run, on a sample: it shows every step, and its results say little.")


def print_next_steps(folder, noun, command):
    """Say how to go on with what a run left: label examples, open the report, or classify some.

    Args:
        folder: The run's results.
        noun: What is classified, such as "photos".
        command: The command that classifies some.
    """
    if (questions := folder / "label.html").exists():
        print(f"Label {noun} in {safe(questions, 'terminal')}; it saves a table to train on.")
    page, command = folder / "report.html", safe(command, "terminal", 400)
    if page.exists():
        print(f"Open {safe(page, 'terminal')}, or classify {noun}: {command}")
    else:
        print(f"Classify {noun}: {command}")


def _plain(value):
    if isinstance(value, (str, Path)):
        return as_unicode(value)
    return [_plain(each) for each in value] if isinstance(value, tuple) else value


def _save_png(figure, path, dpi):
    """Write what `figure.savefig` writes, which draws twice: once to lay out, and once more to write."""
    before = figure.dpi
    figure.set_dpi(dpi)
    try:
        FigureCanvasAgg(figure).print_png(path)
    finally:
        figure.set_dpi(before)
