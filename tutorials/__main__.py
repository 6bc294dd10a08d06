"""List the lessons in reading order: `python -m tutorials`."""

import ast
from pathlib import Path

from models.startup.surroundings import readable_output

# In reading order, with the minutes that a default run takes on two cores, start to end
LESSONS = {
    "convolution": 0.3,
    "x_or_o": 0.2,
    "losses": 1.0,
    "gradient_descent": 0.3,
    "dense_vs_conv": 0.3,
    "digits": 0.3,
    "receptive_field": 0.6,
    "look_inside": 1.1,
    "invariance": 0.8,
    "column_shuffle": 1.2,
    "sentiment": 0.7,
    "sound": 0.6,
    "video": 0.7,
    "few_examples": 0.7,
    "fine_tune": 0.4,
    "knobs": 1.3,
    "reinforcement": 1.1,
    "forgetting": 0.9,
}


def first_line(lesson):
    """The first line of a lesson's docstring, read without running it."""
    source = Path(__file__).with_name(f"{lesson}.py").read_text(encoding="utf-8")
    return ast.get_docstring(ast.parse(source)).partition("\n")[0]


def main():
    """Print the lessons with their minutes and first lines, and what can be done with their results."""
    print("The lessons of Glass Zoo, in reading order:\n")
    for lesson, minutes in LESSONS.items():
        print(f"  python -m tutorials.{lesson:<16} {minutes:>4} min  {first_line(lesson)}")
    print("\nEach takes --help. Afterwards:")
    for example in (
        "digits photo.png",
        "sound recording.wav",
        'sentiment "What a film!"',
        "fine_tune photo.jpg more/",
    ):
        print(f"  python -m tutorials.predict outputs/{example}")
    print("  python -m tutorials.look_inside --load outputs/fine_tune --data photos/ --page")


if __name__ == "__main__":
    with readable_output():
        main()
