"""What was sent to whom, in a file: a restart neither repeats a digest nor leaves one out."""

import json
import os
from hashlib import sha256
from pathlib import Path

from listener.errors import UsageProblem


class Sent:
    """The end of the last period (epoch ms) by campaign, schedule and target (hashed: it can be secret)."""

    def __init__(self, file: Path) -> None:
        self._file = file
        self._ends: dict[str, int] = {}
        try:
            self._ends = {str(name): int(end) for name, end in json.loads(file.read_text(encoding="utf-8")).items()}
        except FileNotFoundError:
            pass
        except (OSError, ValueError, AttributeError, TypeError) as error:
            raise UsageProblem(
                f"--state: {file} cannot be read ({error}). Deleted, it begins anew and sends the last period again."
            ) from error

    def end(self, campaign: str, every: str, to: str) -> int | None:
        """The end of the last period that was sent; None where none was."""
        return self._ends.get(_name(campaign, every, to))

    def note(self, campaign: str, every: str, to: str, end: int) -> None:
        """Remember that it was sent, on the disk before this returns."""
        self._ends[_name(campaign, every, to)] = end
        beside = self._file.with_name(self._file.name + ".new")
        try:
            with beside.open("w", encoding="utf-8") as out:
                json.dump(self._ends, out, indent=1)
                out.flush()
                os.fsync(out.fileno())
            beside.replace(self._file)
        except OSError as error:
            raise UsageProblem(f"--state: {self._file} cannot be written: {error.strerror or error}.") from error


def _name(campaign: str, every: str, to: str) -> str:
    return f"{campaign}|{every}|{sha256(to.encode()).hexdigest()[:16]}"
