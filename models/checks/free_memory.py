"""How much memory is free, in bytes and in words. It loads no library."""

import os
import sys
from pathlib import Path

UNKNOWN = 16 << 30  # bytes taken to be free where the system does not tell
NO_LIMIT = 1 << 60  # bytes: control groups write some such number for "no limit"


def free_memory(root="/"):
    """Bytes that this process can still take: the least of what the machine and its limits leave.

    Args:
        root: Folder that holds proc and sys.

    Returns:
        An int. Where the system does not tell, 16 GiB.
    """
    root = Path(root)
    free = [_of_machine(root), *_of_groups(root), _of_process(root)]
    return max(0, min((each for each in free if each is not None), default=UNKNOWN))


def spoken(size):
    """A number of bytes as people say it, such as "310 GB"."""
    for unit, bytes_each in (("TB", 10**12), ("GB", 10**9)):
        if size >= bytes_each:
            amount = size / bytes_each
            return f"{amount:,.0f} {unit}" if amount >= 10 else f"{amount:.1f} {unit}"
    return f"{max(1, round(size / 10**6))} MB"


def about(size):
    """An estimate of bytes, such as "about 310 GB"."""
    return f"about {spoken(size)}" if size < 10**18 else "more than a million TB"


def _of_machine(root):
    """Bytes that programs can take without swapping; None where the system does not tell."""
    try:
        for line in (root / "proc/meminfo").read_text().splitlines():
            if line.startswith("MemAvailable:"):
                return int(line.split()[1]) * 1024
    except (OSError, ValueError):
        pass
    for pages in ("SC_AVPHYS_PAGES", "SC_PHYS_PAGES"):  # macOS knows only the second: all that there is
        try:
            return os.sysconf(pages) * os.sysconf("SC_PAGE_SIZE")
        except (AttributeError, ValueError, OSError):
            continue
    return None


def _of_groups(root):
    """Bytes that each control group around this process leaves, version 1 or 2."""
    try:
        lines = (root / "proc/self/cgroup").read_text().splitlines()
    except OSError:
        return
    for line in lines:
        _, controllers, path = line.split(":", 2)
        if controllers and "memory" not in controllers.split(","):
            continue
        top = root / "sys/fs/cgroup" / ("memory" if controllers else "")
        names = ("memory.limit_in_bytes", "memory.usage_in_bytes", "total_inactive_file")
        limit, usage, cached = names if controllers else ("memory.max", "memory.current", "inactive_file")
        folder = top / path.lstrip("/")
        for group in [folder, *folder.parents]:  # a limit of any of them holds
            most, used = _number(group / limit), _number(group / usage)
            if most is not None and used is not None and most < NO_LIMIT:
                yield most - used + _cached(group / "memory.stat", cached)
            if group == top:
                break


def _number(file):
    """The number in a file; None where there is none, as for "max"."""
    try:
        return int(file.read_text())
    except (OSError, ValueError):
        return None


def _cached(file, name):
    """Bytes of files that a control group holds in memory and can drop."""
    try:
        told = dict(line.split() for line in file.read_text().splitlines())
        return int(told.get(name, 0))
    except (OSError, ValueError):
        return 0


def _of_process(root):
    """Bytes that `ulimit -v` leaves this process; None where there is no such limit."""
    if sys.platform == "win32":
        return None
    import resource

    limit, _ = resource.getrlimit(resource.RLIMIT_AS)
    if limit == resource.RLIM_INFINITY:
        return None
    try:
        return limit - int((root / "proc/self/statm").read_text().split()[0]) * resource.getpagesize()
    except (OSError, ValueError):
        return limit
