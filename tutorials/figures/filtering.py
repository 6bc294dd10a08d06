"""Filtering with kernels set by hand: the parts of the lesson `convolution` that learn nothing.

Each function builds its layers, prints the numbers that come out, and returns the Axes of a figure.
"""

import numpy as np
from scipy import signal

from datasets.generated import drawings
from datasets.generated.sequences import dna, one_hot
from datasets.generated.volumes import ball
from datasets.generated.x_or_o import clean_letters
from models import FilterBank, by_hand, filters
from tutorials.figures import charts
from tutorials.figures.text_tables import cells, four_steps, side_by_side


def the_x():
    """The lectures' X: four steps for one patch by hand, then every patch at once by a layer."""
    x, backslash = clean_letters()[0], filters.FEATURES["backslash"]
    print("\nThe feature backslash on the X: all nine pixels match.")
    print(four_steps(x[1:4, 1:4, 0], backslash))
    print("In the middle of the X two of the nine differ.")
    print(four_steps(x[3:6, 3:6, 0], backslash))

    bank = FilterBank(pool_sizes=(2,))
    bank.summary()
    with_biases = FilterBank(use_bias=True).count_params()
    print(f"Weights: 3·3·1·3 = {bank.count_params()}. With a bias each, (3·3·1 + 1)·3 = {with_biases}.")
    print("The same weights serve all 49 patches: that is parameter sharing over space. Pooling has none.")
    print("The ninths are cut, not rounded, to two decimals, as in the lectures.\n")
    tables = {
        f"{layer}: {name}": table
        for layer, maps in by_hand.layer_outputs(bank, x).items()
        for name, table in zip(filters.FEATURES, maps, strict=True)
    }
    print(side_by_side(tables))
    matches = sum(int((table > 0.999).sum()) for table in [*tables.values()][:3])
    answers = cells(tables["filters: backslash"])
    first_row = {
        "the X; two patches framed": x[..., 0],
        f"upper patch · backslash: sum / 9 = {answers[1][1]}": x[1:4, 1:4, 0] * backslash,
        f"lower patch · backslash: sum / 9 = {answers[3][3]}": x[3:6, 3:6, 0] * backslash,
    }
    shown = first_row | tables
    title = f"Three features on the X: {matches} of {3 * 7 * 7} answers are 1.00, a perfect match"
    return charts.number_tables(shown.values(), shown, title, marked=[(0, 1, 1, 3), (0, 3, 3, 3)])


def small_pictures():
    """The lectures' convolutions by hand, and what their decks print wrongly."""
    face = by_hand.face_tables(drawings.smiling_face())
    tables = by_hand.disc_tables(drawings.open_disc()) | face
    numbers = drawings.nine_numbers()
    flips = by_hand.flip_tables(numbers)
    print("Convolution by hand is what a Conv2D layer computes:\n")
    print(side_by_side(tables | flips))
    print("Where the decks say something else:")
    framed = face["face, filtered"][2, 2]
    print(f"- The face, filtered, row 2, column 2: a deck prints 1; the arithmetic gives {framed:.0f}.")
    print('- A deck writes "max(0, x) or average(x)" for pooling. max(0, x) is ReLU; pooling takes the')
    print("  maximum or the average of a window.")
    print('- Another calls ReLU "normalization". ReLU turns negative numbers into 0 and scales nothing.\n')

    convolution = signal.convolve2d(numbers[..., 0], filters.COUNTING, "valid")
    print(f"The integral's convolution flips the kernel, as SciPy's does: {convolution.tolist()}.")
    for name in "as it stands", "flipped":
        same = "the same" if np.array_equal(flips[name], convolution) else "something else"
        print(f"A Keras layer with the kernel {name} gives {same}: {flips[name].tolist()}.")
    print()
    shown = tables | {
        "numbers 0 to 8, kernel 0 to 3\nas it stands": flips["as it stands"],
        "the same numbers, kernel\nflipped": flips["flipped"],
    }
    title = f"Small pictures, convolved (framed: {framed:.0f}, where a deck prints 1)"
    place = [*shown].index("face, filtered"), 2, 2
    return charts.number_tables(shown.values(), shown, title, columns=4, marked=[place])


def photograph(photo):
    """One photograph through the eleven kernels.

    Args:
        photo: Array (height, width, 1) in [0, 255].
    """
    shades = " x ".join(map(str, photo.shape))
    print(
        f"The photograph is {shades} numbers, from {photo.min()} to {photo.max()}; 256 values are possible."
    )
    print(f"In colour, 1080 x 1080 x 3, it would be {1080 * 1080 * 3:,} numbers.")
    print("A classifier turns them into probabilities; the lectures' example: Lincoln 0.8, Washington 0.1,")
    print(f"Jefferson 0.05, Obama 0.05; together {0.8 + 0.1 + 0.05 + 0.05:.0f}.\n")
    filtered = np.asarray(FilterBank(filters.KERNELS, photo.shape)(photo[None])[0])  # (..., 11)
    photos = {"the photograph": photo}
    for number, (name, kernel) in enumerate(filters.KERNELS.items()):
        answer = filtered[..., number]
        if abs(np.sum(kernel)) < 1e-6:  # answers 0 wherever the photograph is even
            answer = 255 * np.abs(answer) / max(1, np.quantile(np.abs(answer), 0.99))
        photos[name] = answer
    note = "where a kernel's numbers add up to 0: black for 0, the brighter the farther from it"
    return charts.photo_grid(photos, "Nine numbers decide what is left of a photograph", note)


def sizes(photo, largest=20):
    """What padding and strides do, and the formula for it, held against layers.

    Args:
        photo: Array (height, width, 1) in [0, 255].
        largest: Input sizes from 1 to this are compared.

    Returns:
        (Axes, number of combinations in which formula and layer agree, number compared).
    """
    combinations = [*filters.size_combinations(range(1, largest + 1))]
    agree = sum(filters.output_size(*c[:5]) == filters.layer_output_size(*c) for c in combinations)
    before, after = filters.zeros_around(28, kernel=5, stride=2, padding="same")
    print(
        "Output size = ⌊(size + zeros − span) / stride⌋ + 1, where a kernel spans dilation·(kernel − 1) + 1."
    )
    print(f"The layers agree in {agree:,} of {len(combinations):,} combinations of size, kernel, stride,")
    print("padding, dilation and layer (convolution, maximum, average).")
    print(
        'With padding="same" and strides, Keras can pad unevenly: 28 pixels, a kernel of 5 and a stride of 2'
    )
    print(f"get {before} zero before and {after} after (PyTorch's padding=2 puts 2 before).\n")

    blur = filters.averaged({"blur": ((1,) * 15,) * 15})
    outputs = {"input": photo}
    for padding, stride in ("valid", 1), ("same", 1), ("same", 2), ("same", 4):
        bank = FilterBank(blur, photo.shape, strides=stride, padding=padding)
        outputs[f'"{padding}", stride {stride}'] = np.asarray(bank(photo[None])[0])
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
    return charts.strides_and_sizes(photos, tried, lines, title), agree, len(combinations)


def sequence_and_volume(seed):
    """A motif found in DNA by a 1D layer, and the surface of a ball by a 3D one.

    Args:
        seed: Draws the DNA.
    """
    letters, motif = dna(seed=seed), "TATAAA"
    bank = FilterBank([one_hot(motif) / len(motif)], (len(letters), 4), name="motif_finder")
    match = np.asarray(bank(one_hot(letters)[None])[0, :, 0])
    found = np.flatnonzero(match > 1 - 1e-6)
    places = ", ".join(map(str, found))
    print(f"1D: {letters}\n    {motif} matches to 1.00 at {places}, counted from 0.")

    solid = ball()
    bank = FilterBank([filters.LAPLACIAN_3D], solid.shape, padding="same", name="surface_finder")
    surface = np.asarray(bank(solid[None])[0])
    inside = int(((solid == 1) & (surface == 0)).sum())
    print(f"3D: of a ball's {int(solid.sum())} voxels {inside} give 0: those inside, not at the surface.\n")
    shown = range(2, 2 + 6)
    slices = {
        "a ball": [solid[depth, ..., 0] for depth in shown],
        "Laplacian,\n3 × 3 × 3": [surface[depth, ..., 0] for depth in shown],
    }
    title = f"In 1D a kernel finds {len(found)} motifs in DNA; in 3D another finds a ball's surface"
    return charts.sequence_and_slices(letters, match, motif, slices, title)
