"""Runs of lessons in processes of their own, which are killed: what they left, and when."""

import contextlib
import subprocess
import sys
import time
from pathlib import Path


def start(root, lesson, *arguments):
    """A lesson in a process of its own."""
    return subprocess.Popen(
        [sys.executable, "-m", f"tutorials.{lesson}", *map(str, arguments)],
        cwd=root, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, encoding="utf-8",
    )  # fmt: skip


def wait_for(child, *patterns, times=1):
    """Until a file has appeared, or been replaced so many times; False if the process has ended before."""
    seen = set()
    deadline = time.monotonic() + 300
    while time.monotonic() < deadline:
        for pattern in patterns:
            for file in Path(pattern.anchor).glob(str(pattern.relative_to(pattern.anchor))):
                with contextlib.suppress(OSError):
                    seen.add((file, file.stat().st_mtime_ns))
        if len(seen) >= times:
            return True
        if child.poll() is not None:
            return False
        time.sleep(0.002)
    raise AssertionError("nothing happens any more")


def kill(child):
    child.kill()
    child.communicate()


def untimed(metrics):
    """The results of a run but for its seconds."""
    return {name: value for name, value in metrics["results"].items() if not name.endswith("_seconds")}
