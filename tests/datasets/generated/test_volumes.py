"""The ball is round and solid, and a 3D kernel finds its surface."""

import numpy as np
import pytest

from datasets import DataError
from datasets.generated.volumes import ball
from models import FilterBank, filters


def test_the_ball_is_what_lies_within_its_radius():
    volume = ball(size=9, radius=3.5)
    assert volume.shape == (9, 9, 9, 1)
    assert volume.dtype == "float32"
    for place, voxel in np.ndenumerate(volume[..., 0]):
        assert voxel == (sum((side - 4) ** 2 for side in place) <= 3.5**2)


def test_the_3d_laplacian_is_six_times_a_voxel_less_its_neighbours():
    volume = np.random.default_rng(0).integers(0, 9, (5, 6, 7, 1)).astype("float32")
    answers = np.asarray(FilterBank([filters.LAPLACIAN_3D], volume.shape)(volume[None]))[0, ..., 0]
    v = volume[..., 0]
    for z, y, x in np.ndindex(3, 4, 5):
        z1, y1, x1 = z + 1, y + 1, x + 1
        around = v[z, y1, x1] + v[z + 2, y1, x1] + v[z1, y, x1] + v[z1, y + 2, x1]
        around += v[z1, y1, x] + v[z1, y1, x + 2]
        assert answers[z, y, x] == 6 * v[z1, y1, x1] - around


def test_the_inside_of_a_ball_gives_0_and_its_surface_does_not():
    volume = ball()
    answers = np.asarray(FilterBank([filters.LAPLACIAN_3D], volume.shape, padding="same")(volume[None]))[0]
    neighbours = sum(np.roll(volume, step, axis) for axis in range(3) for step in (-1, 1))
    inside = (volume == 1) & (neighbours == 6)
    assert inside.sum() == 312
    assert (answers[inside] == 0).all()
    assert (answers[(volume == 1) & ~inside] > 0).all()


@pytest.mark.parametrize("bad", [{"radius": 0}, {"radius": -1.0}, {"size": 9, "radius": 5}])
def test_impossible_balls_are_refused(bad):
    with pytest.raises(DataError, match=str(bad["radius"])):
        ball(**bad)
