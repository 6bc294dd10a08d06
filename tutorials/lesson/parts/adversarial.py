"""What the lesson `gan` is made of: training with frames of a film, and the judge of what was generated."""

import keras
import numpy as np

from models import ConvNet, Discriminator, Generator
from models.adversarial import AdversarialNetwork
from models.image_distances import frechet_distance, nearest

CONFIDENT = 0.9
LATENT, CHOICES = 52, 20  # random values of an image, 20 of which are a choice
SHOWN = 48  # images of each frame of the film
SAMPLED = 200  # images whose classes are counted after each part of the training
# Adam's learning rates (generator, discriminator) as multiples of the lesson's. They were chosen on training
# images and other seeds
RATES = {"balanced": (1.0, 0.5), "collapsing": (1.0, 0.005)}


def batches(images, batch_size, seed):
    """Endless random batches of images, as float32, each in a tuple, as Keras takes them."""
    random = np.random.default_rng(seed)
    while True:
        yield (images[random.integers(0, len(images), batch_size)].astype("float32"),)


class Watching(keras.callbacks.Callback):
    """Looks at images from the same random numbers after each part of the training."""

    def __init__(self, network, judge):
        super().__init__()
        self.network, self.judge, self.frames, self.entropies = network, judge, [], []
        self.on_epoch_end()

    def on_epoch_end(self, epoch=None, logs=None):
        images = self.network.sample(SAMPLED)
        self.frames.append(images[:SHOWN])
        self.entropies.append(self.judge.measure(images, distance=False)["entropy"])


def build(seed):
    """Both networks with initial weights that depend on the seed alone."""
    keras.utils.set_random_seed(seed)
    return AdversarialNetwork(Generator(latent=LATENT), Discriminator(), choices=CHOICES, seed=seed)


def train(network, rates, images, judge, batch_size, steps, parts, seed):
    """Train a network for so many steps.

    Args:
        network: An `AdversarialNetwork`.
        rates: Learning rates of the generator and of the discriminator.
        images: Array (n, height, width, channels), pixels in [0, 255].
        judge: A `Judge`.
        batch_size: Images per step.
        steps: Number of steps.
        parts: Number of parts that the steps are divided into; after each, losses and images are kept.
        seed: Of the order of the images.

    Returns:
        (steps before each part and after the last (parts + 1,), {name: mean in each part (parts,)}, the
        `Watching` with its frames and entropies (parts + 1)).
    """
    network.compile(*(keras.optimizers.Adam(rate, beta_1=0.5) for rate in rates))
    watching, each = Watching(network, judge), max(1, steps // parts)
    history = network.fit(
        batches(images, batch_size, seed), steps_per_epoch=each, epochs=parts, verbose=0, shuffle=False,
        callbacks=[watching],
    ).history  # fmt: skip
    return each * np.arange(parts + 1), history, watching


class Judge:
    """The zoo's `ConvNet`, trained on MNIST: classes, confidences and features of images.

    Args:
        held_out: Real images that no network here was trained on.
    """

    def __init__(self, held_out):
        network = ConvNet(weights="mnist")
        outputs = [network.get_layer("dense").output, network.output]
        self.network = keras.Model(network.input, outputs)
        self.features = self.look(held_out)[0]

    def look(self, images):
        """(features (n, 256), probabilities (n, 10)) of images with pixels from 0 to 255."""
        return self.network.predict(images.astype("float32"), batch_size=500, verbose=0)

    def measure(self, images, distance=True):
        """What can be said of images without labels.

        Args:
            images: Array (n, 28, 28, 1), pixels from 0 to 255.
            distance: Whether the Fréchet distance is asked for.

        Returns:
            {"confident": share with a confidence of `CONFIDENT` or more, "classes": share of each class
            (10,), "entropy": of these in nats, "distance": Fréchet distance from the held-out images}.
        """
        features, probabilities = self.look(images)
        classes = np.bincount(probabilities.argmax(1), minlength=10) / len(images)
        some = classes[classes > 0]
        return {
            "confident": float(np.mean(probabilities.max(1) >= CONFIDENT)),
            "classes": classes,
            "entropy": float(-(some * np.log(some)).sum()),
            "distance": frechet_distance(features, self.features) if distance else None,
        }


def noise_like(images, seed):
    """Images in which every pixel is drawn from 0 to 255: the control."""
    return np.random.default_rng(seed).uniform(0, 255, images.shape).astype("float32")


def memorized(generated, held_out, training):
    """How near generated and held-out images lie to the training images.

    Args:
        generated, held_out, training: Arrays (n, height, width, channels), pixels in [0, 255].

    Returns:
        {"indices": of the nearest training image of each generated one, "generated", "held-out": distances as
        root mean squares of a pixel's difference, "copied": share of generated images nearer than all but one
        percent of the held-out ones}.
    """
    unit = np.sqrt(training[0].size)
    indices, apart = nearest(generated, training)
    others = nearest(held_out, training)[1]
    return {
        "indices": indices,
        "generated": apart / unit,
        "held-out": others / unit,
        "copied": float(np.mean(apart < np.quantile(others, 0.01))),
    }
