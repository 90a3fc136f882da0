"""What is freed is not handed back: to need as much again costs no page faults."""

import subprocess
import sys

import pytest

#: Page faults of taking and freeing 24 MiB twenty times, before and after.
_FAULTS = """
import resource
from listener.worker.allocator import keep_what_is_freed

def faults():
    before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
    for _ in range(20):
        blocks = [bytearray(4 * 2**20) for _ in range(6)]
        del blocks
    return resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before

usual = faults()
print(keep_what_is_freed(), usual, faults())
"""


def test_memory_that_is_needed_again_is_not_asked_for_again() -> None:
    done = subprocess.run([sys.executable, "-c", _FAULTS], check=True, stdout=subprocess.PIPE, text=True)
    kept, usual, after = done.stdout.split()
    if kept != "True":
        pytest.skip("the C library has no mallopt")
    assert int(after) < int(usual) / 4
