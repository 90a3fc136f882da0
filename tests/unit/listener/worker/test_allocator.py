"""What is freed is not handed back, so to need as much again costs no page faults; unless it is asked for."""

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


#: Resident memory in MB before 50 MB of small blocks are taken, when all but the last are freed, and handed back.
_RESIDENT = """
import psutil
from listener.worker.allocator import give_back, keep_what_is_freed

def resident():
    return psutil.Process().memory_info().rss // 2**20

keep_what_is_freed()
before = resident()
blocks = [bytes(1_000) for _ in range(50_000)]
del blocks[:-1]
freed = resident()
print(give_back(), before, freed, resident())
"""


def test_what_was_needed_once_is_handed_back() -> None:
    done = subprocess.run([sys.executable, "-c", _RESIDENT], check=True, stdout=subprocess.PIPE, text=True)
    given, before, freed, after = done.stdout.split()
    if given != "True":
        pytest.skip("the C library has no malloc_trim")
    assert int(freed) > int(before) + 40
    assert int(after) < int(before) + 10
