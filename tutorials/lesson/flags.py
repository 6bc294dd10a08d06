"""The flags of a command: a function's parameters, as tyro reads them from its signature and docstring."""

import ast
import contextlib
import functools
import inspect
import io
import re
import sys
from pathlib import Path

import tyro

from datasets.files.names import shown
from tutorials.lesson import processes
from tutorials.lesson.conclusions import checked

OF_LESSONS = {"seed", "quick", "outputs"}  # the parameters that each lesson has
CHECK = (
    "Exit with 3, after everything is written, if a result lies outside its expected band or a conclusion of "
    "the lesson does not hold; for default settings only."
)
CHECK_FLAG = inspect.Parameter("check", inspect.Parameter.KEYWORD_ONLY, default=False, annotation=bool)


def parse(main):
    """Take the arguments of `main` from the command line.

    A lesson, which is known by the parameters that all lessons have, takes --check as well; a command that
    trains in several processes takes --processes, see `tutorials.lesson.processes`.

    Returns:
        `main` with these arguments, ready to be called.

    Raises:
        SystemExit: With 0 after --help; with 2 if a flag or its value cannot be used, which is printed.
    """

    @functools.wraps(main)
    def with_settings(*arguments, check=False, **settings):
        alone = processes.of_main(settings)
        call = functools.partial(main, *arguments, **alone)
        return functools.partial(checked, main, call) if check else call

    if inspect.signature(main).parameters.keys() >= OF_LESSONS:
        _add(with_settings, [CHECK_FLAG], {"check": CHECK})
    file = Path(inspect.getfile(main))
    if processes.takes_processes(file):
        _add(with_settings, processes.parameters(), processes.HELP)
    message = io.StringIO()
    try:
        with contextlib.redirect_stderr(message):
            return tyro.cli(
                with_settings,
                prog=f"python -m {file.parent.name}.{file.stem}",
                config=(tyro.conf.DisallowNone, tyro.conf.FlagCreatePairsOff),
            )
    except SystemExit:
        with contextlib.suppress(OSError, ValueError, AttributeError):  # nobody can read it
            print(_readable(message.getvalue()), end="", file=sys.stderr, flush=True)
        raise


def _add(function, parameters, texts):
    """Give a lesson's function more flags, in its signature and in its docstring's last section."""
    signature = inspect.signature(function)
    function.__signature__ = signature.replace(parameters=[*signature.parameters.values(), *parameters])
    function.__annotations__ = function.__annotations__ | {one.name: one.annotation for one in parameters}
    lines = "".join(f"\n    {name}: {text}" for name, text in texts.items())
    function.__doc__ = f"{inspect.getdoc(function)}{lines}"
    vars(function).pop("__wrapped__", None)  # where tyro would look for the docstring


def _readable(message):
    """A message with tyro's colours and line ends, in which nothing else drives the terminal."""
    parts = re.split(r"(\x1b\[[\d;]*m|\n)", message)
    return "".join(part if n % 2 else shown(part) for n, part in enumerate(parts))


def header(file):
    """The function `main` of a file, without its body and without what the file imports.

    That is all that --help needs, which so takes no seconds to load Keras.

    Args:
        file: Path of a lesson.

    Returns:
        A function with the same parameters and docstring; None where they need more than the standard
        library and tyro.
    """
    tree = ast.parse(Path(file).read_text(encoding="utf-8"))
    lines = [node for node in tree.body if _is_light(node)]
    for node in tree.body:
        if isinstance(node, ast.FunctionDef) and node.name == "main":
            lines.append(node)
            node.body, node.returns = node.body[:1], None  # the docstring alone
    namespace = {}
    try:
        exec(compile(ast.Module(lines, []), file, "exec"), namespace)
    except NameError:
        return None
    return namespace.get("main")


def _is_light(node):
    """Whether a line imports from the standard library or from tyro, or gives a number or text a name."""
    if isinstance(node, ast.Assign):
        return isinstance(node.value, ast.Constant)
    if isinstance(node, ast.Import):
        modules = [alias.name for alias in node.names]
    else:
        modules = [node.module] if isinstance(node, ast.ImportFrom) else []
    packages = {module.partition(".")[0] for module in modules}
    return bool(packages) and packages <= {*sys.stdlib_module_names, "tyro"}


def in_flags(message, main):
    """A message for the command line: arguments of `main` in it become flags.

    Args:
        message: Text in which an argument is written as `label_column=`, or with its value in quotes as
            `data="photos"`. Anything else with a "=", such as a folder called data=2020, stays as it is.
        main: The function whose parameters are the flags.

    Returns:
        The text with `--label-column` and `--data "photos"` in it.

    Example:
        >>> from tutorials.lesson.flags import in_flags
        >>> in_flags("Name one of them with label_column=.", lambda label_column: None)
        'Name one of them with --label-column.'
    """
    for name, parameter in inspect.signature(main).parameters.items():
        on_command_line = name.upper() if _is_positional(parameter) else flag(name)
        for ending, space in (r"(?=[\s.,;:)]|$)", ""), (r"(?=[\"'])", " "):
            message = re.sub(rf"(?<![^\s(]){name}={ending}", on_command_line + space, message)
    return message


def flag(name):
    """A parameter of `main` as it is given on the command line.

    Example:
        >>> from tutorials.lesson.flags import flag
        >>> flag("batch_size")
        '--batch-size'
    """
    return f"--{name.replace('_', '-')}"


def _is_positional(parameter):
    """Whether a parameter is given without a flag."""
    (mark,) = tyro.conf.Positional[int].__metadata__
    return mark in getattr(parameter.annotation, "__metadata__", ())
