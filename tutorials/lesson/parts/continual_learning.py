"""Learn one task after the other: plainly, with elastic weight consolidation, or with replay."""

import keras
import numpy as np

from datasets.generated.perturbations import shuffle_columns
from models.compiled import compiled, repeated
from models.continual import average_accuracy, forgetting, forward_transfer
from models.gradients import several_weight_gradients, weight_gradients
from tutorials.lesson.repeats import start_afresh

MEMORY = 200  # examples that replay keeps, of all tasks together
FISHER_IMAGES = 200  # from which the Fisher information is computed


def split_by_class(images, labels, tasks=5):
    """Tasks of two digits each: list of (images, labels)."""
    pairs = [np.isin(labels, (2 * task, 2 * task + 1)) for task in range(tasks)]
    return [(images[pair], labels[pair]) for pair in pairs]


def permuted(images, labels, seed, tasks=5):
    """The same digits in every task, with pixels in another order each: list of (images, labels)."""
    orders = [np.random.default_rng(seed + task).permutation(images[0].size) for task in range(tasks)]
    return [(shuffle_columns(images, order), labels) for order in orders]


def fisher_information(network):
    """A function that computes the diagonal of a network's Fisher information, compiled once.

    It tells how much each weight matters for the predictions: the mean of the squared derivative of log p,
    over images, and over all classes by their predicted probabilities. No labels are needed.

    Args:
        network: A model from images to probabilities.

    Returns:
        Function of images (n, height, width, channels) to a list of arrays, one for each of
        `network.trainable_variables`.
    """
    weights = network.trainable_variables

    def of_one(image):
        def logs():
            probabilities = keras.ops.unstack(network(image[None])[0])
            return [keras.ops.log(probability + 1e-20) for probability in probabilities], probabilities

        groups = [weights] * network.output_shape[-1]
        _, probabilities, slopes = several_weight_gradients(logs, groups)  # by class, then by weight
        return [
            sum(p * slope**2 for p, slope in zip(probabilities, of_weight, strict=True))
            for of_weight in zip(*slopes, strict=True)
        ]

    fast = compiled(of_one, network.variables)

    def of_images(images):
        total = [np.zeros(weight.shape) for weight in weights]
        for image in images:
            found = [keras.ops.convert_to_numpy(each) for each in fast(image)]
            total = [before + new for before, new in zip(total, found, strict=True)]
        return [each / len(images) for each in total]

    return of_images


class Learner:
    """Trains one network on tasks in their order; `begin` starts again with new random weights.

    Args:
        network: A classifier from images to probabilities, compiled with an optimizer that has a schedule as
            its learning rate.
    """

    def __init__(self, network):
        self.network = network
        network.optimizer.build(network.trainable_variables)
        weights, self._fisher_of = network.get_weights(), fisher_information(network)
        self._fisher = [keras.Variable(np.zeros_like(weight), trainable=False) for weight in weights]
        self._anchor = [keras.Variable(weight, trainable=False) for weight in weights]
        variables = [*network.variables, *network.optimizer.variables, *self._fisher, *self._anchor]
        self._steps = repeated(self._step, variables, changing=True)
        self._predict = compiled(lambda images: keras.ops.argmax(network(images), axis=1), network.variables)

    def begin(self, seed, ewc=0.0, replay=0):
        """Set random weights, and forget all tasks.

        Args:
            seed: Seed of weights, batches, and examples that are kept.
            ewc: Weight of the penalty of elastic weight consolidation; 0 for none.
            replay: Number of examples that are kept and replayed; 0 for none.
        """
        keras.utils.set_random_seed(seed)
        start_afresh(self.network, keras.models.clone_model(self.network))
        self.ewc, self.replay, self.random = ewc, replay, np.random.default_rng(seed)
        self.memory, self.seen = None, 0  # (images, labels), number of tasks
        for fisher in self._fisher:
            fisher.assign(keras.ops.zeros(fisher.shape))

    def fit(self, images, labels, steps, batch_size):
        """Train on one task.

        Args:
            images: Array (n, height, width, channels), pixels in [0, 255].
            labels: Integers (n,).
            steps: Training steps.
            batch_size: Images per batch; with replay there are as many from memory besides.
        """
        # The moments of the last task's gradients mean nothing for this one
        for variable in self.network.optimizer.variables:
            variable.assign(keras.ops.zeros(variable.shape, variable.dtype))
        x, y = self._draw(images, labels, steps, batch_size)
        if self.memory is not None:
            old_x, old_y = self._draw(*self.memory, steps, batch_size)
            x, y = np.concatenate([x, old_x], 1), np.concatenate([y, old_y], 1)
        self._steps([x.astype("float32"), y], np.float32(self.ewc))
        self.seen += 1
        if self.ewc:
            some = self.random.choice(len(images), min(FISHER_IMAGES, len(images)), replace=False)
            for fisher, new in zip(self._fisher, self._fisher_of(images[some]), strict=True):
                fisher.assign_add(new)
            for anchor, weight in zip(self._anchor, self.network.trainable_variables, strict=True):
                anchor.assign(weight)
        if self.replay:
            self._remember(images, labels)

    def accuracies(self, tasks):
        """The accuracy on each task, a list of (images, labels)."""
        return [
            np.mean(keras.ops.convert_to_numpy(self._predict(images)) == labels) for images, labels in tasks
        ]

    def _draw(self, images, labels, steps, batch_size):
        where = self.random.integers(0, len(images), (steps, batch_size))
        return images[where], labels[where].astype("int32")

    def _remember(self, images, labels):
        """Keep as many examples of each task seen so far: the first of those kept, and some new ones."""
        share = self.replay // self.seen
        new = self.random.choice(len(images), min(share, len(images)), replace=False)
        kept = [(images[new], labels[new])]
        if self.memory is not None:
            of_each = np.array_split(np.arange(len(self.memory[1])), self.seen - 1)
            old = np.concatenate([part[:share] for part in of_each])
            kept.insert(0, tuple(part[old] for part in self.memory))
        self.memory = tuple(np.concatenate(part) for part in zip(*kept, strict=True))

    def _step(self, images, labels, ewc):
        weights = self.network.trainable_variables

        def loss():
            outputs = self.network(images)
            return keras.ops.mean(keras.losses.sparse_categorical_crossentropy(labels, outputs))

        _, gradients = weight_gradients(loss, weights)
        # The derivative of ewc / 2 * sum of F (w - w*)²
        pulls = [ewc * f * (w - a) for f, w, a in zip(self._fisher, weights, self._anchor, strict=True)]
        gradients = [g + pull for g, pull in zip(gradients, pulls, strict=True)]
        self.network.optimizer.apply(gradients, weights)


def learn_tasks(learner, train, test, steps, batch_size):
    """Train on one task after the other.

    Args:
        learner: A `Learner`.
        train, test: A list of (images, labels) each, one for each task.
        steps: Training steps of each task.
        batch_size: Images per batch.

    Returns:
        (accuracies, untrained): (tasks, tasks), row i after training on task i; and before any, (tasks,).
    """
    untrained = np.array(learner.accuracies(test))
    rows = []
    for images, labels in train:
        learner.fit(images, labels, steps, batch_size)
        rows.append(learner.accuracies(test))
    return np.array(rows), untrained


def learn_jointly(learner, train, test, steps, batch_size):
    """Train on all tasks at once, with as many steps as one after the other has: accuracies (tasks,)."""
    together = (np.concatenate(part) for part in zip(*train, strict=True))
    learner.fit(*together, steps * len(train), batch_size)
    return np.array(learner.accuracies(test))


def learn_in_all_ways(network, train, test, steps, batch_size, ewc, seed):
    """Train a network on tasks in each way, always from the same random weights.

    Args:
        network: A classifier, compiled as `Learner` takes it.
        train, test: A list of (images, labels) each, one for each task.
        steps: Training steps of each task.
        batch_size: Images per batch.
        ewc: Weight of the penalty of elastic weight consolidation.
        seed: Random seed.

    Returns:
        (matrices, joint, untrained): {way: accuracies (tasks, tasks)}, of joint training (tasks,), and with
        random weights (tasks,).
    """
    matrices, ways = {}, {"nothing": {}, "EWC": {"ewc": ewc}, "replay": {"replay": MEMORY}}
    learner = Learner(network)
    for name, settings in ways.items():
        learner.begin(seed, **settings)
        matrices[name], untrained = learn_tasks(learner, train, test, steps, batch_size)
        print(
            f"  {name:<8} mean accuracy after the last task {average_accuracy(matrices[name]):.2%}",
            flush=True,
        )
    learner.begin(seed)
    joint = learn_jointly(learner, train, test, steps, batch_size)
    print(f"  {'joint':<8} mean accuracy {joint.mean():.2%}", flush=True)
    return matrices, joint, untrained


def measures(matrices, joint, untrained, prefix):
    """The lesson's results of one kind of tasks by name; arguments as `learn_in_all_ways` returns them."""
    results = {
        f"{prefix}_joint_test_accuracy": joint.mean(),
        f"{prefix}_untrained_test_accuracy": untrained.mean(),
    }
    for name, matrix in matrices.items():
        key = f"{prefix}_{name.lower()}"
        results[f"{key}_test_accuracy"] = average_accuracy(matrix)
        results[f"{key}_forgetting"] = forgetting(matrix)
        results[f"{key}_transfer"] = forward_transfer(matrix, untrained)
    return results


def findings(results):
    """What the results show: {"split": sentence, "permuted": sentence}."""
    said = {}
    for prefix, tasks in (("split", "New classes"), ("permuted", "New orders of pixels")):
        shown = [
            f"{results[f'{prefix}_{way}_test_accuracy']:.1%} {words}"
            for way, words in (
                ("nothing", "with nothing"),
                ("ewc", "with EWC"),
                ("replay", "with replay"),
                ("joint", "trained jointly"),
            )
        ]
        said[prefix] = f"{tasks}: mean accuracy {', '.join(shown)}"
    return said
