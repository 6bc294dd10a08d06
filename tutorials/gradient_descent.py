r"""Minimize a loss by gradient descent, then train a network with gradients computed by hand.

## The question

Training looks for parameters with a low loss. What do learning rate, initial value and optimizer decide? And
how are the derivatives of a whole network computed?

## The idea

The derivative of a loss $L(w)$ says in which direction it rises. **Gradient descent** steps in the other
one, by the derivative times the **learning rate** $\eta$:

$$w \leftarrow w - \eta\, L'(w)$$

The lesson's loss of one parameter is $(w^2 - 4)^2 / 16 - w / 4 + 1$, with a minimum on either side of a
hill. Its derivative is $w (w^2 - 4) / 4 - 1 / 4$. At −3 that is $-3 \cdot (9 - 4) / 4 - 1 / 4 = -4$, so a
learning rate of 0.2 leads to $-3 + 0.2 \cdot 4 = -2.2$.

The derivatives of several parameters form the **gradient**; each parameter takes its own step. **SGD**
(stochastic gradient descent) is this rule, mostly with the gradient over a **batch**, a few examples.
**Momentum** adds a share of the last step. **Adam** averages past derivatives, and divides each parameter's
step by their size.

A network is a chain of functions. Here it is $f_6(f_5(f_4(f_3(f_2(f_1(x))))))$, six dense layers with
$(2 + 1) \cdot 16 + 4 \cdot (16 + 1) \cdot 16 + (16 + 1) \cdot 2 = 1{,}170$ parameters. **Back-propagation**
applies the chain rule from the last layer to the first. A layer computes $z_j = \sum_i w_{ij} a_i + b_j$
from the outputs $a_i$ of the layer before it. These are the **tanh** of that layer's $z_i$, where
$\tanh z = (e^z - e^{-z}) / (e^z + e^{-z})$ lies between −1 and 1. Let $\delta_j$ be the
derivative of the loss with respect to $z_j$.

- In the last layer, with softmax and cross-entropy, $\delta_j = p_j - t_j$ (`losses`).
- The derivative with respect to $w_{ij}$ is $a_i\,\delta_j$, with respect to $b_j$ it is $\delta_j$.
- One layer further back, $\delta_i = (1 - a_i^2) \sum_j w_{ij}\,\delta_j$, because the derivative of tanh is
  $1 - \tanh^2$.

One pass forwards and one backwards give all 1,170 derivatives. Automatic differentiation does the same.

## Before you run it

Which start, −3 or 3, finds the lower minimum? What happens if the learning rate is too large? How closely
will derivatives by hand and automatic ones agree?

## How to read the figures

- `loss_curve`: three learning rates, two starts. The smallest is not at the minimum after 40 steps, the
  largest jumps across the hill.
- `descent` (animated): the runs from −3.
- `loss_surface`: a narrow valley. Each optimizer has the best of 100 settings.
- `training`: losses with derivatives by hand (dots) and by Keras (line); probabilities for two spirals.

## What it means

Gradient descent finds a minimum, not the lowest one: the initial value decides. Back-propagation is the chain
rule: both ways differ only by rounding. Adam is not always best. Its separate steps fit a valley that runs
along one parameter. In one turned by 45 degrees, momentum ends lower.

## Exercises

1. Take the first step from 3 with a learning rate of 0.2, and from −3 with 1.5.
2. In `loss_surface` the loss is $x^2 / 40 + y^2$. Why does SGD diverge with a learning rate above 1?
3. In `models/backpropagation.py`, replace `(1 - inputs**2)` by `1`. Where does the lesson show the mistake?

<details><summary>Solutions</summary>

1. $3 - 0.2 \cdot 3.5 = 2.3$, and $-3 + 1.5 \cdot 4 = 3$, across the hill.
2. A step turns $y$ into $(1 - 2\eta)\,y$. With $\eta$ above 1 the factor is below −1, so $y$ grows. But with
   $\eta$ below 1, a step leaves at least $1 - 1 / 20 = 0.95$ of $x$.
3. The printed difference is no longer near 0, and the two losses in `training` part.

</details>

## Read more

Rumelhart, Hinton and Williams, *Learning representations by back-propagating errors* (1986). Kingma and Ba,
*Adam: a method for stochastic optimization* (2015).

Next: `dense_vs_conv` counts the parameters of layers.
"""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))  # this repository's models and datasets come first

from tutorials.lesson.command import run  # first: loads Keras quietly

import keras
import numpy as np

from datasets.generated import spirals
from models import DenseChain
from models.backpropagation import backward, cross_entropy, forward
from models.compiled import compiled
from models.gradients import use_double_precision, weight_gradients
from tutorials.figures.loss_surfaces import descent_film, descents, losses_and_decision_map, paths_on_surface
from tutorials.lesson.limits import check_settings, fitting_batch
from tutorials.lesson.outcome import Outcome
from tutorials.lesson.parts.descent import (
    compare_optimizers,
    optimizer_finding,
    try_learning_rates,
    valley_finding,
)
from tutorials.lesson.report import Report


def main(
    epochs: int = 40,
    batch_size: int = 100,
    learning_rate: float = 0.01,
    seed: int = 0,
    quick: bool = False,
    outputs: Path = Path("outputs"),
) -> Outcome:
    """Run gradient descent on simple functions, then train a network with gradients computed by hand.

    Args:
        epochs: Number of epochs that the network is trained for.
        batch_size: Points per batch.
        learning_rate: Initial learning rate of Adam for the network; it decays to 0 (cosine).
        seed: Random seed; the same seed gives the same results.
        quick: Run every step on a small sample, in seconds.
        outputs: Folder for the results.
    """
    check_settings(locals())
    report = Report(main, settings=locals())
    keras.utils.set_random_seed(seed)
    steps = 40
    if quick:
        epochs, steps = 2, 4

    # One parameter: three learning rates from two initial values
    curve, tracks, valleys = try_learning_rates(steps)
    report.figure("loss_curve", descents(curve, tracks, valley_finding(valleys)))
    from_left = {label: path for label, path in tracks.items() if label.startswith("from -3")}
    report.animation("descent", *descent_film(curve, from_left), steps + 1)

    # Two parameters: three optimizers in a narrow valley, each with the best of as many settings
    surface, paths, ends, better = compare_optimizers(steps)
    title = optimizer_finding(ends, better).replace("; ", ";\n")
    report.figure("loss_surface", paths_on_surface(*surface, paths, title))

    # Data: points (n, 2) of two spirals, labels one-hot (n, 2); a tenth is the validation split
    (x_train, y_train), (x_test, y_test) = spirals.load_data(200 if quick else 2000, seed=seed)
    t_train, n_val = np.eye(2)[y_train], len(x_train) // 10
    x_val, t_val, x_train, t_train = x_train[:n_val], t_train[:n_val], x_train[n_val:], t_train[n_val:]

    # Model: six layers, once for gradients by hand and once for Keras, with the same initial weights.
    # float64, so that rounding hides no difference between the two
    use_double_precision()
    network, by_keras = DenseChain(dtype="float64"), DenseChain(dtype="float64", name="by_keras")
    by_keras.set_weights(network.get_weights())
    network.summary()
    batch_size = fitting_batch(batch_size, len(x_train), network)

    # Gradients: back-propagation by hand compared with automatic differentiation
    difference = compare_gradients(network, x_train, t_train)
    print(
        f"Back-propagation by hand and automatic differentiation: {network.count_params():,} derivatives "
        f"differ\nby at most {difference:.0e} of the largest in their layer.\n"
    )

    # Compile: the same optimizer for both
    schedule = keras.optimizers.schedules.CosineDecay(learning_rate, epochs * -(-len(x_train) // batch_size))
    optimizer = keras.optimizers.Adam(schedule)
    optimizer.build(network.trainable_variables)
    variables = [*network.trainable_variables, *optimizer.variables]
    step = compiled(lambda *gradients: optimizer.apply(gradients, network.trainable_variables), variables)
    by_keras.compile(keras.optimizers.Adam(schedule), keras.losses.CategoricalCrossentropy(dtype="float64"))

    # Fit: a training loop with gradients by hand, then Keras's own
    losses = []
    for epoch in range(1, epochs + 1):
        for n in range(0, len(x_train), batch_size):
            x, t = x_train[n : n + batch_size], t_train[n : n + batch_size]
            weights = network.get_weights()
            gradients = backward(forward(x, weights), weights, t)
            step(*gradients)
        losses.append(cross_entropy(forward(x_val, network.get_weights())[-1], t_val))
        if epoch % 5 == 0 or epoch == epochs:
            print(f"By hand, epoch {epoch} of {epochs}: validation loss {losses[-1]:.4f}", flush=True)
    keras_losses = by_keras.fit(
        x_train, t_train, batch_size=batch_size, epochs=epochs, shuffle=False, verbose=0,
        validation_data=(x_val, t_val), validation_batch_size=n_val,
    ).history["val_loss"]  # fmt: skip
    apart = max(np.abs(np.array(losses) - keras_losses))
    print(f"By Keras: validation loss {keras_losses[-1]:.4f}; largest difference in any epoch {apart:.0e}.")

    # Evaluate: on the test points, by the forward pass in NumPy
    accuracy = np.mean(forward(x_test, network.get_weights())[-1].argmax(1) == y_test)
    grid = np.stack(np.meshgrid(*[np.linspace(-1.3, 1.3, 120)] * 2), -1)  # (120, 120, 2)
    probabilities = forward(grid.reshape(-1, 2), network.get_weights())[-1][:, 1].reshape(120, 120)

    # Plot
    histories = {"gradients by hand": losses, "Keras's own fit": keras_losses}
    title = f"Trained with gradients by hand, the network has a test accuracy of {accuracy:.1%}"
    axes = losses_and_decision_map(histories, (grid, probabilities), (x_test, y_test), title)
    report.figure("training", axes)
    return report.close(
        spirals.locate(),
        examples=len(x_train) + len(x_val) + len(x_test),
        finding=f"{valley_finding(valleys)}. {optimizer_finding(ends, better)}. Gradients by hand "
        f"differ from automatic ones by {difference:.0e}, and a network trained with them has a test "
        f"accuracy of {accuracy:.1%}.",
        test_accuracy=accuracy,
        parameters=network.count_params(),
        largest_gradient_difference=difference,
        largest_loss_difference=apart,
        left_valley_loss=valleys["left"][1],
        right_valley_loss=valleys["right"][1],
        **{f"{name.lower()}_surface_loss": end for name, end in ends.items()},
        **{f"{name.lower()}_settings_better": count for name, count in better.items()},
    )


def compare_gradients(network, x, t):
    """The largest difference of gradients by hand and automatic ones, relative to the layer's largest."""
    by_hand = backward(forward(x, network.get_weights()), network.get_weights(), t)
    loss = keras.losses.CategoricalCrossentropy(dtype="float64")
    _, slopes = weight_gradients(lambda: loss(t, network(x)), network.trainable_variables)
    automatic = [keras.ops.convert_to_numpy(slope) for slope in slopes]
    return max(np.abs(a - b).max() / np.abs(b).max() for a, b in zip(by_hand, automatic, strict=True))


if __name__ == "__main__":
    run(main)
