"""An admin client whose failures say what the user does about them."""

import contextlib
import logging
from collections.abc import Iterator
from typing import Any, Self

from kafka import KafkaAdminClient
from kafka.errors import AuthorizationError, BrokerResponseError, KafkaError, SaslAuthenticationFailedError

from listener.errors import UsageProblem
from listener.kafka.settings import KafkaSettings

_BOOTSTRAP_TIMEOUT_MS = 5_000
_REQUEST_TIMEOUT_MS = 10_000


@contextlib.contextmanager
def admin_client(settings: KafkaSettings) -> Iterator[Any]:
    """A connected kafka-python admin client.

    Raises UsageProblem when no broker answers, or the cluster refuses the login or an operation.
    """
    servers = ", ".join(settings.bootstrap_servers)
    try:
        with _connected(settings) as admin:
            yield admin
    except SaslAuthenticationFailedError as error:
        raise UsageProblem(f"Kafka at {servers} refuses the login ({error}). Check the SASL options.") from error
    except AuthorizationError as error:
        raise UsageProblem(f"Kafka at {servers} does not allow it ({error}). Ask for the missing ACL.") from error
    except BrokerResponseError as error:
        raise UsageProblem(f"Kafka at {servers} refuses: {error}.") from error
    except (KafkaError, OSError) as error:
        # Brokers often close the connection before the client has read the refusal.
        login = " A wrong SASL user name or password can look the same." if settings.uses_sasl else ""
        raise UsageProblem(
            f"Kafka at {servers} does not answer ({error}).{login} Check --bootstrap-servers and the security options; "
            "`listener kafka` starts a broker on this machine and prints its address."
        ) from error


def _connected(settings: KafkaSettings) -> Any:
    """A client that has reached the cluster; raises what kept it from doing so, not the time-out that follows."""
    with _Reasons() as reasons:
        try:
            return KafkaAdminClient(
                **settings.kafka_python(),
                bootstrap_timeout_ms=_BOOTSTRAP_TIMEOUT_MS,
                request_timeout_ms=_REQUEST_TIMEOUT_MS,
            )
        except KafkaError as error:
            raise reasons.best(error) from error


class _Reasons(logging.Handler):
    """Collects why attempts to connect failed: the client retries until its time is up and only logs the reasons."""

    _LOGGER = logging.getLogger("kafka.net.manager")

    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self._errors: list[Exception] = []

    def __enter__(self) -> Self:
        self._LOGGER.addHandler(self)
        return self

    def __exit__(self, *_: object) -> None:
        self._LOGGER.removeHandler(self)

    def emit(self, record: logging.LogRecord) -> None:
        arguments = record.args if isinstance(record.args, tuple) else ()
        self._errors += [argument for argument in arguments if isinstance(argument, KafkaError | OSError)]

    def best(self, final: Exception) -> Exception:
        """A refused login if there was one (other attempts only see a closed socket), else the first reason known."""
        refused = [error for error in self._errors if isinstance(error, SaslAuthenticationFailedError)]
        candidates: list[Exception] = [*refused, *self._errors, final]
        return candidates[0]
