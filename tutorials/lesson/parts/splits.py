"""What the lessons say about the images that they train on."""


def say_split(images, share=0.1):
    """Print how many of a lesson's training images are fitted, and how many are the validation split.

    Args:
        images: Number of images that are given to `fit`.
        share: Its `validation_split`.

    Returns:
        Number of images that are fitted, as Keras counts them.
    """
    fitted = int(images * (1 - share))
    print(
        f"Of those to train on, this lesson uses {images:,}: {fitted:,} to fit, "
        f"{images - fitted:,} as the validation split.\n",
        flush=True,
    )
    return fitted
