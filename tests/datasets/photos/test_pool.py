"""Many files at once, but never more of them in memory than there is room for."""

import threading
import time

import pytest

from datasets.photos import pool
from datasets.photos.files import File
from datasets.photos.pixels import Unusable


class Crowd:
    """Counts who is inside, and remembers the most."""

    def __init__(self):
        self.lock, self.inside, self.most = threading.Lock(), 0, 0

    def come(self, by=1):
        with self.lock:
            self.inside += by
            self.most = max(self.most, self.inside)


@pytest.fixture(autouse=True)
def _many_threads(monkeypatch):
    monkeypatch.setattr("os.cpu_count", lambda: 8)


@pytest.mark.parametrize("in_order", [True, False])
def test_contents_in_memory_are_bounded(monkeypatch, in_order):
    monkeypatch.setattr(pool, "BYTES_AT_ONCE", 10)
    crowd = Crowd()

    def read():
        crowd.come()
        return b"four"

    def work(file, content, room):
        time.sleep(0.002)
        crowd.come(-1)
        return content + file.name.encode()

    files = [File(str(number), (str(number),), 4, read, in_order) for number in range(60)]
    results = list(pool.each(iter(files), work))
    assert results == [(file, b"four" + file.name.encode()) for file in files]
    assert crowd.most == 2  # 4 + 4 bytes; another 4 would be 12


def test_pixels_in_memory_are_bounded_and_what_is_larger_than_all_room_comes_alone(monkeypatch):
    monkeypatch.setattr(pool, "PIXELS_AT_ONCE", 100)
    crowd = Crowd()

    def work(file, content, room):
        amount = 40 if int(file.name) % 5 else 1000
        with room.taken(amount):
            crowd.come(min(amount, 100))
            time.sleep(0.002)
            crowd.come(-min(amount, 100))

    files = [File(str(number), (str(number),), 1, lambda: b"", False) for number in range(40)]
    assert len(list(pool.each(files, work))) == 40
    assert 40 < crowd.most <= 100


def test_a_file_that_cannot_be_used_gives_its_reason_and_its_room_back(monkeypatch):
    monkeypatch.setattr(pool, "BYTES_AT_ONCE", 5)

    def refuse(file, content, room):
        with room.taken(10**9):
            raise Unusable("damaged", "is damaged")

    files = [File("x", ("x",), 5, lambda: b"", True)] * 30
    assert {str(result) for _, result in pool.each(files, refuse)} == {"is damaged"}


def test_other_mistakes_are_not_swallowed():
    def stumble(file, content, room):
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        list(pool.each([File("x", ("x",), 5, lambda: b"", True)] * 3, stumble))
