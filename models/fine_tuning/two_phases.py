"""Fine-tuning in two phases: a new head on the frozen backbone, then the top of the backbone with it.

The lesson `fine_tune` and `PhotoClassifier` are built from this, so that both come to the same numbers.
"""

import tempfile
import time

import keras
import numpy as np

from ..checks.memory import memory_refusal, training_bytes
from ..errors import ModelError
from .batches import UncachedPhotos, steps_per_epoch
from .checkpoints import TrainingState
from .features import CachedFeatures
from .time_budget import Deadline, duration, photo_seconds, plan, step_seconds
from .transfer import freeze, split

PHASES = {"head": "the new head", "top": "the top of the backbone and the head"}
LEARNING_RATES = {"head": 1e-2, "top": 3e-4}  # the highest of each phase
EPOCHS = {"head": 20, "top": 20}
PATIENCE = 10  # epochs without a lower validation loss, after which a phase stops


def learning_rate(phase, epoch, epochs):
    """The learning rate in an epoch: it falls to 0 along a cosine.

    In phase "top" it rises first, because a high learning rate at the start would undo what the backbone has
    learned.

    Args:
        phase: "head" or "top".
        epoch: Number of the epoch, from 0.
        epochs: Number of epochs.

    Returns:
        A float.

    Reference:
        Loshchilov and Hutter, SGDR: stochastic gradient descent with warm restarts, 2017.

    Example:
        >>> [round(float(learning_rate("head", epoch, 4)), 4) for epoch in range(4)]
        [0.0096, 0.0069, 0.0031, 0.0004]
        >>> [round(float(learning_rate("top", epoch, 4)), 5) for epoch in range(4)]
        [0.00011, 0.00028, 0.00028, 0.00011]
    """
    share = (epoch + 0.5) / epochs
    shape = (1 + np.cos(np.pi * share)) / 2 if phase == "head" else np.sin(np.pi * share)
    return LEARNING_RATES[phase] * shape


class TwoPhases:
    """What both phases need: the models to fit, their data, callbacks, a time budget and checkpoints.

    Compile `head` and, unless it is None, `top`. Then call `plan` if there is a time budget, and
    `extract_features`. Then fit `head`, and after it `top`.

    Args:
        classifier: What `TransferClassifier` built. Training changes its weights.
        train, validation: `AugmentedPhotos` to train on and to validate on.
        border: Last layer of the backbone that stays frozen in phase "top"; None for no such phase.
        views: Versions of each training photo of which features are cached.
        epochs: {phase: epochs at most}.
        batch_size: Photos in a batch; fewer if there are fewer training photos.
        cache: Whether to cache features of frozen layers; otherwise photos pass through all layers in
            every epoch.
        seed: Of the order of photos and of the views drawn.
        checkpoint: A `CheckpointFolder` or an object like it; None to write no state.
        verbose: 0 to print nothing, 1 with progress bars, 2 with one line for each epoch.

    Attributes:
        head, top: Models to compile and fit, one for each phase. With a cache their inputs are features of
            frozen layers.
        networks: Both by the phase's name.
        frozen: The frozen layers: pixels -> {phase: features}.
        histories: {phase: {metric: value after each epoch}}.
        seconds: {what: seconds that it took}.

    Raises:
        ModelError: If a batch does not fit in memory.

    Example:
        >>> from types import SimpleNamespace
        >>> from models import Backbone, TransferClassifier
        >>> from models.fine_tuning.batches import AugmentedPhotos
        >>> photos = SimpleNamespace(
        ...     pixels=np.zeros((4, 28, 28, 3)), labels=np.array([0, 1, 0, 1]), class_names=["a", "b"]
        ... )
        >>> some = AugmentedPhotos(photos, rows=[0, 1, 2, 3])
        >>> classifier = TransferClassifier(Backbone("convnet", weights=None), classes=2)
        >>> training = TwoPhases(classifier, some, some, views=1, epochs={"head": 2})
        >>> training.head.compile("adam", "categorical_crossentropy")
        >>> _ = training.extract_features()
        >>> settings = training.settings("head") | {"callbacks": training.callbacks("head")}
        >>> fitted = training.head.fit(training.batches("head"), **settings, verbose=0)
        >>> len(training.histories["head"]["val_loss"])
        2
    """

    def __init__(
        self,
        classifier,
        train,
        validation,
        border=None,
        views=6,
        epochs=EPOCHS,
        batch_size=32,
        cache=True,
        seed=0,
        checkpoint=None,
        verbose=0,
    ):
        self.classifier, self.train, self.validation, self.border = classifier, train, validation, border
        self.views, self.epochs, self.cache, self.seed = views, dict(epochs), cache, seed
        self.checkpoint, self.verbose, self.deadline = checkpoint, verbose, None
        self.histories, self.seconds, self._states, self._data = {}, {}, {}, None
        self._split()
        self.batch_size = min(batch_size, max(1, len(train)))
        needed = max(training_bytes(network, self.batch_size) for network in self.networks.values())
        if refusal := memory_refusal(self.batch_size, needed):
            raise ModelError(f"batch_size= {refusal}")

    def _split(self):
        """Cut the classifier into the frozen layers and the model that each phase trains."""
        features, self.head = split(self.classifier)  # pixels -> features, features -> probabilities
        self.networks, outputs = {"head": self.head}, {"head": features.output}
        self.top = None
        if self.border:
            frozen, self.top = split(self.classifier, self.border)
            self.networks["top"], outputs["top"] = self.top, frozen.output
        self.frozen = keras.Model(features.input, outputs, name="frozen")
        if not self.cache:  # one model for each phase all the same, since each has its own optimizer
            for phase in self.networks:
                whole = keras.Model(self.classifier.inputs, self.classifier.outputs, name=f"{phase}_uncached")
                self.networks[phase] = whole
            self.head, self.top = self.networks["head"], self.networks.get("top")

    def plan(self, deadline=None):
        """Measure some steps of the compiled models; cut views and epochs to what fits the time that is left.

        Args:
            deadline: Moment at which training is to end, by `time.perf_counter()`; None for no limit.
        """
        started, self.deadline = time.perf_counter(), deadline
        steps = {}
        for phase, network in self.networks.items():
            self._freeze(phase)
            each = step_seconds(network, self.batch_size, self.train.weights is not None)
            steps[phase] = steps_per_epoch(len(self.train), self.batch_size), each
        photo = photo_seconds(self.frozen, self.train, self.views > 1) if self.cache else 0.0
        left = None if deadline is None else max(0.0, deadline - time.perf_counter())
        self.views, self.epochs, seconds = plan(left, photo, len(self.train), steps, self.views, self.epochs)
        self.seconds["measuring"] = time.perf_counter() - started
        self._say(f"\nTraining will take about {duration(seconds)}, less if it stops early.")

    def extract_features(self):
        """Compute the features of all photos, once for both phases; without a cache, prepare the photos."""
        started = time.perf_counter()
        if self.cache:
            versions = f" in {self.views} versions each" if self.views > 1 else ""
            self._say(f"Extracting features of {len(self.train):,} photos{versions}, once")
            folder = self.checkpoint.folder if self.checkpoint else self._temporary()
            train = CachedFeatures(self.frozen, self.train, self.views, folder)
            self._data = train, CachedFeatures(self.frozen, self.validation, 1)
        else:
            self._data = UncachedPhotos(self.train), UncachedPhotos(self.validation)
        for each in self._data:
            each.compute(self.verbose)
        self.seconds["activations"] = time.perf_counter() - started
        return self

    def batches(self, phase):
        """Batches to train on, epoch after epoch without end: the first argument of `fit`.

        Args:
            phase: "head" or "top".
        """
        self._say(f"\nPhase {list(self.networks).index(phase) + 1}: {PHASES[phase]}")
        seed = [self.seed, list(PHASES).index(phase)]
        return self._data[0].training(phase, self.batch_size, seed, self._state(phase).epochs)

    def settings(self, phase):
        """Further arguments of `fit`: validation data, and number of epochs and steps.

        Args:
            phase: "head" or "top".
        """
        state = self._state(phase)
        return {
            "validation_data": self._data[1].validation(phase, self.batch_size),
            "validation_batch_size": self.batch_size,
            "epochs": self.epochs[phase],
            "initial_epoch": self.epochs[phase] if state.stopped else state.epochs,
            "steps_per_epoch": steps_per_epoch(len(self.train), self.batch_size),
            "shuffle": False,  # batches come in an order of their own, which a resumed training repeats
        }

    def callbacks(self, phase):
        """Callbacks of a phase: learning rate, early stopping, time budget and checkpoint.

        Args:
            phase: "head" or "top".
        """
        state, started, before = self._state(phase), time.perf_counter(), []
        epochs, network = self.epochs[phase], self.networks[phase]

        def begin(logs=None):
            self._freeze(phase)
            before.extend(network.get_weights())

        def end(logs=None):
            self.histories[phase] = state.history
            self._keep_better(phase, before)
            self.seconds[phase] = state.seconds + time.perf_counter() - started

        return [
            keras.callbacks.LambdaCallback(on_train_begin=begin),
            keras.callbacks.LearningRateScheduler(
                lambda epoch, rate=None: learning_rate(phase, epoch, epochs)
            ),
            state.stopping,
            Deadline(self.deadline),
            state,
            keras.callbacks.LambdaCallback(on_train_end=end),  # last: after early stopping chose weights
        ]

    def _freeze(self, phase):
        freeze(self.classifier, self.border if self.cache or phase == "top" else None)

    def _state(self, phase):
        if phase not in self._states:
            stopping = keras.callbacks.EarlyStopping(patience=PATIENCE, restore_best_weights=True)
            self._states[phase] = TrainingState(self.checkpoint, phase, stopping)
        return self._states[phase]

    def _keep_better(self, phase, before):
        """Take a second phase back that did not lower the validation loss."""
        if phase != "top" or not self.histories[phase].get("val_loss"):
            return
        if min(self.histories["top"]["val_loss"]) > min(self.histories["head"]["val_loss"]):
            self._say("This phase did not lower the validation loss: the weights from before it are kept.")
            self.networks[phase].set_weights(before)

    def _temporary(self):
        """A folder for features that are too many for the memory; it goes with this object."""
        self._held = tempfile.TemporaryDirectory(prefix="features-", ignore_cleanup_errors=True)
        return self._held.name

    def close(self):
        """Forget the cached features, and remove the temporary folder with them."""
        self._data = None
        if held := getattr(self, "_held", None):
            held.cleanup()

    def _say(self, text):
        if self.verbose:
            print(text, flush=True)
