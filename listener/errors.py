"""The families of errors, and what the runtime does with each."""


class UsageProblem(Exception):  # noqa: N818 - a problem the user mends, not a bug
    """The user can mend it: wrong file, wrong option, missing network, port taken.

    The command line prints the message (which says what to do next) without a traceback and exits with code 2.
    """


class Halt(Exception):  # noqa: N818
    """Going on would lose or double counts: the process stops at once, loudly (crash-only).

    The supervisor restarts it; the message says what an operator should look at if that does not help.
    """

    exit_code = 1


class CapHalt(Halt):
    """The cap on dead letters is reached: a restart will not help, somebody must look."""

    exit_code = 3


class RefusedHalt(Halt):
    """Changelogs and source topic do not belong together: a restart will not help, a named command will."""

    exit_code = 4
