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
    "classify_texts": 0.4,
    "knobs": 1.3,
    "word2vec": 1.2,
    "gan": 1.6,
    "reinforcement": 0.9,
    "forgetting": 0.6,
    "labels": 0.4,
}

# The parts of the course: the first lesson of each
PARTS = {
    "Seeing": "convolution",
    "Learning": "losses",
    "Sequences": "sentiment",
    "Small data": "few_examples",
    "Beyond": "word2vec",
}
# The lessons that each one builds on
BUILDS_ON = {
    "x_or_o": ("convolution",),
    "gradient_descent": ("losses",),
    "dense_vs_conv": ("convolution",),
    "digits": ("losses", "dense_vs_conv"),
    "receptive_field": ("digits",),
    "look_inside": ("digits",),
    "invariance": ("digits",),
    "column_shuffle": ("dense_vs_conv",),
    "sentiment": ("gradient_descent",),
    "sound": ("digits",),
    "video": ("digits", "sentiment"),
    "few_examples": ("digits",),
    "fine_tune": ("few_examples",),
    "classify_texts": ("sentiment",),
    "knobs": ("digits",),
    "word2vec": ("sentiment",),
    "gan": ("digits",),
    "reinforcement": ("gradient_descent",),
    "forgetting": ("digits",),
    "labels": ("few_examples",),
}


def in_parts(lessons=LESSONS):
    """The lessons by parts of the course.

    Args:
        lessons: Names; by default all.

    Returns:
        {part: list of lessons}; parts without any are left out.

    Example:
        >>> from tutorials.__main__ import in_parts
        >>> in_parts(["convolution", "sound"])
        {'Seeing': ['convolution'], 'Sequences': ['sound']}
    """
    begins = {first: part for part, first in PARTS.items()}
    part, found = next(iter(PARTS)), {}
    for lesson in LESSONS:
        part = begins.get(lesson, part)
        if lesson in lessons:
            found.setdefault(part, []).append(lesson)
    return found


def first_line(lesson):
    """The first line of a lesson's docstring, read without running it."""
    source = Path(__file__).with_name(f"{lesson}.py").read_text(encoding="utf-8")
    return ast.get_docstring(ast.parse(source)).partition("\n")[0]


def main():
    """Print the lessons by parts, what each takes and builds on, and what can be done with their results."""
    print("The lessons of Glass Zoo, in reading order:")
    for part, lessons in in_parts().items():
        print(f"\n{part}, {sum(LESSONS[lesson] for lesson in lessons):.1f} min\n")
        for lesson in lessons:
            print(f"  python -m tutorials.{lesson:<16} {LESSONS[lesson]:>4} min  {first_line(lesson)}")
            if lesson in BUILDS_ON:
                print(f"  {'':<42}builds on {', '.join(BUILDS_ON[lesson])}")
    print("\nEach takes --help. Afterwards:")
    for example in (
        "digits photo.png",
        "sound recording.wav",
        'sentiment "What a film!"',
        "fine_tune photo.jpg more/",
        'classify_texts "Where is my parcel?"',
    ):
        print(f"  python -m tutorials.predict outputs/{example}")
    print("  python -m tutorials.look_inside --load outputs/fine_tune --data photos/ --page")


if __name__ == "__main__":
    with readable_output():
        main()
