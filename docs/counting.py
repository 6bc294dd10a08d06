"""Exercises in counting parameters: each answer is counted by Keras, in a model that is built for it."""

import math
from typing import NamedTuple

import keras
from keras import layers

import models


class Count(NamedTuple):
    """A number to find.

    Attributes:
        what: What is counted.
        formula: LaTeX of what to work out by hand, without the result.
        expression: Python that has Keras count it, after the exercise's code has run.
    """

    what: str
    formula: str
    expression: str = "model.count_params()"


class Exercise(NamedTuple):
    """A model to count the parameters of by hand.

    Attributes:
        title: A few words.
        question: Markdown.
        code: Python that builds the model, or several.
        counts: `Count`s: what to find.
        why: Markdown: how the formulas come about, and what to learn from them.
    """

    title: str
    question: str
    code: str
    counts: tuple
    why: str


EXERCISES = (
    Exercise(
        "A dense layer",
        "An image of 28×28 grey pixels is flattened, and a dense layer of 10 units follows, with biases.",
        "model = keras.Sequential([keras.Input((28, 28, 1)), layers.Flatten(), layers.Dense(10)])",
        (Count("the layer", r"(28 \cdot 28 + 1) \cdot 10"),),
        "Each of the 10 units has a weight for each of the 784 inputs, and a bias.",
    ),
    Exercise(
        "Dense layers in a row",
        "A table has 8 columns. Three dense layers follow, with biases: 32 units, 16 units, 3 units.",
        "model = models.MLP((1, 8, 1), classes=3, hidden_units=(32, 16))",
        (Count("all layers", r"(8 + 1) \cdot 32 + (32 + 1) \cdot 16 + (16 + 1) \cdot 3"),),
        "The outputs of one layer are the inputs of the next.",
    ),
    Exercise(
        "A convolutional layer",
        "A convolutional layer has 24 kernels of 3×3 and a bias for each. Its input is a colour photo of "
        "500×400 pixels.",
        "model = keras.Sequential([keras.Input((400, 500, 3)), layers.Conv2D(24, 3)])",
        (Count("the layer", r"(3 \cdot 3 \cdot 3 + 1) \cdot 24"),),
        "A kernel is as deep as its input, here 3 channels. The size of the photo does not matter: the same "
        "kernel is used in every place.",
    ),
    Exercise(
        "LeNet-5",
        "The network of LeCun et al. (1998) as the zoo builds it, on 28×28 grey pixels: 6 kernels of 5×5 "
        "with padding, average pooling 2×2, 16 kernels of 5×5 without padding, average pooling 2×2, then "
        "dense layers of 120, 84 and 10 units. All have biases.",
        "model = models.LeNet5()",
        (
            Count("`c1`", r"(5 \cdot 5 \cdot 1 + 1) \cdot 6", 'model.get_layer("c1").count_params()'),
            Count("`c3`", r"(5 \cdot 5 \cdot 6 + 1) \cdot 16", 'model.get_layer("c3").count_params()'),
            Count("`c5`", r"(5 \cdot 5 \cdot 16 + 1) \cdot 120", 'model.get_layer("c5").count_params()'),
            Count("`f6`", r"(120 + 1) \cdot 84", 'model.get_layer("f6").count_params()'),
            Count("`predictions`", r"(84 + 1) \cdot 10", 'model.get_layer("predictions").count_params()'),
            Count("all layers", r"156 + 2{,}416 + 48{,}120 + 10{,}164 + 850"),
        ),
        "Pooling has no parameters. Height and width are 28, then 14, 10 and 5, so that 5·5·16 = 400 values "
        "are flattened.",
    ),
    Exercise(
        "Flatten, or average",
        "The last feature maps of a network have 7×7 positions and 64 channels. A dense layer of 10 units, "
        "with biases, follows either `Flatten` or `GlobalAveragePooling2D`. How many parameters has it?",
        "flat = keras.Sequential([keras.Input((7, 7, 64)), layers.Flatten(), layers.Dense(10)])\n"
        "mean = keras.Sequential(\n"
        "    [keras.Input((7, 7, 64)), layers.GlobalAveragePooling2D(), layers.Dense(10)]\n"
        ")",
        (
            Count("after `Flatten`", r"(7 \cdot 7 \cdot 64 + 1) \cdot 10", "flat.count_params()"),
            Count("after the average", r"(64 + 1) \cdot 10", "mean.count_params()"),
        ),
        "The mean over all positions leaves one number for each channel. Where in the image it came from is "
        "lost.",
    ),
    Exercise(
        "A depthwise separable block",
        "A convolution of 3×3 from 64 to 128 channels is split in two: a kernel of 3×3 for each input "
        "channel alone, without biases; then 128 kernels of 1×1 over all channels, with biases. Compare it "
        "with the usual convolution.",
        "block = keras.Sequential([keras.Input((32, 32, 64)), layers.SeparableConv2D(128, 3)])\n"
        "usual = keras.Sequential([keras.Input((32, 32, 64)), layers.Conv2D(128, 3)])",
        (
            Count("the block", r"3 \cdot 3 \cdot 64 + (64 + 1) \cdot 128", "block.count_params()"),
            Count("the usual convolution", r"(3 \cdot 3 \cdot 64 + 1) \cdot 128", "usual.count_params()"),
        ),
        "The block first looks at neighbours and then mixes channels, so that it has no weight for each "
        "neighbour of each pair of channels.",
    ),
    Exercise(
        "Batch normalization",
        "A convolution of 3×3 from 16 to 32 channels *without* biases is followed by `BatchNormalization`. "
        "How many parameters have both together, and how many of these are trained by gradients?",
        "model = keras.Sequential(\n"
        "    [keras.Input((32, 32, 16)), layers.Conv2D(32, 3, use_bias=False), layers.BatchNormalization()]\n"
        ")",
        (
            Count("all", r"3 \cdot 3 \cdot 16 \cdot 32 + 4 \cdot 32"),
            Count(
                "trained by gradients",
                r"3 \cdot 3 \cdot 16 \cdot 32 + 2 \cdot 32",
                "sum(math.prod(weight.shape) for weight in model.trainable_weights)",
            ),
        ),
        "Batch normalization has four numbers for each channel. A factor and an offset are learned by "
        "gradients. The running mean and the running variance are statistics: `summary()` counts them as "
        "non-trainable. The offset does what the convolution's bias would do.",
    ),
    Exercise(
        "A residual block",
        "Two convolutions of 3×3 from 64 to 64 channels, with padding and biases; their result is added to "
        "the block's input.",
        "inputs = keras.Input((32, 32, 64))\n"
        'x = layers.Conv2D(64, 3, padding="same", activation="relu")(inputs)\n'
        'x = layers.Conv2D(64, 3, padding="same")(x)\n'
        "model = keras.Model(inputs, layers.add([inputs, x]))",
        (Count("the block", r"2 \cdot (3 \cdot 3 \cdot 64 + 1) \cdot 64"),),
        "Adding has no parameters.",
    ),
    Exercise(
        "The same layer twice",
        "Two images of 784 pixels go through the *same* dense layer of 32 units; the absolute difference "
        "of the two results goes into a dense layer of one unit. Both layers have biases.",
        "first, second = keras.Input((784,)), keras.Input((784,))\n"
        "shared = layers.Dense(32)\n"
        "difference = keras.ops.abs(shared(first) - shared(second))\n"
        "model = keras.Model([first, second], layers.Dense(1)(difference))",
        (Count("both layers", r"(784 + 1) \cdot 32 + (32 + 1) \cdot 1"),),
        "A layer that is called twice has its weights once.",
    ),
    Exercise(
        "An embedding",
        "A vocabulary has 10,000 token ids, and each gets a vector of 32 numbers. Texts are cut after 200 "
        "words.",
        'model = keras.Sequential([keras.Input((200,), dtype="int32"), layers.Embedding(10_000, 32)])',
        (Count("the layer", r"10{,}000 \cdot 32"),),
        "A table with a row for each id, without biases. The length of the texts does not matter.",
    ),
    Exercise(
        "A simple recurrent layer",
        "`SimpleRNN` of 64 units reads a vector of 32 numbers at each of 200 steps.",
        "model = keras.Sequential([keras.Input((200, 32)), layers.SimpleRNN(64)])",
        (Count("the layer", r"(32 + 64 + 1) \cdot 64"),),
        "Each unit has a weight for each of the 32 inputs, one for each of the 64 values of the last state, "
        "and a bias. All steps use the same weights.",
    ),
    Exercise(
        "An LSTM, with what stands around it",
        "An embedding of 10,000 ids and 32 numbers, an LSTM of 64 units, and a dense layer of one unit with "
        "a bias.",
        'model = keras.Sequential([keras.Input((200,), dtype="int32")])\n'
        "for layer in layers.Embedding(10_000, 32), layers.LSTM(64), layers.Dense(1):\n"
        "    model.add(layer)",
        (
            Count("the LSTM", r"4 \cdot (32 + 64 + 1) \cdot 64", "model.layers[1].count_params()"),
            Count("all layers", r"320{,}000 + 24{,}832 + (64 + 1) \cdot 1"),
        ),
        "The LSTM has the weights of a simple recurrent layer four times: for three gates, and for what is "
        "to be stored.",
    ),
)


def answers(exercise):
    """The numbers that an exercise asks for, counted by Keras.

    Args:
        exercise: An `Exercise`.

    Returns:
        A list of ints, one for each of its `counts`.

    Example:
        >>> from docs.counting import EXERCISES, answers
        >>> answers(EXERCISES[0])
        [7850]
    """
    known = {"keras": keras, "layers": layers, "math": math, "models": models}
    exec(exercise.code, known)
    return [eval(count.expression, known) for count in exercise.counts]


def counting_exercises(exercises=EXERCISES):
    """Markdown of the exercises, each with its solution folded away.

    Args:
        exercises: `Exercise`s.

    Returns:
        Text with a heading for each.

    Example:
        >>> from docs.counting import EXERCISES, counting_exercises
        >>> print(counting_exercises(EXERCISES[:1])[:19])
        ## 1. A dense layer
    """
    return "\n\n".join(_shown(number, one) for number, one in enumerate(exercises, start=1))


def _shown(number, exercise):
    lines = []
    for count, found in zip(exercise.counts, answers(exercise), strict=True):
        result = f"{found:,}".replace(",", "{,}")
        lines.append(f"- {count.what}: ${count.formula} = {result}$")
    expressions = "\n".join(f"print({count.expression})" for count in exercise.counts)
    return "\n\n".join(
        [
            f"## {number}. {exercise.title}",
            exercise.question,
            "<details><summary>Solution</summary>",
            "\n".join(lines),
            exercise.why,
            f"```python\n{exercise.code}\n{expressions}\n```",
            "</details>",
        ]
    )
