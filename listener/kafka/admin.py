"""An admin client whose failures say what the user does about them."""

import contextlib
from collections.abc import Iterator
from typing import Any

from kafka import KafkaAdminClient
from kafka.errors import AuthorizationError, BrokerResponseError, KafkaError, SaslAuthenticationFailedError

from listener.errors import UsageProblem
from listener.kafka.settings import KafkaSettings

_TIMEOUT_MS = 10_000


@contextlib.contextmanager
def admin_client(settings: KafkaSettings) -> Iterator[Any]:
    """A connected kafka-python admin client.

    Raises UsageProblem when no broker answers, or the cluster refuses the login or an operation.
    """
    servers = ", ".join(settings.bootstrap_servers)
    try:
        with KafkaAdminClient(
            **settings.kafka_python(), bootstrap_timeout_ms=_TIMEOUT_MS, request_timeout_ms=_TIMEOUT_MS
        ) as admin:
            yield admin
    except SaslAuthenticationFailedError as error:
        raise UsageProblem(f"Kafka at {servers} refuses the login: {error}. Check the SASL options.") from error
    except AuthorizationError as error:
        raise UsageProblem(f"Kafka at {servers} does not allow it: {error}. Ask for the missing ACL.") from error
    except BrokerResponseError as error:
        raise UsageProblem(f"Kafka at {servers} refuses: {error}.") from error
    except KafkaError as error:
        raise UsageProblem(
            f"Kafka at {servers} does not answer ({error}). Check --bootstrap-servers; "
            "`listener kafka` starts a broker on this machine and prints its address."
        ) from error
