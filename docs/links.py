"""What is wrong with a folder of HTML pages: broken links and frames, and what comes from another host."""

from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit

LOADED = {"script": "src", "img": "src", "iframe": "src", "source": "src", "video": "src", "link": "href"}
OF_LINKS = {"canonical", "search", "index", "next", "prev", "author", "license", "help"}  # nothing is loaded


class Page(HTMLParser):
    """The links and anchors of a page.

    Attributes:
        loaded: Addresses that the browser loads with the page.
        linked: Addresses that a click leads to.
        anchors: Names in the page that a link can lead to.
    """

    def __init__(self, text):
        super().__init__()
        self.loaded, self.linked, self.anchors = [], [], {"", "top"}
        self.feed(text)

    def handle_starttag(self, tag, attributes):
        found = {name: value or "" for name, value in attributes}
        self.anchors |= {found[name] for name in ("id", "name") if name in found}
        kinds = set(found.get("rel", "").split())
        if tag == "a" and "href" in found:
            self.linked.append(found["href"])
        elif tag == "link" and kinds & OF_LINKS:
            self.linked.append(found.get("href", ""))
        elif tag in LOADED and found.get(LOADED[tag]):
            self.loaded.append(found[LOADED[tag]])
        for one in found.get("srcset", "").split(","):
            if one.strip():
                self.loaded.append(one.split()[0])

    handle_startendtag = handle_starttag


def problems(folder):
    """A sentence for each fault of the pages in a folder.

    Args:
        folder: Its top folder; every page below it is read.

    Yields:
        What is loaded from another host, and links, pictures and frames that lead nowhere.

    Example:
        >>> import pathlib, tempfile
        >>> from docs.links import problems
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     page = pathlib.Path(folder) / "index.html"
        ...     _ = page.write_text('<a href="#here">x</a><img src="https://a.b/c.png"><p id="here">')
        ...     list(problems(folder))
        ['index.html loads https://a.b/c.png from another host.']
    """
    folder = Path(folder).resolve()
    pages = {
        path.resolve(): Page(path.read_text(encoding="utf-8")) for path in sorted(folder.rglob("*.html"))
    }
    for path, page in pages.items():
        name = path.relative_to(folder).as_posix()
        for address in page.loaded:
            if urlsplit(address).scheme in ("http", "https") or address.startswith("//"):
                yield f"{name} loads {address} from another host."
        for address in [*page.loaded, *page.linked]:
            parts = urlsplit(address)
            if parts.scheme or parts.netloc:  # another host's page, a picture inside the page
                continue
            target = (path.parent / unquote(parts.path)).resolve() if parts.path else path
            if not target.is_file():
                yield f"{name} links to {address}, which is not there."
            elif parts.fragment and target in pages and unquote(parts.fragment) not in pages[target].anchors:
                yield f"{name} links to {address}, a place that is not there."
    for path in sorted(folder.rglob("*.css")):
        text = path.read_text(encoding="utf-8")
        if "url(http" in text or "url(//" in text or "@import" in text:
            yield f"{path.relative_to(folder).as_posix()} loads something from another host."
