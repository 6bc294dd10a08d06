"""Clips: small animations, whose bytes are damaged."""

import numpy as np
from PIL import Image


def one_clip(random, folder):
    """Write one good animation of 10 frames."""
    pixels = np.random.default_rng(random.randrange(4)).integers(0, 256, (10, 24, 32, 3), "uint8")
    frames = [Image.fromarray(frame) for frame in pixels]
    path = folder / f"clip.{random.choice(('gif', 'webp'))}"
    frames[0].save(path, save_all=True, append_images=frames[1:])
    return path
