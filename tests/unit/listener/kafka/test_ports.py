import socket

import pytest

from listener.errors import UsageProblem
from listener.kafka.ports import free_ports, refuse_taken


def test_ports_differ_and_a_wished_one_is_kept() -> None:
    ports = free_ports(0, secure=True)
    assert len({ports.plain, ports.controller, ports.secure}) == 3
    assert free_ports(9092, secure=False).plain == 9092
    assert free_ports(9092, secure=False).secure == 0


def test_taken_port_is_refused_with_advice() -> None:
    with socket.socket() as holder:
        holder.bind(("127.0.0.1", 0))
        holder.listen()
        with pytest.raises(UsageProblem, match="--port"):
            refuse_taken(holder.getsockname()[1])
