"""Web servers on this machine that misbehave on purpose."""

import contextlib
import gzip
import http.server
import threading
import zlib

CONTENT = bytes(range(256)) * 4096  # 1 MiB
HALF = len(CONTENT) // 2
PAGE = b"\n<!DOCTYPE html><html><title>Welcome to the hotel</title>" + b"<p>Log in</p>" * 1000


class Handler(http.server.BaseHTTPRequestHandler):
    """Misbehaves as the first part of the path says.

    Attributes of its server:
        asked: A list of `(path, Range header or None)`.
        released: An event that ends whatever waits.
    """

    protocol_version = "HTTP/1.1"

    def do_GET(self):
        self.close_connection = True
        self.server.asked.append((self.path, self.headers.get("Range")))
        kind = self.path.strip("/").partition("/")[0]
        with contextlib.suppress(ConnectionError):
            getattr(self, kind.replace("-", "_"), self.good)()

    def answer(self, body=CONTENT, length=None, status=200, **headers):
        self.send_response(status)
        if length is not False:
            self.send_header("Content-Length", str(len(body) if length is None else length))
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        self.end_headers()
        self.wfile.write(body)

    def trickle(self, byte):
        while not self.server.released.wait(0.02):
            self.wfile.write(byte)

    def flood(self, piece):
        while not self.server.released.is_set():
            self.wfile.write(piece)

    def good(self):
        self.answer()

    def slow(self):
        self.answer(b"", len(CONTENT))
        for start in range(0, len(CONTENT), len(CONTENT) // 8):
            self.wfile.write(CONTENT[start : start + len(CONTENT) // 8])
            self.server.released.wait(0.05)

    def parts(self):
        """As a good server does: cut off at first, then what is asked for."""
        asked = self.headers.get("Range")
        if not asked:
            self.answer(CONTENT[:HALF], len(CONTENT), ETag='"one"')
        elif self.headers.get("If-Range", '"one"') != '"one"':
            self.answer(ETag='"one"')
        else:
            self.rest(int(asked.removeprefix("bytes=").rstrip("-")), ETag='"one"')

    def rest(self, at, where=None, **headers):
        where = f"bytes {at if where is None else where}-{len(CONTENT) - 1}/{len(CONTENT)}"
        self.answer(CONTENT[at:], status=206, Content_Range=where, **headers)

    def part_unasked(self):
        self.rest(HALF)

    def another_part(self):
        if self.headers.get("Range"):
            self.rest(HALF, where=100)
        else:
            self.answer()

    def beyond(self):
        self.answer(b"", status=416) if self.headers.get("Range") else self.answer()

    def always_beyond(self):
        self.answer(b"", status=416)

    def cut(self):
        self.answer(CONTENT[:HALF], len(CONTENT))

    def cut_at_once(self):
        self.answer(b"", len(CONTENT))

    def wrong(self):
        self.answer(CONTENT[::-1])

    def empty(self):
        self.answer(b"")

    def nothing(self):
        self.answer(b"", status=204, length=False)

    def page(self):
        self.answer(PAGE, Content_Type="text/html")

    def missing(self):
        self.send_error(404, "\x1b[31mgone away")

    def forbidden(self):
        self.send_error(403)

    def broken(self):
        self.send_error(500)

    def invented(self):
        self.send_response(999, "\x1b[31mInvented")
        self.end_headers()

    def silent(self):
        self.server.released.wait(30)

    def stalled(self):
        self.answer(CONTENT[:HALF], len(CONTENT))
        self.server.released.wait(30)

    def by_the_byte(self):
        self.answer(b"", len(CONTENT))
        self.trickle(b"x")

    def header_by_the_byte(self):
        self.wfile.write(b"HTTP/1.1 200 OK\r\nX: ")
        self.trickle(b"x")

    def chunk_size_by_the_byte(self):
        self.answer(b"", False, Transfer_Encoding="chunked")
        self.trickle(b"0")

    def endless_trailer(self):
        self.answer(b"0\r\n", False, Transfer_Encoding="chunked")
        self.flood(b"X: y\r\n" * 1000)

    def endless(self):
        self.answer(b"", False)
        self.flood(CONTENT)

    def chunked(self):
        self.answer(b"", False, Transfer_Encoding="chunked")
        for start in range(0, len(CONTENT), 100_000):
            piece = CONTENT[start : start + 100_000]
            self.wfile.write(b"%x\r\n%s\r\n" % (len(piece), piece))
        self.wfile.write(b"0\r\n\r\n")

    def chunked_cut(self):
        self.answer(b"80000\r\n" + CONTENT[: HALF // 2], False, Transfer_Encoding="chunked")

    def no_length(self):
        self.answer(length=False)

    def length_of_no_number(self):
        self.answer(length="many")

    def huge(self):
        self.answer(b"", 10**15)

    def shorter(self):
        self.answer(length=HALF)  # and sends more

    def gzipped(self):
        self.answer(gzip.compress(CONTENT, 1), Content_Encoding="gzip")

    def deflated(self):
        self.answer(zlib.compress(CONTENT, 1), Content_Encoding="deflate")

    def gzip_cut(self):
        self.answer(gzip.compress(CONTENT, 1)[:-100], Content_Encoding="gzip")

    def gzip_damaged(self):
        self.answer(b"\x1f\x8b\x08" + CONTENT[:1000], Content_Encoding="gzip")

    def gzip_bomb(self):
        self.answer(gzip.compress(bytes(50_000_000), 1), Content_Encoding="gzip")

    def brotli(self):
        self.answer(Content_Encoding="br")

    def leads(self):
        """To the address that the path ends with."""
        self.answer(b"", status=302, Location=self.path.partition("/leads/")[2].replace("%3A", ":"))

    def leads_endless(self):
        self.answer(b"", False, status=302, Location="/good/file.bin")
        self.flood(CONTENT)

    def loop(self):
        self.answer(b"", status=302, Location=self.path)

    def leads_nowhere(self):
        self.answer(b"", status=302)

    def garbage(self):
        self.wfile.write(b"\x00\xffSSH-2.0-\x1b[31m\r\n\r\n")

    def hangs_up(self):
        pass

    def log_message(self, *_):
        pass


@contextlib.contextmanager
def serving(handler=Handler):
    """A server with this handler; what is entered has `address`, `asked` and `released`."""
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        server.asked, server.released = [], threading.Event()
        server.address = f"http://127.0.0.1:{server.server_port}/"
        threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
        yield server
        server.released.set()
        server.shutdown()
