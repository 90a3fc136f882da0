"""What a rebalance costs: workers that join, restart, crash and leave, as dynamic and as static members."""

import time
from collections.abc import Callable
from pathlib import Path

from listener.kafka.embedded import EmbeddedKafka
from tests.chaos.crew import Crew, crew
from tests.chaos.oracle import Fault, Figures, longest_pause, recovery, steps

#: Around a fault: the last thing that was durable before it is not older than this, under load.
_MARGIN_S = 2.0


def members(broker: EmbeddedKafka, directory: Path, seed: int) -> Figures:
    """Workers join, restart, crash and leave; the pause of each is measured, for both kinds of membership."""
    whole = Figures("members")
    for static in (False, True):
        kind = "static" if static else "dynamic"
        with crew(broker, directory, f"members-{kind}", seed, workers=2, static=static) as one:
            faults = [(what, _done(one, act)) for what, act in _events(one)]
            whole.add(one.verdict())
            written = steps(one.cluster)
            for what, fault in faults:
                seconds = recovery(fault, written) or 0.0
                pause = longest_pause(written, fault.at - _MARGIN_S, fault.at + seconds + _MARGIN_S)
                whole.notes.append(f"{kind} {what}: longest pause of a partition {pause:.1f} s")
    # They include the start of a program, which is no pause: the others go on.
    whole.recoveries.clear()
    return whole


def _events(one: Crew) -> list[tuple[str, Callable[[], None]]]:
    def wanted(number: int) -> Callable[[], None]:
        def change() -> None:
            one.wanted = number
            one.tend()

        return change

    return [
        ("join", wanted(3)),
        ("restart", lambda: one.end(one.victim())),
        ("crash", lambda: one.victim().kill()),
        ("leave", wanted(2)),
    ]


def _done(one: Crew, act: Callable[[], None]) -> Fault:
    one.flow(one.rng.randint(1000, 1500))
    fault = one.fault(act)
    one.tend()
    one.ready()
    # A worker that joins is no fault to recover from: the records that count are those after it has joined.
    fault.ends = one.load.ends()
    one.recovered(fault)
    time.sleep(_MARGIN_S)
    return fault
