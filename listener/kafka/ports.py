"""Free TCP ports for a broker on this machine."""

import contextlib
import socket

from listener.errors import UsageProblem
from listener.kafka.layout import HOST, Ports


def free_ports(plain: int, *, secure: bool) -> Ports:
    """Ports that nothing listens on now, held until all are known, so that they differ; ``plain`` is kept unless 0."""
    with contextlib.ExitStack() as held:
        controller = _free_port(held)
        return Ports(plain or _free_port(held), controller, _free_port(held) if secure else 0)


def refuse_taken(port: int) -> None:
    """Raise UsageProblem when the port cannot be listened on."""
    with socket.socket() as probe:
        # As Java does: a port in TIME_WAIT after a restart is free.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except (OSError, OverflowError) as error:
            raise UsageProblem(
                f"port {port} cannot be used ({error}). Give another with --port, or none for a free one; a Kafka that "
                "runs there already can be used with --bootstrap-servers."
            ) from error


def _free_port(held: contextlib.ExitStack) -> int:
    holder = held.enter_context(socket.socket())
    holder.bind((HOST, 0))
    port: int = holder.getsockname()[1]
    return port
