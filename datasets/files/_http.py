"""The response of a web server, piece by piece; whatever the server does, the time to wait is limited."""

import contextlib
import http
import http.client
import queue
import ssl
import threading
import time
import urllib.error
import urllib.parse
import urllib.request
import zlib

IDLE = 10  # seconds without a byte after which a download is given up
GRACE = 30  # seconds for a server to respond; after them it must have sent SLOWEST bytes a second on average
SLOWEST = 20_000
REDIRECTS = 5
PIECE = 1 << 16  # bytes


class Failed(Exception):
    """Why a download ended; `remedy` says what to do where trying again would not help."""

    def __init__(self, reason, remedy=None):
        super().__init__(reason)
        self.remedy = remedy


class CutOff(Failed):
    """The connection ended early or stalled, so that the download can be resumed."""


class Pace:
    """The time that a download may take: GRACE, and more with every byte."""

    def __init__(self):
        self.start, self.bytes = time.monotonic(), 0

    def left(self):
        return self.start + GRACE + self.bytes / SLOWEST - time.monotonic()


def items(address, headers, pace):
    """Ask a server for a file.

    Args:
        address: An http or https address. Proxies are those of the environment.
        headers: Further headers of the request.
        pace: A `Pace`, to whose `bytes` the caller adds those that came.

    Yields:
        `(status, headers, length)` of the response, the length in bytes or None; then its body in
        pieces of bytes, the last one empty.

    Raises:
        Failed: If there is no response, or it comes too slowly.
    """
    # The request runs in a thread of its own, so that a name look-up, a handshake or a header that comes
    # byte by byte can be abandoned: the libraries limit the time of each byte only
    answers, given_up = queue.Queue(16), threading.Event()

    def give(item):
        while not given_up.is_set():
            with contextlib.suppress(queue.Full):
                return answers.put(item, timeout=1)

    def ask():
        try:
            with _open(address, headers) as answer:
                give((answer.status, answer.headers, answer.length))
                piece = None
                while piece != b"" and not given_up.is_set():
                    piece = answer.read1(PIECE)
                    give(piece)
        except Exception as error:  # the thread ends here; the exception goes to who waits for it
            if isinstance(error, urllib.error.HTTPError):
                error.close()
            give(error)

    threading.Thread(target=ask, daemon=True).start()
    item, patience = None, GRACE
    try:
        while item != b"":
            seconds = min(patience, pace.left())
            try:
                item = answers.get(timeout=max(0, seconds))
            except queue.Empty:
                raise _stalled(patience, pace) from None
            if isinstance(item, Exception):
                raise _failed(item, pace) from item
            yield item
            patience = IDLE
    finally:
        given_up.set()


def _stalled(seconds, pace):
    if pace.left() <= 0 and pace.bytes:
        return CutOff(f"timed out: it came slower than {SLOWEST / 1000:g} kB a second")
    return CutOff(f"timed out: nothing came for {seconds:g} seconds")


def _failed(error, pace):
    """A library's exception as one of ours, without any text from the server."""
    if isinstance(error, Failed):
        return error
    if isinstance(error, urllib.error.HTTPError):
        phrases = {status.value: f", {status.phrase}" for status in http.HTTPStatus}
        return Failed(f"the server answered {error.code}{phrases.get(error.code, '')}")
    reason = error.reason if isinstance(error, urllib.error.URLError) else error
    if isinstance(reason, TimeoutError):
        return _stalled(IDLE, pace)
    if isinstance(reason, ssl.SSLError):
        return Failed("no secure connection: the server's certificate or its encryption is not accepted")
    if isinstance(reason, (http.client.IncompleteRead, http.client.RemoteDisconnected, ConnectionResetError)):
        return CutOff("the connection ended early")
    if isinstance(reason, OSError):
        return Failed((reason.strerror or "the connection failed").lower())
    return Failed("what responds is no web server")


def _open(address, headers):
    """The response to a request, after redirects; only http and https, and never from https to http."""
    # Not build_opener: it opens files and FTP as well, and reads the whole body of a redirect, however long
    opener = urllib.request.OpenerDirector()
    for handler in (
        urllib.request.ProxyHandler,
        urllib.request.HTTPHandler,
        urllib.request.HTTPSHandler,
        urllib.request.HTTPErrorProcessor,
        urllib.request.HTTPDefaultErrorHandler,
    ):
        opener.add_handler(handler())
    for _ in range(REDIRECTS + 1):
        scheme = urllib.parse.urlsplit(address).scheme
        if scheme not in ("http", "https"):
            raise Failed("its address, or one that it leads to, begins with neither http nor https")
        try:
            return opener.open(urllib.request.Request(address, headers=headers), timeout=IDLE)
        except urllib.error.HTTPError as error:
            if error.code == 416 and headers:
                return error
            target = error.headers.get("Location")
            if error.code not in (301, 302, 303, 307, 308) or not target:
                raise
            error.close()
        try:
            address = urllib.parse.urljoin(address, urllib.parse.quote(target, safe="%/:=&?~#+!$,;'@()*[]"))
        except ValueError as error:
            raise Failed("it leads to an invalid address") from error
        if scheme == "https" and not address.startswith("https:"):
            raise Failed("it leads from https to an address that is not https")
    raise Failed(f"it leads from address to address, more than {REDIRECTS} times")


def unpacker(headers):
    """What decompresses a response, for servers that compress it though they were not asked to.

    Args:
        headers: Of the response.

    Returns:
        Function from a piece of the body to an iterable of pieces of the file.

    Raises:
        Failed: If the response is compressed in another way than gzip or zlib.
    """
    packing = headers.get("Content-Encoding", "identity").strip().lower()
    if packing in ("", "identity"):
        return lambda piece: [piece]
    if packing not in ("gzip", "x-gzip", "deflate"):
        raise Failed("the server compresses it in a way that was not asked for")
    stream = zlib.decompressobj(47)  # detects whether it is gzip or zlib

    def unpack(piece):
        if not piece and not stream.eof:
            raise CutOff("the connection ended early")
        while piece:
            try:
                yield stream.decompress(piece, PIECE)
            except zlib.error as error:
                raise Failed("what came is damaged") from error
            piece = stream.unconsumed_tail

    return unpack
