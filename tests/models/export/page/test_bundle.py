"""The bundler gives what a browser gives for real ES modules, and refuses what it does not know."""

import functools
import http.server
import json
import threading

import pytest

from models.export.page.bundle import bundle
from models.export.page.shell import ENTRY, FOLDER


def write(folder, **modules):
    """Write modules by their names, "a__b" for a/b.js."""
    for name, text in modules.items():
        path = folder / f"{name.replace('__', '/')}.js"
        path.parent.mkdir(exist_ok=True)
        path.write_text(text)
    return folder


@pytest.fixture
def serve():
    """Serve a folder to the browser, which loads ES modules from a server only."""
    servers = []

    class Handler(http.server.SimpleHTTPRequestHandler):
        extensions_map = {".html": "text/html", ".js": "text/javascript"}

        def log_message(self, *_):
            pass

    def start(folder):
        handler = functools.partial(Handler, directory=str(folder))
        servers.append(http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler))
        threading.Thread(target=servers[-1].serve_forever, daemon=True).start()
        return f"http://127.0.0.1:{servers[-1].server_port}/"

    yield start
    for server in servers:
        server.shutdown()
        server.server_close()


# Both imports of tools/count.js must see one module; every module has a private `state` and `next`
SAMPLE = {
    "main": """
import { next as after, state } from "./tools/count.js";
import * as other from "./tools/other.js";
import {
  Box,
  makeLater,
} from "./tools/box.js";

const next = (n) => `main ${n}`;
export const found = [after(), other.next(), after(), state.n, next(1), new Box(3).size];
export const later = makeLater();
""",
    "tools__count": """
export const state = { n: 0 };
const step = 1;
export function next() {
  state.n += step;
  return state.n;
}
""",
    "tools__other": """
import { next as count } from "../tools/count.js";
const state = "other", step = 10;
export const next = () => `${state} ${step * count()}`;
""",
    "tools__box": """
export class Box {
  constructor(size) { this.size = size; }
}
export async function makeLater() {
  return "later";
}
""",
}


def test_a_bundle_does_what_the_browser_does_with_the_modules(browser, serve, tmp_path):
    write(tmp_path, **SAMPLE)
    script = bundle(tmp_path, "main.js", name="Bundle")
    (tmp_path / "page.html").write_text(f"<!doctype html><script>{script}</script>")
    browser.open(serve(tmp_path) + "page.html")
    value = "({later}) => later.then(later => [later])"
    bundled = browser.value("Bundle.found"), browser.value(f"({value})(Bundle)")
    real = (
        browser.value("import('/main.js').then(main => main.found)"),
        browser.value(f"import('/main.js').then({value})"),
    )
    assert bundled == real == ([1, "other 20", 3, 3, "main 1", 3], ["later"])
    # Nothing but the name asked for is left behind
    assert browser.value("[typeof Bundle, typeof m0, typeof found, typeof next]") == ["object"] + 3 * [
        "undefined"
    ]


def test_the_pages_modules_export_as_es_modules_what_they_export_in_the_bundle(browser, serve):
    paths = sorted(path.relative_to(FOLDER).as_posix() for path in FOLDER.rglob("*.js"))
    paths.remove(ENTRY)  # would start the page
    browser.open(serve(FOLDER) + "page.html")
    names = "Object.keys(m).filter(name => m[name] !== undefined).sort()"
    real = browser.value(
        f"Promise.all({json.dumps(paths)}.map(path => import('/' + path).then(m => {names})))"
    )
    script = "".join(bundle(FOLDER, path, name=f"M{at}") for at, path in enumerate(paths))
    bundled = browser.value(f"{script}[{', '.join(f'M{at}' for at in range(len(paths)))}].map(m => {names})")
    assert dict(zip(paths, bundled, strict=True)) == dict(zip(paths, real, strict=True))
    assert all(real)


def order(script):
    return [line.removeprefix("// ---- ") for line in script.splitlines() if line.startswith("// ---- ")]


def test_a_module_stands_after_all_that_it_imports_and_only_once(tmp_path):
    imports = {"a": "bcd", "b": "d", "c": "db", "d": ""}
    for name, others in imports.items():
        lines = "".join(f'import {{ {other} }} from "./{other}.js";\n' for other in others)
        write(tmp_path, **{name: f"{lines}export const {name} = 1;\n"})
    script = bundle(tmp_path, "a.js")
    assert order(script) == ["d.js", "b.js", "c.js", "a.js"]
    assert bundle(tmp_path, "a.js") == bundle(str(tmp_path), "a.js") == script
    assert order(bundle(tmp_path, "c.js", "a.js")) == ["d.js", "b.js", "c.js", "a.js"]


def test_every_module_of_the_page_is_in_its_script():
    found = order(bundle(FOLDER, ENTRY))
    assert sorted(found) == sorted(path.relative_to(FOLDER).as_posix() for path in FOLDER.rglob("*.js"))
    assert len(found) == len(set(found)) and found[-1] == ENTRY


def test_comments_above_are_left_out_and_those_inside_stay(tmp_path):
    text = "/* Of\n   the module. */\n\n/** Of a. */\nexport const a = 1; // here\n  /* inside */\n"
    write(tmp_path, a=text)
    script = bundle(tmp_path, "a.js", name="Bundle")
    assert "Of" not in script and "*/" not in script.replace("/* inside */", "")
    assert "const a = 1; // here" in script and "/* inside */" in script


REFUSED = {
    "circle: a.js imports b.js imports c.js imports a.js": {
        "a": 'import { b } from "./b.js";\nexport const a = 1;\n',
        "b": 'import { c } from "./c.js";\nexport const b = 1;\n',
        "c": 'import { a } from "./a.js";\nexport const c = 1;\n',
    },
    "circle: a.js imports a.js": {"a": 'import { a } from "./a.js";\nexport const a = 1;\n'},
    'a.js imports "./b.js", but there is no b.js': {"a": 'import { b } from "./b.js";\n'},
    'a.js imports "../b.js"; only modules of the page': {"a": 'import { b } from "../b.js";\n'},
    'a.js imports "lodash"; only modules of the page': {"a": 'import { b } from "lodash";\n'},
    'a.js imports "https://x.org/b.js"; only modules': {"a": 'import { b } from "https://x.org/b.js";\n'},
    "a.js uses c of b.js, which exports b": {
        "a": 'import { b, c as d } from "./b.js";\n',
        "b": "export const b = 1, c = 2;\n",
    },
    "a.js uses missing of b.js, which exports b": {
        "a": 'import * as texts from "./b.js";\nconsole.log(texts.b, other.texts.no, texts.missing);\n',
        "b": "export const b = 1;\n",
    },
    "holds `export default a;`": {"a": "const a = 1;\nexport default a;\n"},
    "holds `export { a as b };`": {"a": "const a = 1;\nexport { a as b };\n"},
    "holds `export let a = 1;`": {"a": "export let a = 1;\n"},
    "holds `export const { a } = b;`": {"a": "export const { a } = b;\n"},
    'holds `export * from "./b.js";`': {"a": 'export * from "./b.js";\n', "b": ""},
    'holds `import "./b.js";`': {"a": 'import "./b.js";\n', "b": ""},
    'holds `import b from "./b.js";`': {"a": 'import b from "./b.js";\n', "b": ""},
    "a text in backticks": {"a": "export const a = `\n/* text`; /* other */\n"},
    'a.js holds "</script"': {"a": 'const a = "</SCRIPT>";\n'},
}


@pytest.mark.parametrize("message", REFUSED)
def test_what_cannot_be_bundled_is_refused_in_one_sentence(message, tmp_path):
    write(tmp_path, **REFUSED[message])
    with pytest.raises(ValueError) as refused:
        bundle(tmp_path, "a.js")
    assert message in str(refused.value)
    assert str(refused.value).endswith(".") and "\n" not in str(refused.value)


def test_a_missing_entry_is_named(tmp_path):
    with pytest.raises(ValueError, match=r"There is no module gone\.js in "):
        bundle(tmp_path, "gone.js")


def test_two_exports_of_one_name_do_not_hide_each_other(tmp_path):
    write(tmp_path, a="export const one = 1;\n", b="export const one = 2;\n")
    with pytest.raises(ValueError, match=r"a\.js, b\.js export the same name twice"):
        bundle(tmp_path, "a.js", "b.js", name="Both")
    assert order(bundle(tmp_path, "a.js", "b.js")) == ["a.js", "b.js"]
