"""A request to stop reaches the command, also where native code loses it, and once only."""

import signal
import subprocess
import sys

import pytest

WORKING = """
import time
from models.startup import interrupts
interrupts._is_command, interrupts.AGAIN = lambda: True, 0.2
interrupts.start()
interrupts.begin()
def work():
  print("works", flush=True)
  time.sleep(60)
"""


@pytest.mark.parametrize(
    "rest",
    [
        # As native code may drop an exception: it comes once more, and is not dropped by the caller
        "try:\n  work()\nexcept KeyboardInterrupt:\n  pass\ntime.sleep(60)",
        # While the command ends, nothing comes
        "try:\n  work()\nfinally:\n  time.sleep(3)\n  print('tidied')",
        "try:\n  work()\nexcept BaseException:\n  try:\n    raise OSError from None\n"
        "  except OSError:\n    time.sleep(3)\n    print('tidied')\n  raise",
    ],
)
def test_a_request_to_stop_that_native_code_drops_comes_again(root, rest):
    child = subprocess.Popen(
        [sys.executable, "-c", WORKING + rest],
        cwd=root,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert child.stdout.readline() == "works\n"
    child.send_signal(signal.SIGINT)
    shown, said = child.communicate(timeout=30)
    assert child.returncode
    assert said.count("models.startup.interrupts.Stopped") == 1, said
    assert shown == ("tidied\n" if "tidied" in rest else "")
