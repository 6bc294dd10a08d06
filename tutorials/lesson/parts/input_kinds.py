"""What a saved model takes: images, of which lessons make figures, or texts or sounds, which have pages."""

from tutorials.lesson.command import LessonError

from models import ModelError
from models.loading.saved_models import load_with_about
from tutorials.lesson.parts.sound_pages import look_at_sounds, takes_sounds
from tutorials.lesson.parts.text_pages import file_of, look_at_texts, takes_texts


def what_looks_at(path, **of_images):
    """What writes the page of a saved model that takes no images.

    Args:
        path: What a user gave: a file, or a lesson's folder.
        **of_images: {setting that only models of images have: its value, false if it is not given}.

    Returns:
        `look_at_texts` or `look_at_sounds`; None for any other model, or where none can be loaded.

    Raises:
        LessonError: If such a setting is given for a model that takes texts or sounds.
    """
    try:
        model, _ = load_with_about(file_of(path))
    except (ModelError, OSError, ValueError):
        return None  # whoever loads it says why
    looks = look_at_texts if takes_texts(model) else look_at_sounds if takes_sounds(model) else None
    given = [f"{name}=" for name, value in of_images.items() if value]
    if looks and given:
        kind = "texts" if looks is look_at_texts else "sounds"
        raise LessonError(
            f"{path} classifies {kind}: leave out {', '.join(given)}, of models of images only."
        )
    return looks
