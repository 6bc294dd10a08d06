"""Fine-tuning the top of a backbone, from linear probes on; cross-validation decides whether it helps.

The lesson `fine_tune` and `PhotoClassifier` are built from this, so that both come to the same numbers.
"""

import json
import tempfile
import time

import keras
import numpy as np

from ..checks.memory import memory_refusal, training_bytes
from ..distribution.training import from_first
from ..errors import ModelError
from ..seeds import seeded
from ..training.checkpoints import PARTS, TrainingState, training_variables
from ..training.time_budget import Deadline, duration, step_seconds
from .batches import UncachedPhotos, steps_per_epoch
from .features import CachedFeatures
from .fine_tuned import TUNED, FineTunedClassifier, halves, take_over
from .linear_probe import LEAST_SCALE, cross_entropy, fit_linear_probe, folds
from .multi_scale import MultiScaleClassifier, at_sizes
from .time_budget import photo_seconds, plan

LEARNING_RATE = 3e-4  # the highest
EPOCHS = 12
FOLDS = len(PARTS)
SHARES = (0.3, 0.5, 0.7, 1.0)  # of the fine-tuned network in the mean of probabilities


def learning_rate(epoch, epochs):
    """The learning rate in an epoch: it rises and falls along half a sine.

    It rises first because a high learning rate at the start would undo what the backbone has learned.

    Args:
        epoch: Number of the epoch, from 0.
        epochs: Number of epochs.

    Returns:
        A float.

    Reference:
        Loshchilov and Hutter, SGDR: stochastic gradient descent with warm restarts, 2017.

    Example:
        >>> [round(learning_rate(epoch, 4), 5) for epoch in range(4)]
        [0.00011, 0.00028, 0.00028, 0.00011]
    """
    return float(LEARNING_RATE * np.sin(np.pi * (epoch + 0.5) / epochs))


class FineTuning:
    """What fine-tuning needs: the network to fit, its data for each part, callbacks, a budget, checkpoints.

    The parts are three folds, in each of which the network is trained on two thirds of the photos and
    predicts the others. If these predictions say that it helps, the network of the classifier has the mean of
    the three networks' weights: each photo has trained two of them, and there is no need to train once more
    on all photos.

    Compile `top`; call `plan` if there is a time budget, and `extract_features`; fit `top` for each of
    `parts()`; then take `classifier()`.

    Args:
        backbone: What `Backbone` built.
        photos: `AugmentedPhotos` of the photos to train on, at the size to train at.
        probes: `Probes` that were fitted on these photos.
        border: Name of the last layer of the backbone that stays frozen; None to train nothing.
        flip: Whether the mirror image counts as well in predictions.
        views: Versions of each photo of which features are cached.
        epochs: Number of epochs of each part.
        batch_size: Photos in a batch; fewer if there are fewer photos.
        cache: Whether to cache features of frozen layers; otherwise photos pass through all layers in
            every epoch.
        seed: Of the folds, the order of photos, and the views drawn.
        checkpoint: A `CheckpointFolder` or an object like it; None to write no state.
        verbose: 0 to print nothing, 1 with progress bars, 2 with one line for each epoch.

    Attributes:
        top: The model to compile and fit. With a cache its inputs are features of frozen layers. None where
            nothing is to be trained.
        frozen: The frozen layers: pixels -> features.
        histories: {part: {metric: value after each epoch}}.
        seconds: {what: seconds that it took}.
        out_of_fold: float64 (n, classes): probabilities by networks that were trained on other photos.
        share: How much the fine-tuned network counts, after the folds; 0 if it does not help.

    Raises:
        ModelError: If a batch does not fit in memory.

    Reference:
        Wortsman et al., Model soups: averaging weights of multiple fine-tuned models improves accuracy
        without increasing inference time, 2022.

    Example:
        >>> from types import SimpleNamespace
        >>> from models.fine_tuning.batches import AugmentedPhotos
        >>> from models.fine_tuning.multi_scale import fit_probes
        >>> from models.pretrained.backbones import Backbone
        >>> backbone, rows = Backbone("convnet", weights=None), np.arange(12)
        >>> photos = SimpleNamespace(
        ...     pixels=np.zeros((12, 28, 28, 3)), labels=rows % 2, class_names=["a", "b"]
        ... )
        >>> probes = fit_probes(backbone, photos, rows, sizes=(28,))
        >>> known = AugmentedPhotos(photos, rows)
        >>> training = FineTuning(backbone, known, probes, border="flatten", views=1, epochs=2)
        >>> training.top.compile("adam", "categorical_crossentropy")
        >>> training.extract_features()
        >>> for part in training.parts():
        ...     settings = training.settings(part) | {"callbacks": training.callbacks(part)}
        ...     history = training.top.fit(training.batches(part), **settings, verbose=0)
        >>> sorted(training.histories), training.classifier().output_shape
        (['fold 1', 'fold 2', 'fold 3'], (None, 2))
    """

    def __init__(
        self,
        backbone,
        photos,
        probes,
        border=None,
        flip=True,
        views=3,
        epochs=EPOCHS,
        batch_size=32,
        cache=True,
        seed=0,
        checkpoint=None,
        verbose=0,
    ):
        self.backbone, self.photos, self.probes, self.border = backbone, photos, probes, border
        self.flip, self.views, self.epochs, self.cache, self.seed = flip, views, epochs, cache, seed
        self.checkpoint, self.verbose, self.deadline = checkpoint, verbose, None
        self.histories, self.seconds, self._data = {}, dict(probes.seconds), None
        self.share, self.out_of_fold = 0.0, np.full(probes.out_of_fold.shape, np.nan)
        self._classes = probes.out_of_fold.shape[1]
        self.labels, self.batch_size = photos.targets.argmax(-1), min(batch_size, max(1, len(photos)))
        self.folds, self._states, self._cut_short, self.top = [], {}, False, None
        self._weights = {}  # {fold: of the network trained in it}
        if border is not None:
            self.folds = folds(self.labels, seed, FOLDS)
            with seeded(seed):  # dropout masks depend on nothing that was built before
                self._build()

    def _build(self):
        self.frozen, trained = halves(self.backbone, self.border, self.photos.size, self._classes)
        self.top = self._trained = trained
        if not self.cache:
            self.top = keras.Model(self.frozen.inputs, trained(self.frozen.output), name="uncached")
        if refusal := memory_refusal(self.batch_size, training_bytes(self.top, self.batch_size)):
            raise ModelError(f"batch_size= {refusal}")

    def plan(self, deadline=None):
        """Measure some steps of the compiled model; cut views and epochs to what fits the time that is left.

        Args:
            deadline: Moment at which training is to end, by `time.perf_counter()`; None for no limit. Then
                steps are only measured to say how long it will take.
        """
        if self.top is None or (deadline is None and not self.verbose):
            return
        started, self.deadline = time.perf_counter(), deadline
        each = step_seconds(self.top, self.batch_size, self.photos.weights is not None)
        steps = sum(self._steps(places) for places, _ in self.folds)
        photo = photo_seconds(self.frozen, self.photos, self.views > 1) if self.cache else 0.0
        left = None if deadline is None else max(0.0, deadline - time.perf_counter())
        wanted = {"top": self.epochs}
        planned = plan(left, photo, len(self.photos), {"top": (steps, each)}, self.views, wanted)
        too_long = left is not None and planned.seconds > left
        agreed = json.dumps([planned.views, planned.epochs["top"], too_long]).encode()
        self.views, self.epochs, too_long = json.loads(from_first(agreed))  # each process has measured others
        self.seconds["measuring"] = time.perf_counter() - started
        if too_long:
            self.top = None
            self._say("\nThere is no time left for fine-tuning: the probes are kept.")
            return
        self._say(f"\nFine-tuning will take about {duration(planned.seconds)}.")

    def extract_features(self):
        """Compute the features of all photos, once for all parts; without a cache, prepare the photos."""
        if self.top is None:
            return
        started = time.perf_counter()
        if self.cache:
            versions = f" in {self.views} versions each" if self.views > 1 else ""
            self._say(f"Extracting features of {len(self.photos):,} photos{versions}, once")
            folder = self.checkpoint.folder if self.checkpoint else self._temporary()
            self._data = CachedFeatures(self.frozen, self.photos, self.views, folder)
        else:
            self._data = UncachedPhotos(self.photos)
        self._data.compute(self.verbose)
        self._fresh = [keras.ops.convert_to_numpy(each) for each in training_variables(self.top)]
        self.seconds["activations"] = time.perf_counter() - started

    def parts(self):
        """The parts of the training, which are the folds; after the last it is decided whether it helps.

        Yields:
            Names, for the methods below.
        """
        if self.top is None or not self.folds:
            return
        for part, (places, _) in zip(PARTS, self.folds, strict=False):
            self._say(f"\n{part.capitalize()}: train on {len(places):,} photos, the others are predicted")
            yield part
        self._decide()

    def _fold(self, part):
        """(photos that it trains on, photos that it predicts)."""
        return self.folds[PARTS.index(part)]

    def _steps(self, places):
        return steps_per_epoch(len(places), self.batch_size)

    def batches(self, part):
        """Batches to train on, epoch after epoch without end: the first argument of `fit`."""
        seed = [self.seed, PARTS.index(part)]
        return self._data.training(self.batch_size, seed, self._state(part).epochs, self._fold(part)[0])

    def settings(self, part):
        """Further arguments of `fit`: photos to validate on, and number of epochs and steps."""
        places, held_out = self._fold(part)
        return {
            "validation_data": self._data.validation(self.batch_size, held_out),
            "epochs": self.epochs,
            "initial_epoch": self._state(part).epochs,
            "steps_per_epoch": self._steps(places),
            "shuffle": False,  # batches come in an order of their own, which a resumed training repeats
        }

    def callbacks(self, part):
        """Callbacks of a part: learning rate, time budget and checkpoint; each part starts from the probe."""
        state, started, (places, held_out) = self._state(part), time.perf_counter(), self._fold(part)

        def begin(logs=None):
            for variable, value in zip(training_variables(self.top), self._fresh, strict=True):
                variable.assign(value)
            head = self._head(places)
            self._trained.get_layer(TUNED).set_weights([head.kernel, head.bias])

        def end(logs=None):
            self.histories[part] = state.history
            self._cut_short |= state.epochs < self.epochs
            batches = self._data.validation(self.batch_size, held_out)
            self.out_of_fold[held_out] = self.top.predict(batches, verbose=0)
            self._weights[part] = self._trained.get_weights()
            self.seconds[part] = state.seconds + time.perf_counter() - started

        return [
            keras.callbacks.LambdaCallback(on_train_begin=begin),
            keras.callbacks.LearningRateScheduler(lambda epoch, rate=None: learning_rate(epoch, self.epochs)),
            Deadline(self.deadline),
            state,
            keras.callbacks.LambdaCallback(on_train_end=end),
        ]

    def _state(self, part):
        if part not in self._states:
            self._states[part] = TrainingState(self.checkpoint, part)
        return self._states[part]

    def _head(self, places):
        """A probe of the mean of the last feature maps, fitted on some photos: what training starts from."""
        size = self.photos.size
        channels = self._trained.get_layer(TUNED).kernel.shape[0]  # means come first, then maxima
        features = self.probes.features[size][places, :channels]
        weights = None if self.photos.weights is None else self.photos.weights[self.labels[places]]
        strength = self.probes.probes[size].strength
        how = {"strength": strength, "least_scale": LEAST_SCALE}
        return fit_linear_probe(features, self.labels[places], self._classes, weights, **how)

    def _decide(self):
        """Give the fine-tuned network its share: 0 unless accuracy and cross-entropy improve out of fold."""
        if self._cut_short:
            self._say("The time was too short to tell whether fine-tuning helps: the probes are kept.")
            return
        found = {share: self._evidence(share) for share in (0.0, *SHARES)}
        best = min(SHARES, key=lambda share: found[share][1])
        helps = found[best][0] > found[0.0][0] and found[best][1] < found[0.0][1]
        self.share = best if helps else 0.0
        told = [
            f"{100 * accuracy:.1f} % correct, cross-entropy {loss:.3f}"
            for accuracy, loss in (found[0.0], found[best])
        ]
        self._say(
            f"\nPhotos predicted by networks that did not see them: probes alone {told[0]}; with the "
            f"fine-tuned networks {told[1]}. "
            + (
                "The mean of their weights is taken."
                if helps
                else "Fine-tuning does not help: they are left out."
            )
        )

    def _evidence(self, share):
        """Accuracy and cross-entropy out of fold if the fine-tuned network counts so much."""
        probabilities = self.mixed(share)
        correct = float(np.mean(probabilities.argmax(-1) == self.labels))
        return correct, cross_entropy(probabilities, self.labels)

    def mixed(self, share=None):
        """Out-of-fold probabilities of probes and network together, float64 (n, classes)."""
        share = self.share if share is None else share
        return (
            (1 - share) * self.probes.out_of_fold + share * self.out_of_fold
            if share
            else self.probes.out_of_fold
        )

    def classifier(self):
        """The classifier: probes and fine-tuned network, or the probes alone where that does not help.

        Returns:
            A Keras model: (batch, any height, any width, 3) -> (batch, classes).
        """
        sizes, size = tuple(self.probes.probes), self.photos.size
        if self.share:
            found = FineTunedClassifier(
                self.backbone, self._classes, sizes, self.border, size, self.share, self.flip
            )
            of_folds = zip(*self._weights.values(), strict=True)
            self._trained.set_weights([np.mean(each, 0) for each in of_folds])
            take_over(found, self._trained)
        else:
            found = MultiScaleClassifier(at_sizes(self.backbone, sizes), self._classes, sizes, self.flip)
        self.probes.assign(found)
        return found

    def _temporary(self):
        """A folder for features that are too many for the memory; it goes with this object."""
        self._held = tempfile.TemporaryDirectory(prefix="features-", ignore_cleanup_errors=True)
        return self._held.name

    def close(self):
        """Forget the cached features, and remove the temporary folder with them."""
        if isinstance(self._data, CachedFeatures):
            self._data.release()
        self._data = None
        if held := getattr(self, "_held", None):
            held.cleanup()

    def _say(self, text):
        if self.verbose:
            print(text, flush=True)
