"""Generated messages to a shop, as a table with the faults of real ones; pairs of words decide on the class.

"Has not arrived" is about the delivery and "has arrived" about damage; a refund that has not arrived is about
the payment. Many messages also mention what they are not about. Some labels are wrong, some messages are
there twice, and a few rows have no label.
"""

import csv
import random
from pathlib import Path
from typing import NamedTuple

from ..sources import DataError, Source

CLASS_NAMES = ("account", "damage", "delivery", "payment")
WRONG = 0.04  # of the labels
COPIES, WITHOUT_LABEL = 0.02, 0.005  # of the rows

ITEMS = (
    "bag", "bicycle", "blender", "camera", "chair", "clock", "coat", "desk", "drill", "fridge", "guitar",
    "jacket", "kettle", "keyboard", "lamp", "mirror", "mixer", "phone", "printer", "radio", "scooter",
    "shoes", "sofa", "table", "tent", "toaster", "vase", "watch",
)  # fmt: skip
DAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
# {0} is the item, {1} a day
ABOUT = {
    "delivery": (
        "the {0} has not arrived", "my {0} did not come on {1}", "nobody has delivered the {0}",
        "the courier never came on {1}", "i am still waiting for the {0}", "where is the {0}",
        "tracking has not changed since {1}", "the {0} should have been here on {1}",
    ),
    "damage": (
        "the {0} has arrived broken", "the {0} does not work", "there is a crack in the {0}",
        "a part of the {0} is missing", "the {0} came with a scratch", "the {0} stopped after a day",
        "the {0} is not what i ordered", "the {0} makes a strange noise",
    ),
    "payment": (
        "i was charged twice for the {0}", "the refund has not arrived", "my card did not work on {1}",
        "the invoice for the {0} is wrong", "the price has changed since {1}",
        "i am still waiting for the refund", "the voucher was not accepted", "you took too much money on {1}",
    ),
    "account": (
        "the password does not work", "i can not log in since {1}", "the code for my login never came",
        "please change my address", "my account is locked", "the site does not know my email",
        "i want to delete my account", "my order is missing in my account",
    ),
}  # fmt: skip
# What a message says of things that it is not about
FINE = {
    "delivery": ("the courier came on {1}", "the {0} has arrived", "i am not waiting for the {0}"),
    "damage": ("the {0} does work", "the {0} is not broken", "the {0} is what i ordered"),
    "payment": ("i was not charged twice", "the invoice is not wrong", "the refund has arrived"),
    "account": ("i can log in", "the password does work", "my account is not locked"),
}
OPENINGS = ("hello", "dear team", "good morning", "hi there", "to whom it may concern", "")
CLOSINGS = ("thank you", "please help", "kind regards", "what can be done", "please answer soon", "")
JOINS = ("{0} , but {1}", "{1} , although {0}", "{0} . {1}", "{1} . {0}")
NOT_ABOUT = ("it is not that {0} , but {1}", "{1} , it is not that {0}")  # {0} as if it were about that


class Message(NamedTuple):
    """A generated message.

    Attributes:
        text: What it says.
        label: The class that it was given; empty for none.
        truth: The class that it is of.

    Example:
        >>> Message("where is the lamp", "payment", "delivery").truth
        'delivery'
    """

    text: str
    label: str
    truth: str


def generate(count=1200, seed=0):
    """Generate messages.

    Args:
        count: Number of messages, 40 or more.
        seed: The same seed generates the same ones.

    Returns:
        List of `Message`. Classes are equally frequent; 4 % of the labels are wrong, 2 % of the messages are
        copies of others but for case and punctuation, 0.5 % have no label. Free of any licence.

    Raises:
        DataError: If there are fewer than 40.

    Example:
        >>> some = generate(200)
        >>> len(some), sum(each.label not in ("", each.truth) for each in some)
        (200, 8)
    """
    if count < 40:
        raise DataError(f"Messages need count= of 40 or more, not {count}.")
    draw = random.Random(seed)
    kept = [_message(draw, CLASS_NAMES[n % len(CLASS_NAMES)]) for n in range(count - round(COPIES * count))]
    wrong, without = round(WRONG * count), round(WITHOUT_LABEL * count)
    rows = draw.sample(range(len(kept)), wrong + without)
    for row in rows[:wrong]:
        others = [name for name in CLASS_NAMES if name != kept[row].truth]
        kept[row] = kept[row]._replace(label=draw.choice(others))
    for row in rows[wrong:]:
        kept[row] = kept[row]._replace(label="")
    faultless = [row for row in range(len(kept)) if row not in set(rows)]
    for row in draw.choices(faultless, k=count - len(kept)):
        kept.append(kept[row]._replace(text=kept[row].text.upper() + "!"))
    draw.shuffle(kept)
    return kept


def save_messages(path, count=1200, seed=0):
    """Generate messages, and write them as a table, as people have theirs.

    Args:
        path: The CSV file to write, with columns "text" and "label".
        count, seed: As for `generate`.

    Returns:
        (`Source`, list of `Message`, in the order of the table).

    Raises:
        DataError: If there are too few, or the file cannot be written.

    Example:
        >>> import pathlib, tempfile
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     source, messages = save_messages(pathlib.Path(folder, "messages.csv"), count=40)
        ...     source.path.name, len(source.path.read_text().splitlines())
        ('messages.csv', 41)
    """
    messages = generate(count, seed)
    try:
        with Path(path).open("w", newline="", encoding="utf-8") as file:
            rows = [("text", "label"), *(message[:2] for message in messages)]
            csv.writer(file).writerows(rows)
    except OSError as error:
        raise DataError(f"{path} cannot be written ({error.strerror}); name another file.") from error
    return Source("embedded", path, "generated messages to a shop, not real ones"), messages


def _message(draw, name):
    """One message of a class, that may also say what it is not about."""
    item, day = draw.choice(ITEMS), draw.choice(DAYS)
    said = draw.choice(ABOUT[name]).format(item, day)
    other, chance = draw.choice([one for one in CLASS_NAMES if one != name]), draw.random()
    if chance < 0.6:
        said = draw.choice(JOINS).format(draw.choice(FINE[other]).format(item, day), said)
    elif chance < 0.75:
        said = draw.choice(NOT_ABOUT).format(draw.choice(ABOUT[other]).format(item, day), said)
    words = [draw.choice(OPENINGS), said, draw.choice(CLOSINGS), f"order {draw.randrange(10_000, 100_000)}"]
    return Message(" . ".join(filter(None, words)), name, name)
