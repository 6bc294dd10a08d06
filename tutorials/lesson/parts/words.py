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
    points = f"{100 * abs(difference):.1f}"
    if points == "0.0":
        return "changes nothing"
    return f"{'gains' if difference > 0 else 'costs'} {points} points"


def ahead(difference):
    """Whether one accuracy is above or below another: "14.2 points ahead of", "level with".

    Args:
        difference: The first accuracy minus the second, as a share.

    Example:
        >>> from tutorials.lesson.parts.words import ahead
        >>> ahead(0.142), ahead(-0.01), ahead(0)
        ('14.2 points ahead of', '1.0 points behind', 'level with')
    """
    points = f"{100 * abs(difference):.1f}"
    if points == "0.0":
        return "level with"
    return f"{points} points {'ahead of' if difference > 0 else 'behind'}"
