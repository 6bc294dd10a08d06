"""Look inside a network of images: what it looks for, what it makes of a picture, which pixels decide.

Trains the digit reader, or opens any saved model: python -m tutorials.look_inside --load
outputs/fine_tune --data photos/
"""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))  # this repository's models and datasets come first

from tutorials.lesson.command import VERBOSE, LessonError, run  # first: loads Keras quietly

import keras
import numpy as np

import models
from datasets import digits
from datasets.files.names import safe
from models.export.page.page import write_page
from models.inspection import (
    class_probabilities,
    deletion,
    exciting_image,
    feature_maps,
    first_filters,
    grad_cam,
    has_feature_maps,
    hidden_activations,
    hidden_layer,
    most_exciting,
    occlusion,
    saliency,
    stages,
)
from models.inspection.flat_maps import FEWEST, flat_maps, neighbours_alike
from tutorials.figures import looks
from tutorials.figures.labels import plain
from tutorials.lesson.limits import check_settings
from tutorials.lesson.parts.image_models import Pictures, find_pictures, load_image_model
from tutorials.lesson.report import Report

HIDDEN = 0.1  # share of the pixels that is hidden to see what an answer rests on
TRAIN_IMAGES = 6000
BATCH_SIZE = 64
MOMENTS = (0, 5, 20, 60)  # steps of training after which the feature maps are kept, beside the last


def main(
    load: str = "",
    data: str = "auto",
    white: float = 255.0,
    train_images: int = TRAIN_IMAGES,
    epochs: int | None = None,
    page: bool = False,
    seed: int = 0,
    quick: bool = False,
    outputs: Path = Path("outputs"),
) -> dict:
    """Train a digit reader, or load a model of images, and look at everything in it.

    Args:
        load: A saved model of images to look into instead of training one: a .keras file, a
            lesson's folder such as outputs/fine_tune, or "mnist" for the zoo's own digit reader.
        data: Pictures to show it: for digits a folder that holds mnist.npz or the four IDX files, or
            "embedded"; for other models a folder of photos, best below folders named like the
            classes. "auto" looks for digits, downloads them, or falls back.
        white: What a white pixel is to a loaded model: 255, or 1 where pixels were scaled before it.
        train_images: Images to train on, 20 or more; the embedded set has 1,437.
        epochs: Passes over the training images; by default 4 on MNIST, 15 on the small embedded set.
        page: Write page.html as well: the network in a browser, to draw for and to point at.
        seed: Makes the run repeatable.
        quick: Take every step on a sample, in seconds.
        outputs: Where results go.
    """
    check_settings(locals(), train_images=20)
    report = Report(main, settings=locals())
    keras.utils.set_random_seed(seed)
    results, moments, most = {}, {}, 60 if quick else 360

    if load:  # Data and model: pixels in [0, 255], labels of -1 where nothing tells the class
        if epochs or train_images != TRAIN_IMAGES:
            raise LessonError("A model that is loaded is not trained: leave out --epochs and --train-images.")
        saved = load_image_model(load, white)
        model = saved.model
        pictures = find_pictures(saved, data, min(most, 96) if min(saved.image_size) > 64 else most)
        seen = len(pictures.images)
    else:
        # Data: images (n, 28, 28, 1) with pixels in [0, 255], labels (n,) from 0 to 9
        source = digits.locate(data)
        (x_train, y_train), (x_test, y_test) = digits.load_data(source)
        some = 300 if quick else train_images
        x_train, y_train = x_train[:some], y_train[:some]
        epochs = 1 if quick else epochs or (4 if source.name == "mnist" else 15)
        pictures = Pictures(source, x_test[:most], y_test[:most].astype(int), list(digits.CLASS_NAMES))
        seen = len(x_train) + len(x_test)

        # Model, compile, fit: what two layers make of one picture is kept at several moments
        model = models.ConvNet()
        model.summary()
        steps = epochs * -(-int(0.9 * len(x_train)) // BATCH_SIZE)  # a tenth is to validate on
        model.compile(
            optimizer=keras.optimizers.Adam(keras.optimizers.schedules.CosineDecay(3e-3, steps)),
            loss="sparse_categorical_crossentropy",
            metrics=["accuracy"],
        )

        def keep(batch=None, logs=None):
            step = int(model.optimizer.iterations)
            if step in MOMENTS:
                moments[step] = feature_maps(model, pictures.images[:40], ["conv1", "conv2"])

        keep()
        keeping = keras.callbacks.LambdaCallback(on_train_batch_end=keep)
        model.fit(
            x_train, y_train, batch_size=BATCH_SIZE, epochs=epochs, validation_split=0.1, callbacks=[keeping],
            verbose=VERBOSE,
        )  # fmt: skip

        # Evaluate: the test images answer once; all that follows looks at some of them
        _, results["test_accuracy"] = model.evaluate(x_test, y_test, verbose=0)

    images, names = pictures.images, pictures.class_names
    probabilities = class_probabilities(model, images)  # (n, classes)
    if unsound := int((~np.isfinite(probabilities)).any(-1).sum()):
        raise LessonError(
            f"{load or model.name} answers {unsound} of {len(images)} pictures with NaN where probabilities "
            "belong; look into a model from before its training failed."
        )
    answers = probabilities.argmax(-1)
    known = (pictures.labels >= 0).all()
    labels = pictures.labels if known else answers
    right = answers == labels
    if load and known:
        results["accuracy"] = float(right.mean())
    height, width = images.shape[1:3]
    large = height * width >= looks.LARGE

    # Filters of the first layer
    first, filters = first_filters(model)
    axes, results["edge_filters_share"] = looks.filters(first, np.asarray(filters))
    report.figure("filters", axes)

    # What excites later layers, and the answers: images made by gradient ascent
    last = list(feature_maps(model, images[:1]))[-1]
    vector = [name for name in [hidden_layer(model)] if name]
    deeper = looks.evenly(stages(model, pooling=False), 3)[1:]
    deeper = [*(deeper + vector)[:2], last] if deeper or vector else [stages(model)[-1], last]
    maps = feature_maps(model, images, deeper)
    channels = {layer: looks.busiest(values, 4 if large else 8) for layer, values in maps.items()}
    settings = {
        "image_size": (height, width),
        "seed": seed,
        "jitter": 4 if large else 1,
        "blur": 0.12 if large else 0.05,
    }
    settings["steps"] = 8 if quick else 24 if large else 60
    made = {layer: exciting_image(model, layer, channels[layer], **settings) for layer in deeper}
    reached = {layer: feature_maps(model, made[layer], [layer])[layer] for layer in deeper}
    axes, results["more_excited_share"] = looks.exciting(made, channels, reached, maps, names)
    report.figure("exciting", axes)

    # What every layer makes of one picture: the surest of the right answers
    one = int(np.where(right, probabilities.max(-1), 0).argmax())
    shown = [*looks.evenly(stages(model), looks.MOST_LAYERS), *vector, last]
    maps_of_one = {layer: values[0] for layer, values in feature_maps(model, images[[one]], shown).items()}
    said = f'a picture taken for "{plain(names[answers[one]])}"'
    axes, results["silent_values_share"] = looks.layers(
        images[one], said, maps_of_one, len(stages(model)), names
    )
    report.figure("feature_maps", axes)

    # Neurons, and the pictures that excite them most
    watched = {layer: channels[layer][:3] for layer in deeper[:-1]}
    found = {layer: most_exciting(model, images, layer, some, 8) for layer, some in watched.items()}
    axes, shares = looks.neurons(found, watched, images, labels, names, known)
    results["one_class_share"] = shares[[*watched][-1]]
    report.figure("neurons", axes)

    # Which pixels decided: three maps, and what is left of the answer when their pixels are hidden
    chosen = looks.groups(probabilities, labels, known)
    rows = np.concatenate(list(chosen.values()))
    if not large:  # more of them, for a mean to rely on
        rows = list(dict.fromkeys([*rows, *range(len(images))]))[: 24 if quick else 40]
    looked, classes = images[rows], answers[rows]
    fill = np.median(images, (0, 1, 2))  # what hides pixels: the pictures' usual colour
    window = max(2, min(height, width) // (5 if large else 6))
    stride = max(1, 2 * window // 3 if large else window // 2)
    heat = {
        "saliency": abs(saliency(model, looked, classes)).max(-1),
        **({"Grad-CAM": grad_cam(model, looked, classes)} if has_feature_maps(model) else {}),
        "occlusion": occlusion(model, looked, classes, window, stride, fill),
        "chance": looks.patches(looked.shape[:3], window, seed),
    }
    before = deletion(model, looked, classes, heat["chance"], 0)
    falls = {
        name: float((before - deletion(model, looked, classes, each, HIDDEN, fill)).mean())
        for name, each in heat.items()
    }
    heat.pop("chance")
    axes, best = looks.explanations(chosen, images, heat, probabilities, labels, names, known, falls, HIDDEN)
    report.figure("maps", axes)
    results |= {f"{name.lower().replace('-', '_')}_fall": fall for name, fall in falls.items()}

    # The last hidden layer on a map
    if len(images) >= FEWEST:
        vectors = hidden_activations(model, images)
        flat = flat_maps(vectors, seed)
        points = {"pixels": images, "hidden": vectors, **flat}
        alike = {name: neighbours_alike(each, labels) for name, each in points.items()}
        wrong = ~right if known else None
        what = f"the {vectors.shape[1]} values"
        report.figure("hidden_map", looks.hidden_map(flat, alike, labels, names, wrong, what))
        results |= {f"neighbours_by_{name}": alike[name] for name in ("pixels", "hidden")}

    # From edges to parts: what training made of the feature maps
    if moments:
        moments[steps] = feature_maps(model, images[:40], [*moments[0]])
        axes, early = looks.training(moments, images[0])
        results |= {f"{layer}_early_agreement": share for layer, share in early.items()}
        report.figure("training", axes)

    if page:
        with report.writing("page.html") as path:
            some = looks.of_all_classes(labels, 12)
            truths = [names[label] for label in labels[some]] if known else ()
            write_page(model, images[some], path, names, f"Look inside {model.name}", captions=truths)
    if not load:
        report.model(model, names)
    if best == "occlusion":
        print("\nOcclusion is made by hiding pixels, and so has the advantage where that is the test.")
    named = (
        f"the {HIDDEN:.0%} of the pixels that {best} marks takes {round(100 * falls[best])} points off the"
    )
    clearly = falls[best] > max(2 * falls["chance"], 0.05)
    finding = (
        f"Hiding {named} answer's probability, hiding as many in squares drawn by chance "
        f"{round(100 * falls['chance'])}: "
        f"{f'{best} names' if clearly else 'no map clearly names'} what the answer rests on."
    )
    written = report.close(pictures.source, seen, finding, parameters=model.count_params(), **results)
    if page:
        print(f"Open {safe(report.folder / 'page.html', 'terminal')} in a browser.")
    return written


if __name__ == "__main__":
    run(main)
