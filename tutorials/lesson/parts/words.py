"""Words of a conclusion that follow from its numbers, so that no sentence says more than was measured."""


def gains(difference):
    """Whether a change of accuracy is a gain or a cost, in points.

    Args:
        difference: Accuracy after the change minus that before it, as a share.

    Returns:
        A verb and the size, such as "gains 1.5 points".

    Example:
        >>> from tutorials.lesson.parts.words import gains
        >>> gains(0.015), gains(-0.071), gains(0.0001)
        ('gains 1.5 points', 'costs 7.1 points', 'changes nothing')
    """
    return _by_sign(difference, "gains {} points", "changes nothing", "costs {} points")


def ahead(difference):
    """Whether one accuracy is above or below another: "14.2 points ahead of", "level with".

    Args:
        difference: The first accuracy minus the second, as a share.

    Example:
        >>> from tutorials.lesson.parts.words import ahead
        >>> ahead(0.142), ahead(-0.01), ahead(0)
        ('14.2 points ahead of', '1.0 points behind', 'level with')
    """
    return _by_sign(difference, "{} points ahead of", "level with", "{} points behind")


def _by_sign(difference, above, equal, below):
    """The words for a difference, rounded to a tenth of a point, with its size where they have a place."""
    points = f"{100 * abs(difference):.1f}"
    words = equal if points == "0.0" else above if difference > 0 else below
    return words.format(points)
