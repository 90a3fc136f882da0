"""Become another program that dies with its parent: ``python launch.py PARENT_PID PROGRAM ARGUMENT…``.

Run as a file, not imported: a hook between fork and exec (``preexec_fn``) is unsafe in a process with threads. Only
Linux can do this; elsewhere the program outlives a parent that was killed with -9 (a normal end stops it everywhere).
"""

import ctypes
import os
import signal
import sys

_PR_SET_PDEATHSIG = 1


def main() -> None:
    """Ask the kernel for SIGKILL at the parent's death, then exec; the process id stays the same."""
    parent, command = int(sys.argv[1]), sys.argv[2:]
    if sys.platform == "linux":
        ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent:
        # The parent died before the request above was in force.
        sys.exit(1)
    os.execv(command[0], command)  # noqa: S606 - no shell wanted


if __name__ == "__main__":
    main()
