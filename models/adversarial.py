"""Adversarial training: a generator and a discriminator, each trained against the other."""

import keras
from keras import ops

from .gradients import several_weight_gradients
from .seeds import seed_generator

CHOSEN = 2.0  # the value of a choice; about as far from 0 as the normal values go


class AdversarialNetwork(keras.Model):
    r"""A generator and a discriminator that are trained together, as in Goodfellow et al. (2014).

    Each step draws random numbers z, generates as many images G(z) as the batch has real ones x, and takes
    one step of each network. With the sigmoid σ of the discriminator's logits D, it minimizes
    -½ [log σ(D(x)) + log(1 - σ(D(G(z))))], and the generator minimizes -log σ(D(G(z))).

    Args:
        generator: Model (batch, latent) -> images.
        discriminator: Model images -> (batch, 1), logits.
        smoothing: Target of the discriminator for real images, 1 for none; slightly less than 1 keeps its
            logits small (one-sided label smoothing).
        choices: How many of the latent values are a random choice: all 0 but one, which is `CHOSEN`. The
            others are standard normal. Kinds of images that lie apart, such as digits, are easier to reach by
            a jump than by small steps; no label is needed for it.
        average: How slowly the averaged generator follows: the share of the old weights that a step keeps.
            The mean is over about 1 / (1 - average) steps.
        seed: Seed of the random numbers.

    Attributes:
        averaged: A generator whose weights are the running mean of the generator's; its images change less
            from step to step than those of the last weights.

    Example:
        >>> import numpy as np
        >>> from models import Discriminator, Generator
        >>> network = AdversarialNetwork(Generator((8, 8, 1)), Discriminator((8, 8, 1)))
        >>> network.compile(keras.optimizers.Adam(1e-3), keras.optimizers.Adam(1e-3))
        >>> images = np.random.default_rng(0).uniform(0, 255, (20, 8, 8, 1)).astype("float32")
        >>> sorted(network.fit(images, batch_size=10, verbose=0).history)
        ['discriminator_loss', 'fake_accuracy', 'generator_loss', 'real_accuracy']
        >>> network.sample(3, seed=1).shape
        (3, 8, 8, 1)
    """

    def __init__(self, generator, discriminator, smoothing=1.0, choices=0, average=0.998, seed=0):
        super().__init__(name="adversarial_network")
        self.generator, self.discriminator = generator, discriminator
        self.averaged = keras.models.clone_model(generator)
        self.averaged.set_weights(generator.get_weights())
        self.averaged.trainable = False
        self.smoothing, self.choices, self.average = smoothing, choices, average
        self.noise = seed_generator(seed)
        self.latent = generator.input_shape[-1]
        names = "discriminator_loss", "generator_loss", "real_accuracy", "fake_accuracy"
        self.means = [keras.metrics.Mean(name=name) for name in names]

    def compile(self, generator_optimizer, discriminator_optimizer, **settings):
        """Set the two optimizers; `settings` are those of `keras.Model.compile`, such as `run_eagerly`."""
        on_jax = keras.backend.backend() == "jax"
        if on_jax:  # where fit asks for a model with an optimizer; this one is never used, and holds nothing
            settings.setdefault("optimizer", keras.optimizers.SGD())
        self.built = True  # as both networks are; else fit would ask for a call of this one
        super().compile(**settings)
        self.generator_optimizer, self.discriminator_optimizer = generator_optimizer, discriminator_optimizer
        generator_optimizer.build(self.generator.trainable_variables)
        discriminator_optimizer.build(self.discriminator.trainable_variables)
        if on_jax:  # where training knows no variables but the model's own
            both = generator_optimizer, discriminator_optimizer
            self._optimizer_state = [variable for optimizer in both for variable in optimizer.variables]

    @property
    def _optimizers(self):
        return self.discriminator_optimizer, self.generator_optimizer

    @property
    def metrics(self):
        return self.means

    def train_step(self, *batch):
        """One step of both networks on a batch of real images; returns the metrics so far by name.

        On JAX it takes the values of all variables too, and returns the new ones, as Keras asks there.
        """
        if len(batch) == 1:
            return self._step(*batch)
        state, real = batch
        kinds = self.trainable_variables, self.non_trainable_variables, self.metrics_variables
        variables, values = sum(kinds, []), sum((state[0], state[1], state[3]), [])
        mapping = [*zip(variables, values, strict=True)]
        with keras.StatelessScope(mapping) as scope:
            logs = self._step(real)
        new = [[scope.get_current_value(variable) for variable in kind] for kind in kinds]
        return logs, (new[0], new[1], state[2], new[2])

    def _step(self, real):
        real = keras.utils.unpack_x_y_sample_weight(real)[0]
        z = self.draw(ops.shape(real)[0], self.noise)

        def losses():
            on_fake = self.discriminator(self.generator(z, training=True), training=True)
            on_real = self.discriminator(real, training=True)
            of_both = (cross_entropy(on_real, self.smoothing) + cross_entropy(on_fake, 0.0)) / 2
            return [of_both, cross_entropy(on_fake, 1.0)], [on_real, on_fake]

        networks = self.discriminator, self.generator
        groups = [network.trainable_variables for network in networks]
        (discriminator_loss, generator_loss), (on_real, on_fake), gradients = several_weight_gradients(
            losses, groups
        )
        for optimizer, slopes, weights in zip(self._optimizers, gradients, groups, strict=True):
            optimizer.apply(slopes, weights)
        self._follow()
        found = discriminator_loss, generator_loss, ops.mean(on_real > 0), ops.mean(on_fake < 0)
        for mean, value in zip(self.means, found, strict=True):
            mean.update_state(value)
        return {mean.name: mean.result() for mean in self.means}

    def draw(self, count, seed):
        """Latent values to generate images from.

        Args:
            count: For how many images.
            seed: A `keras.random.SeedGenerator`, or an int.

        Returns:
            Tensor (count, latent).
        """
        normal = keras.random.normal((count, self.latent - self.choices), seed=seed)
        if not self.choices:
            return normal
        chosen = keras.random.randint((count,), 0, self.choices, seed=seed)
        return ops.concatenate([normal, CHOSEN * ops.one_hot(chosen, self.choices)], axis=1)

    def _follow(self):
        """Move the averaged generator, in the first steps faster, so that it forgets where it began."""
        steps = ops.cast(self.generator_optimizer.iterations, "float32")
        kept = ops.minimum(self.average, (1 + steps) / (10 + steps))
        for mean, weight in zip(self.averaged.weights, self.generator.weights, strict=True):
            mean.assign(kept * mean + (1 - kept) * weight)

    def sample(self, count, seed=0):
        """Images by the averaged generator.

        Args:
            count: How many.
            seed: Of the random numbers; the same seed gives the same ones.

        Returns:
            Array (count, height, width, channels), pixels as the generator gives them.
        """
        z = self.draw(count, seed_generator(seed))
        return self.averaged.predict(z, batch_size=500, verbose=0)


def cross_entropy(logits, target):
    """Mean binary cross-entropy of logits with one target for all.

    Args:
        logits: Tensor (batch, 1).
        target: From 0 to 1.

    Returns:
        A scalar tensor.

    Example:
        >>> import numpy as np
        >>> float(cross_entropy(np.zeros((4, 1), "float32"), 1.0))  # log 2
        0.6931471824645996
    """
    logits = ops.convert_to_tensor(logits)
    return ops.mean(ops.softplus(logits) - target * logits)
