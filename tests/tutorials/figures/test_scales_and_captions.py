"""One colour scale where panels are compared, captions of colours that occur, no orange for what is right."""

import numpy as np

from tutorials.figures.charts import ORANGE, image_grid, map_grid
from tutorials.figures.fields import field_maps
from tutorials.figures.inspection import maps_over_training


def limits(axes):
    return [ax.images[0].get_clim() for ax in axes]


def test_only_wrong_answers_are_orange():
    images, captions = np.zeros((2, 4, 4, 1)), ["moved\nhand X\ntrained O", "turned\nhand O\ntrained O"]
    axes = image_grid(images, captions, "Letters", wrong=[[False, True, False], [False, False, False]])
    colours = {(n, text.get_text()): text.get_color() for n in (0, 1) for text in axes.flat[n].texts}
    assert [key for key, colour in colours.items() if colour == ORANGE] == [(0, "hand X")]
    assert len(colours) == 6
    heights = [text.xyann[1] for text in axes.flat[0].texts]
    assert heights == sorted(heights, reverse=True)  # the lines in their order, from the top


def test_compared_rows_have_one_scale_and_others_their_own():
    rows = {"image": [np.full((2, 2), 9.0)], "right": [np.full((2, 2), -4.0)], "learned": [np.ones((2, 2))]}
    axes = map_grid(rows, "Maps", ["image"], compared=["right", "learned"])
    assert limits(axes[:, 0]) == [(-9, 9), (-4, 4), (-4, 4)]
    assert limits(map_grid(rows, "Maps", ["image"])[:, 0]) == [(-9, 9), (-4, 4), (-1, 1)]


def test_colours_that_do_not_occur_are_not_explained():
    def note(values):
        return map_grid({"one": [np.array(values)]}, "Maps")[0, 0].figure.get_supxlabel()

    assert note([[0.0, 1.0], [0.0, 1.0]]) == "white: zero, red: positive"
    assert note([[-2.0, -1.0], [-2.0, -1.0]]) == "blue: negative"
    assert note([[-2.0, 0.0], [1.0, 1.0]]) == "blue: negative, white: zero, red: positive"


def test_a_field_before_and_after_training_has_one_scale():
    highs = {"one, untrained": 1.0, "two, untrained": 5.0, "one, trained": 2.0, "two, trained": 4.0}
    maps = {caption: np.full((3, 3), high) for caption, high in highs.items()}
    axes = field_maps(maps, [(0, 0, 1, 1)] * 4, "Fields", columns=2)
    assert limits(axes.flat) == [(0, 2), (0, 5), (0, 2), (0, 5)]


def test_feature_maps_of_a_layer_have_one_scale_throughout_training():
    moments = {
        f"step {step}": {"conv1": np.full((2, 2, 1), step + 1.0), "conv2": np.full((2, 2, 1), 7.0 - step)}
        for step in (0, 3)
    }
    axes = maps_over_training(np.zeros((4, 4, 1)), moments, ["conv1", "conv2"], "Training", "", most=1)
    assert limits(axes[:, 1]) == [(0, 4), (0, 4)] and limits(axes[:, 2]) == [(0, 7), (0, 7)]
