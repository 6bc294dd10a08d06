"""How a classifier's prediction changes when parts of an image are hidden."""

from keras import ops

from ..checks.arguments import array, checked, number, shown, whole
from ..errors import ModelError
from .predictions import Probabilities, classifier_images, of_classes, wanted_classes

AT_ONCE = 256  # hidden windows in one batch


@checked(window=whole(none=True), stride=whole(none=True))
def occlusion(model, images, class_index, window=None, stride=None, fill=None):
    """Occlusion map: by how much a class's probability falls when a window of the image is hidden.

    No gradient is needed, so that it also works where gradients vanish. Windows cover the whole
    image and overlap; a pixel gets the mean over the windows that hide it.

    Args:
        model: A Keras model of images, functional, sequential or nested, with one output.
        images: Array (n, height, width, channels) in the model's range.
        class_index: Class to explain, one for all images or an array (n,) of one for each. Where the
            model ends in one neuron, its logit counts for class 1, and with the opposite sign for class 0.
        window: Side of the square in pixels; None for about a sixth of the image's shorter side.
        stride: Pixels from one window to the next, from 1 to `window`; None for half of it.
        fill: What hidden pixels become: a number, or one for each channel; None for the mean colour
            of each image.

    Returns:
        Array (n, height, width), float32, in [-1, 1]: above 0 where hiding lowers the probability.
        Of a model that ends in logits, probabilities are their softmax, or the sigmoid of a single one.

    Raises:
        ModelError: If the images are not what the model takes, there is no such class, or the window, stride
            or fill is impossible.

    Reference:
        Zeiler and Fergus, Visualizing and understanding convolutional networks, 2014.

    Example:
        >>> import keras
        >>> from models.inspection import occlusion
        >>> bright = keras.Sequential([keras.Input((4, 4, 1)), keras.layers.Flatten(),
        ...     keras.layers.Dense(1, "sigmoid", kernel_initializer="ones")])
        >>> image = keras.ops.reshape([0.0] * 15 + [2.0], (1, 4, 4, 1))  # class 1 by its last pixel alone
        >>> occlusion(bright, image, 1, window=2, stride=2, fill=0)[0].round(2)
        array([[0.  , 0.  , 0.  , 0.  ],
               [0.  , 0.  , 0.  , 0.  ],
               [0.  , 0.  , 0.38, 0.38],
               [0.  , 0.  , 0.38, 0.38]], dtype=float32)
    """
    images = classifier_images("occlusion", model, images)
    wanted = wanted_classes(model, images, class_index)
    height, width = images.shape[1:3]
    window = max(1, round(min(height, width) / 6)) if window is None else window
    stride = max(1, window // 2) if stride is None else stride
    if window > min(height, width):
        raise ModelError(f"A window of {window} pixels does not fit into {height} x {width}.")
    if stride > window:
        raise ModelError(f"A stride from 1 to the window's {window} pixels is needed, not {stride}.")
    fill = _check_fill("occlusion", images, fill)
    hidden = _windows(height, width, window, stride)  # (windows, height, width), 1 where hidden
    predict = Probabilities(model)
    seen = of_classes(predict(images), wanted)
    maps = []
    for image, index, before in zip(images, wanted, seen, strict=True):
        colour = _fills(image[None], fill)
        falls = []
        for first in range(0, len(hidden), AT_ONCE):
            some = ops.expand_dims(hidden[first : first + AT_ONCE], -1)
            batch = some * colour + (1 - some) * ops.cast(image, "float32")
            falls.append(before - predict(batch)[:, int(index)])
        falls = ops.reshape(ops.concatenate(falls), (-1, 1, 1))
        maps.append(ops.sum(falls * hidden, 0) / ops.sum(hidden, 0))
    return ops.convert_to_numpy(ops.stack(maps))


@checked(share=number(least=0, most=1))
def deletion(model, images, class_index, heat, share=0.1, fill=None):
    """The probability of a class when the highest pixels of a map are hidden.

    The better a map shows which pixels the prediction depends on, the lower that probability. So maps of
    different methods can be compared.

    Args:
        model, images, class_index, fill: As in `occlusion`.
        heat: Array (n, rows, columns), of any size: the highest values are hidden first.
        share: Share of the image's pixels to hide, from 0 to 1.

    Returns:
        Array (n,), float32: probabilities.

    Raises:
        ModelError: If the images are not what the model takes, there is no such class, the share is out of
            range, or there is not one map for each image.

    Reference:
        Petsiuk et al., RISE: randomized input sampling for explanation of black-box models, 2018.

    Example:
        >>> import numpy as np
        >>> from models import ConvNet
        >>> from models.inspection import deletion, grad_cam
        >>> images = np.random.default_rng(0).uniform(0, 255, (2, 28, 28, 1))
        >>> deletion(ConvNet(), images, 3, grad_cam(ConvNet(), images, 3), share=0.2).shape
        (2,)
    """
    return _without("deletion", model, images, class_index, heat, share, fill, highest=True)


@checked(share=number(least=0, most=1))
def insertion(model, images, class_index, heat, share=0.1, fill=None):
    """The probability of a class when only the highest pixels of a map are shown.

    The better a map shows which pixels suffice for the prediction, the higher that probability.

    Args:
        model, images, class_index, fill: As in `occlusion`.
        heat: Array (n, rows, columns), of any size: the highest values are shown first.
        share: Share of the image's pixels to show, from 0 to 1.

    Returns:
        Array (n,), float32: probabilities.

    Raises:
        ModelError: As for `deletion`.

    Reference:
        Petsiuk et al., RISE: randomized input sampling for explanation of black-box models, 2018.

    Example:
        >>> import numpy as np
        >>> from models import ConvNet
        >>> from models.inspection import class_probabilities, insertion, layer_cam
        >>> images, model = np.random.default_rng(0).uniform(0, 255, (2, 28, 28, 1)), ConvNet(weights="mnist")
        >>> whole = insertion(model, images, 3, layer_cam(model, images, 3), share=1)
        >>> bool(np.allclose(whole, class_probabilities(model, images)[:, 3], atol=1e-6))
        True
    """
    return _without("insertion", model, images, class_index, heat, 1 - share, fill, highest=False)


def _without(owner, model, images, class_index, heat, share, fill, highest):
    """Probabilities of a class when a share of the pixels is hidden: those of highest, or lowest, heat."""
    images = classifier_images(owner, model, images)
    wanted = wanted_classes(model, images, class_index)
    heat, fill = array(owner, "heat", heat), _check_fill(owner, images, fill)
    if heat.ndim != 3 or len(heat) != len(images):
        raise ModelError(
            f"{owner} needs heat as maps (n, rows, columns) for {len(images)} images, not {heat.shape}."
        )
    height, width = images.shape[1:3]
    heat = ops.expand_dims(ops.cast(heat, "float32"), -1)
    heat = ops.reshape(ops.image.resize(heat, (height, width)), (len(images), -1))
    ranks = ops.argsort(ops.argsort(-heat if highest else heat))
    hidden = ops.reshape(ops.cast(ranks < round(share * height * width), "float32"), (-1, height, width, 1))
    batch = hidden * _fills(images, fill) + (1 - hidden) * ops.cast(images, "float32")
    return ops.convert_to_numpy(of_classes(Probabilities(model)(batch), wanted))


def _windows(height, width, window, stride):
    boxes = [
        (top, left) for top in _starts(height, window, stride) for left in _starts(width, window, stride)
    ]
    tops, lefts = (ops.reshape(ops.convert_to_tensor(each), (-1, 1)) for each in zip(*boxes, strict=True))
    rows, columns = ops.arange(height, dtype="int32"), ops.arange(width, dtype="int32")
    rows = ops.cast((rows >= tops) & (rows < tops + window), "float32")
    columns = ops.cast((columns >= lefts) & (columns < lefts + window), "float32")
    return ops.expand_dims(rows, 2) * ops.expand_dims(columns, 1)


def _starts(side, window, stride):
    """Where windows begin; the last one ends at the border of the image."""
    return list(dict.fromkeys([*range(0, side - window, stride), side - window]))


def _check_fill(owner, images, fill):
    """What hidden pixels become, as an array of one number or one for each channel; None stays None."""
    if fill is None:
        return None
    found = array(owner, "fill", fill).ravel()
    if len(found) not in (1, images.shape[-1]):
        raise ModelError(
            f"{owner} needs fill as one number or one for each of {images.shape[-1]} channels, "
            f"not {shown(fill)}."
        )
    return found.astype("float32")


def _fills(images, fill):
    """What hidden pixels become, (n or 1, 1, 1, channels or 1)."""
    if fill is None:
        return ops.mean(ops.cast(images, "float32"), (1, 2), keepdims=True)
    return ops.convert_to_tensor(fill.reshape(1, 1, 1, -1))
