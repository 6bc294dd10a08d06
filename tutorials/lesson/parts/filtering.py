"""Convolution with kernels set by hand: the parts of the lesson `convolution` without training.

Each function builds its layers, prints their outputs, and returns the Axes of a figure.
"""

import keras
import numpy as np
from scipy import signal

from datasets.generated import drawings
from datasets.generated.sequences import dna, one_hot
from datasets.generated.volumes import ball
from datasets.generated.x_or_o import clean_letters
from models import FilterBank, by_hand, filters
from tutorials.figures.charts import number_tables
from tutorials.figures.convolutions import photo_grid, sequence_and_slices, strides_and_sizes
from tutorials.figures.text_tables import cells, four_steps, side_by_side


def the_x():
    """The lectures' X: four steps for one patch by hand, then all patches by a layer."""
    x, backslash = clean_letters()[0], filters.FEATURES["backslash"]
    print("\nThe feature backslash on the X: all nine pixels match.")
    print(four_steps(x[1:4, 1:4, 0], backslash))
    print("In the middle of the X two of the nine differ.")
    print(four_steps(x[3:6, 3:6, 0], backslash))

    bank = FilterBank(pool_sizes=(2,))
    bank.summary()
    with_biases = FilterBank(use_bias=True).count_params()
    print(f"Weights: 3·3·1·3 = {bank.count_params()}. With a bias each, (3·3·1 + 1)·3 = {with_biases}.")
    print("The same weights are used for all 49 patches (parameter sharing). Pooling has no weights.")
    print("Every output is a sum of nine products / 9, so that a perfect match gives 1. As on the slides,")
    print("where 7/9 = 0.777… is 0.77, numbers are cut to two decimals, not rounded (0.78).\n")
    tables = {
        f"{layer}: {name}": table
        for layer, maps in by_hand.layer_outputs(bank, x).items()
        for name, table in zip(filters.FEATURES, maps, strict=True)
    }
    print(side_by_side(tables))
    matches = sum(int((table > 0.999).sum()) for table in [*tables.values()][:3])
    outputs = cells(tables["filters: backslash"])
    first_row = {
        "the X with two patches framed": x[..., 0],
        f"upper patch · backslash: sum / 9 = {outputs[1][1]}": x[1:4, 1:4, 0] * backslash,
        f"lower patch · backslash: sum / 9 = {outputs[3][3]}": x[3:6, 3:6, 0] * backslash,
    }
    shown = first_row | tables
    title = f"Three filters on the X: {matches} of {3 * 7 * 7} outputs are 1.00, a perfect match"
    return number_tables(shown.values(), shown, title, marked=[(0, 1, 1, 3), (0, 3, 3, 3)])


def small_images():
    """The lectures' convolutions by hand, and the errors in their slides."""
    face = by_hand.face_tables(drawings.smiling_face())
    tables = by_hand.disc_tables(drawings.open_disc()) | face
    numbers = drawings.nine_numbers()
    flips = by_hand.flip_tables(numbers)
    print("Convolution by hand is what a Conv2D layer computes:\n")
    print(side_by_side(tables | flips))
    print("Errors in the lecture slides:")
    framed = face["face, filtered"][2, 2]
    print("- The filtered face, row 2, column 2, both counted from 0 (the middle one of five):")
    print(f"  the slides print 1, the correct value is {framed:.0f}.")
    print('- For pooling, the slides write "max(0, x) or average(x)". max(0, x) is ReLU; pooling takes the')
    print("  maximum or the average of a window.")
    print('- The slides call ReLU "normalization". ReLU sets negative numbers to 0 and scales nothing.\n')

    convolution = signal.convolve2d(numbers[..., 0], filters.COUNTING, "valid")
    print(f"The mathematical convolution flips the kernel, as SciPy does: {convolution.tolist()}.")
    for name in "not flipped", "flipped":
        same = "the same" if np.array_equal(flips[name], convolution) else "a different result"
        print(f"A Keras layer with the kernel {name} gives {same}: {flips[name].tolist()}.")
    print()
    shown = tables | {
        "numbers 0 to 8, kernel 0 to 3,\nnot flipped": flips["not flipped"],
        "numbers 0 to 8, kernel 0 to 3,\nflipped": flips["flipped"],
    }
    once, face_once = (shown[name].shape[0] for name in ("then max pooling", "face, pooled"))
    print(
        f"Max pooling makes 5 × 5 numbers {once} × {once} for the disc and {face_once} × {face_once} for the "
        'face:\nthe disc is pooled with padding="valid", which leaves out the last row and column, the face\n'
        'with padding="same", which pools them in windows of fewer numbers.\n'
    )
    # Each kernel stands before what it gives
    kernels = {
        "identity": ("kernel\nidentity", filters.IDENTITY),
        "ones": ("kernel\nones", filters.ONES),
        "horizontal lines": ("kernel\nhorizontal lines", filters.KERNELS["horizontal lines"]),
        "face, filtered": ("kernel\nof the face", filters.SMILE),
        "numbers 0 to 8, kernel 0 to 3,\nnot flipped": ("kernel\n0 to 3", filters.COUNTING),
    }
    drawn = {}
    for name, table in shown.items():
        if name in kernels:
            drawn[kernels[name][0]] = np.array(kernels[name][1])
        drawn[name] = table
    title = f"Small images and kernels, and what they give (framed: {framed:.0f}, where the slides print 1)"
    place = [*drawn].index("face, filtered"), 2, 2
    return number_tables(drawn.values(), drawn, title, columns=6, marked=[place])


def photograph(photo):
    """One photograph convolved with eleven kernels.

    Args:
        photo: Array (height, width, 1) in [0, 255].
    """
    shape = " x ".join(map(str, photo.shape))
    print(
        f"The photograph is an array of {shape} numbers from {photo.min()} to {photo.max()} (of 256 values)."
    )
    print(f"A colour photograph of 1080 x 1080 pixels is 1080 x 1080 x 3 = {1080 * 1080 * 3:,} numbers.")
    print("A classifier turns them into probabilities. In the lectures' example they are Lincoln 0.8,")
    print(f"Washington 0.1, Jefferson 0.05 and Obama 0.05, with a sum of {0.8 + 0.1 + 0.05 + 0.05:.0f}.\n")
    bank = FilterBank(filters.KERNELS, photo.shape)
    filtered = keras.ops.convert_to_numpy(bank(photo[None])[0])  # (..., 11)
    photos = {"the photograph": photo}
    for number, (name, kernel) in enumerate(filters.KERNELS.items()):
        output = filtered[..., number]
        if abs(np.sum(kernel)) < 1e-6:  # 0 in uniform areas, and often negative elsewhere
            output = 255 * np.abs(output) / max(1, np.quantile(np.abs(output), 0.99))
        photos[name] = output
    note = "kernels with a sum of 0: absolute value of the output, black for 0"
    title = f"The weights of a kernel decide what it finds: {len(filters.KERNELS)} kernels, one photograph"
    return photo_grid(photos, title, note, kernels=filters.KERNELS)


def sizes(photo, largest=20):
    """The effect of padding and strides, and the formula for output sizes compared with layers.

    Args:
        photo: Array (height, width, 1) in [0, 255].
        largest: Largest input size that is compared; the smallest is 1.

    Returns:
        (Axes, number of combinations in which formula and layer agree, number of combinations).
    """
    combinations = [*filters.size_combinations(range(1, largest + 1))]
    agree = sum(filters.output_size(*c[:5]) == filters.layer_output_size(*c) for c in combinations)
    before, after = filters.zeros_around(28, kernel=5, stride=2, padding="same")
    print("Output size = ⌊(size + padding − span) / stride⌋ + 1, with span = dilation·(kernel − 1) + 1.")
    print(f"The layers agree in {agree:,} of {len(combinations):,} combinations of size, kernel, stride,")
    print("padding, dilation and layer (convolution, max pooling, average pooling).")
    print(
        'With padding="same" and strides, Keras may pad unevenly: for 28 pixels, a kernel of 5 and a stride'
    )
    print(f"of 2 it adds {before} zero before and {after} after (PyTorch's padding=2 adds 2 before).\n")

    blur = filters.averaged({"blur": ((1,) * 15,) * 15})
    outputs = {"input": photo}
    for padding, stride in ("valid", 1), ("same", 1), ("same", 2), ("same", 4):
        bank = FilterBank(blur, photo.shape, strides=stride, padding=padding)
        outputs[f'"{padding}", stride {stride}'] = keras.ops.convert_to_numpy(bank(photo[None])[0])
    photos = {
        f"{name}\n{image.shape[0]} × {image.shape[1]}": image[..., 0] for name, image in outputs.items()
    }
    tried = range(5, 21)
    lines = {
        f'kernel 5, "{padding}", stride {stride}': [
            [filters.output_size(size, 5, stride, padding) for size in tried],
            [filters.layer_output_size(size, 5, stride, padding) for size in tried],
        ]
        for padding, stride in (("same", 1), ("valid", 1), ("valid", 2), ("valid", 3), ("valid", 4))
    }
    title = f"Output sizes: the formula holds in {agree:,} of {len(combinations):,} combinations"
    return strides_and_sizes(photos, tried, lines, title), agree, len(combinations)


def sequence_and_volume(seed):
    """A 1D layer finds a motif in DNA, a 3D layer the surface of a ball.

    Args:
        seed: Random seed of the DNA sequence.
    """
    letters, motif = dna(seed=seed), "TATAAA"
    bank = FilterBank([one_hot(motif) / len(motif)], (len(letters), 4), name="motif_finder")
    match = keras.ops.convert_to_numpy(bank(one_hot(letters)[None])[0, :, 0])
    found = np.flatnonzero(match > 1 - 1e-6)
    positions = ", ".join(map(str, found))
    print(f"1D: {letters}\n    {motif} matches perfectly (1.00) at positions {positions}, counted from 0.")

    solid = ball()
    bank = FilterBank([filters.LAPLACIAN_3D], solid.shape, padding="same", name="surface_finder")
    surface = keras.ops.convert_to_numpy(bank(solid[None])[0])
    inside = int(((solid == 1) & (surface == 0)).sum())
    print(f"3D: of a ball's {int(solid.sum())} voxels, {inside} give 0: those inside, not at the surface.\n")
    shown = range(2, 2 + 6)
    slices = {
        "a ball": [solid[depth, ..., 0] for depth in shown],
        "Laplacian,\n3 × 3 × 3": [surface[depth, ..., 0] for depth in shown],
    }
    title = f"A 1D kernel finds {len(found)} motifs in DNA, a 3D kernel finds the surface of a ball"
    return sequence_and_slices(letters, match, motif, slices, title)
