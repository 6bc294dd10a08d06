"""Bundle ES modules into one script, so that a page needs no server, no Node and no second file.

Each module becomes a function, so that its private names stay its own. Its imports are the function's
parameters and its exports are the object that it returns:

    const m1 = (({ dot }) => {
    function dense(inputs, weights) { return dot(inputs, weights); }
    return { dense };
    })(m0);

Comments that begin a line, above a module or a declaration, are left out.

This covers the part of the language that the page's modules use, and refuses the rest: see `FORMS`.
"""

import posixpath
import re
from dataclasses import dataclass
from pathlib import Path

FORMS = (
    'the bundler knows `import { a, b as c } from "./module.js";`, `import * as name from "./module.js";`, '
    "and `export` before a function, a class or a const"
)
_IMPORT = re.compile(
    r'^import (?:\{(?P<names>[^{}]*)\}|\* as (?P<namespace>[\w$]+)) from "(?P<module>[^"\n]+)";\n',
    re.MULTILINE,
)
# A `let` is left out: the importing module would keep its first value
_EXPORT = re.compile(r"^export (?=(?:(?:async )?function\*?|class|const) (?P<name>[\w$]+))", re.MULTILINE)
# What stands above a module or a declaration is for those who read the module: a page can do without
_COMMENT = re.compile(r"^/\*.*?\*/\n", re.MULTILINE | re.DOTALL)
_UNKNOWN = re.compile(r"^(?:import|export)\b.*", re.MULTILINE)


def bundle(folder, *entries, name=None):
    """Write some ES modules, and all that they import, as one classic script.

    Args:
        folder: The folder in which all modules lie.
        entries: Paths of the modules to run, relative to `folder`, with "/" between folders.
        name: Name of a global constant that holds all exports of the entries; with None the script
            leaves no name behind.

    Returns:
        The script as text. A module stands after those that it imports; the same files always give
        the same text.

    Raises:
        ValueError: If a module is missing or lies outside of the folder, if modules import one another in
            a circle, if a name is imported that the other module does not export, if an import or
            export is written in a form that the bundler does not know, if a text of several lines looks like
            a comment, if a script in HTML would end early,
            or if two entries of a named bundle export the same name.
    """
    modules = {}
    for entry in entries:
        if not (Path(folder) / entry).is_file():
            raise ValueError(f"There is no module {entry} in {folder}.")
        _collect(Path(folder), entry, modules, ())
    exported = [export for entry in entries for export in modules[entry].exports]
    if name and len(set(exported)) < len(exported):
        raise ValueError(
            f"{', '.join(entries)} export the same name twice, so that {name} could hold only one."
        )
    variables = {path: f"m{number}" for number, path in enumerate(modules)}
    parts = [_function(module, variables) for module in modules.values()]
    start = "(() => {" if name is None else f"const {name} = (() => {{"
    exports = ", ".join(f"...{variables[entry]}" for entry in entries)
    end = "" if name is None else f"return {{ {exports} }};\n"
    return f'{start}\n"use strict";\n{"".join(parts)}{end}}})();\n'


@dataclass(frozen=True)
class _Import:
    """One import statement: {exported name: local name}, or all exports as the object `namespace`."""

    module: str
    names: dict
    namespace: str | None

    @property
    def parameter(self):
        if self.namespace:
            return self.namespace
        pairs = (name if name == local else f"{name}: {local}" for name, local in self.names.items())
        return f"{{ {', '.join(pairs)} }}"


@dataclass(frozen=True)
class _Module:
    path: str
    imports: list
    exports: list
    body: str


def _collect(folder, path, modules, importers):
    """Add a module to `modules` after all that it imports."""
    if path in importers:
        circle = " imports ".join([*importers[importers.index(path) :], path])
        raise ValueError(f"Modules must not import one another in a circle: {circle}.")
    if path in modules:
        return
    module = _read(folder, path)
    for each in module.imports:
        _collect(folder, each.module, modules, (*importers, path))
        _check_names(module, each, modules[each.module])
    modules[path] = module


def _read(folder, path):
    text = (folder / path).read_text(encoding="utf-8")
    if re.search(r"</script|<!--", text, re.IGNORECASE):
        raise ValueError(f'{path} holds "</script" or "<!--", which HTML does not take for JavaScript.')
    imports = [_read_import(folder, path, match) for match in _IMPORT.finditer(text)]
    body = _COMMENT.sub("", _IMPORT.sub("", text))
    if body.count("`") % 2 and text.count("`") % 2 == 0:
        raise ValueError(
            f'{path} may hold a text in backticks with a line that begins with "/*": indent it, or it is '
            "taken for a comment."
        )
    exports = [match["name"] for match in _EXPORT.finditer(body)]
    body = _EXPORT.sub("", body)
    if unknown := _UNKNOWN.search(body):
        raise ValueError(f"{path} holds `{unknown[0]}`; {FORMS}.")
    return _Module(path, imports, exports, body)


def _read_import(folder, path, match):
    target = match["module"]
    found = posixpath.normpath(posixpath.join(posixpath.dirname(path), target))
    if not target.startswith(("./", "../")) or found.startswith("../"):
        raise ValueError(
            f'{path} imports "{target}"; only modules of the page can be bundled, as "./name.js".'
        )
    if not (folder / found).is_file():
        raise ValueError(f'{path} imports "{target}", but there is no {found}.')
    pairs = (part.split(" as ") for part in re.split(r",\s*", (match["names"] or "").strip()) if part)
    return _Import(found, {pair[0].strip(): pair[-1].strip() for pair in pairs}, match["namespace"])


def _check_names(module, imported, other):
    used = set(imported.names)
    if imported.namespace:
        used |= set(re.findall(rf"(?<![\w$.]){re.escape(imported.namespace)}\.([\w$]+)", module.body))
    if missing := sorted(used - set(other.exports)):
        exports = ", ".join(other.exports) or "nothing"
        raise ValueError(f"{module.path} uses {', '.join(missing)} of {other.path}, which exports {exports}.")


def _function(module, variables):
    """A module as a function that is called at once with what the module imports."""
    parameters = ", ".join(each.parameter for each in module.imports)
    arguments = ", ".join(variables[each.module] for each in module.imports)
    variable, exports = variables[module.path], ", ".join(module.exports)
    return (
        f"// ---- {module.path}\nconst {variable} = (({parameters}) => {{\n{module.body.strip()}\n"
        f"return {{ {exports} }};\n}})({arguments});\n"
    )
