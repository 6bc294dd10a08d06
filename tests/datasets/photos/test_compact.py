"""Memory of what was known of many photos goes back to the operating system."""

import platform
import subprocess
import sys

import pytest

# In a process of its own: what lies in memory depends on all that was there before
LET_GO = """
import resource
from pathlib import Path
from datasets.photos.compact import give_back

def used():
    return int(Path("/proc/self/statm").read_text().split()[1]) * resource.getpagesize()

before = used()
stay, go = [], []
for n in range(50_000):
    (go if n % 50 else stay).append(bytes(1170))
full = used() - before
go.clear()
kept = used() - before
give_back()
print(full, kept, used() - before)
"""


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="the C library has no malloc_trim")
def test_what_lay_between_things_that_stay_is_given_back(root):
    done = subprocess.run(
        [sys.executable, "-c", LET_GO], cwd=root, capture_output=True, text=True, check=True
    )
    full, kept, left = map(int, done.stdout.split())
    assert full > 50_000 * 1170
    assert kept > 0.9 * full  # the C library gives nothing back by itself
    assert left < 0.2 * full
