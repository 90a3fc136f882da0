"""The event loop of the services."""

from typing import Any

import uvloop

from listener.kafka.settings import TLS_GOODBYE_S


class Loop(uvloop.Loop):
    """uvloop, but a TLS connection that we close does not wait 30 s for a goodbye that Kafka often leaves out."""

    async def create_connection(self, *args: Any, **options: Any) -> Any:
        """As uvloop's; ``ssl_shutdown_timeout`` is short unless it is given. aiokafka does not let it be given."""
        if options.get("ssl"):
            options.setdefault("ssl_shutdown_timeout", TLS_GOODBYE_S)
        return await super().create_connection(*args, **options)
