"""Secrets: from the environment or from a file, never from the configuration itself."""

import os
from pathlib import Path

from msgspec import Struct

from listener.errors import UsageProblem


class Secret(Struct, frozen=True, forbid_unknown_fields=True):
    """Where a secret is: ``env`` names a variable, ``file`` a file (its last line break does not count)."""

    env: str | None = None
    file: str | None = None

    def read(self, what: str, base: Path) -> str:
        """The secret; relative files are beside the configuration. Raises UsageProblem that names ``what``."""
        if (self.env is None) == (self.file is None):
            raise UsageProblem(
                f"{what}: give either `env: NAME` or `file: PATH`, so that it stands in no configuration."
            )
        if self.env is not None:
            value = os.environ.get(self.env, "")
            if not value:
                raise UsageProblem(f"{what}: the environment variable {self.env} is empty. Set it and start again.")
            return value
        path = base / str(self.file)
        try:
            value = path.read_text(encoding="utf-8").rstrip("\r\n")
        except (OSError, UnicodeDecodeError) as error:
            raise UsageProblem(f"{what}: {path} cannot be read: {error}.") from error
        if not value:
            raise UsageProblem(f"{what}: {path} is empty. Write the secret into it.")
        return value
