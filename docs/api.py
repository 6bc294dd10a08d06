"""Pages of the API: every public name of `models` and `datasets`, from its docstring."""

import importlib
import inspect

OTHERS = {"models": "Classifiers, and what else there is", "datasets": "Photos, and what all data share"}
# Modules that are used by their own names beside what the packages show
MODULES = {
    "models": (
        "models.counting", "models.filters", "models.activations", "models.receptive_fields",
        "models.inspection", "models.evaluation", "models.export.page", "models.export.text_page",
        "models.text_classification",
        "models.word_vectors", "models.distribution",
    ),
    "datasets": (
        "datasets.digits", "datasets.reviews", "datasets.tones", "datasets.videos", "datasets.photos",
        "datasets.generated.edges", "datasets.generated.x_or_o", "datasets.generated.spirals",
        "datasets.generated.customers", "datasets.generated.moving_shapes",
    ),
}  # fmt: skip


def public_names(module):
    """Names of the functions and classes that a module shows: those of `__all__`, else those it defines.

    Example:
        >>> import datasets
        >>> from docs.api import public_names
        >>> public_names(datasets)
        ['DataError', 'MultiLabelPhotos', 'Photos', 'Source', 'Texts']
    """
    listed = getattr(module, "__all__", None)
    found = listed or [
        name
        for name, value in vars(module).items()
        if not name.startswith("_") and getattr(value, "__module__", "") == module.__name__
    ]
    return [
        name for name in found if inspect.isroutine(_of(module, name)) or inspect.isclass(_of(module, name))
    ]


def _of(module, name):
    return getattr(module, name)


def _directive(module, name):
    value = _of(module, name)
    path = f"{module.__name__}.{name}"
    if inspect.isroutine(value):
        return f".. autofunction:: {path}"
    if issubclass(value, BaseException):
        return f".. autoexception:: {path}"
    return f".. autoclass:: {path}\n   :members:"


def _block(*directives):
    text = "\n\n".join(directives)
    return f"```{{eval-rst}}\n{text}\n```"


def api_page(package, builders=()):
    """Markdown of the page of a package.

    Args:
        package: "models" or "datasets".
        builders: Names that come first, under a heading of their own.
    """
    module = importlib.import_module(package)
    names = public_names(module)
    first = [name for name in builders if name in names]
    opening = inspect.cleandoc(module.__doc__).partition("\n")[0]
    lines = [f"# `{package}`", opening]
    groups = {"Builders": first, OTHERS[package]: [name for name in names if name not in first]}
    for title, group in groups.items():
        if group:
            lines += [f"## {title}", _block(*(_directive(module, name) for name in group))]
    shown = {id(_of(module, name)) for name in names}
    for path in MODULES[package]:
        inner = importlib.import_module(path)
        own = [name for name in public_names(inner) if id(_of(inner, name)) not in shown]
        shown |= {id(_of(inner, name)) for name in own}
        if own:
            about = inspect.cleandoc(inner.__doc__ or "").partition("\n")[0]
            lines += [f"## `{path}`", about, _block(*(_directive(inner, name) for name in own))]
    return "\n\n".join(lines) + "\n"
