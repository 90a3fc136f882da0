"""HTML to PDF by a headless Chromium, which is asked for nothing but to print."""

import shutil
import subprocess
import tempfile
from pathlib import Path
from typing import Final

from listener.errors import UsageProblem

_NAMES: Final = ("chromium", "chromium-browser", "chromium-headless-shell", "google-chrome", "chrome", "headless_shell")
_TIMEOUT_S: Final = 120


def browser() -> str | None:
    """The Chromium of this machine, None without one."""
    return next((found for name in _NAMES if (found := shutil.which(name))), None)


def print_pdf(html: str) -> bytes:
    """The page on A4; UsageProblem without a browser or where it fails."""
    found = browser()
    if found is None:
        raise UsageProblem(
            "--format pdf needs Chromium: install it (Debian: apt-get install chromium), or print the HTML yourself."
        )
    with tempfile.TemporaryDirectory() as directory:
        page, out = Path(directory) / "report.html", Path(directory) / "report.pdf"
        # Paper cannot be clicked: what a page folds away is printed.
        page.write_text(html.replace("<details>", "<details open>"), encoding="utf-8")
        command = [
            *(
                found,
                "--headless",
                "--disable-gpu",
                "--no-sandbox",
                "--no-pdf-header-footer",
                "--disable-dev-shm-usage",
            ),
            *(f"--user-data-dir={directory}/profile", f"--print-to-pdf={out}", page.as_uri()),
        ]
        try:
            done = subprocess.run(command, capture_output=True, timeout=_TIMEOUT_S, check=False)
        except subprocess.TimeoutExpired as error:
            raise UsageProblem(f"{found} did not print within {_TIMEOUT_S} s; try again, or --format html.") from error
        if not out.exists():
            raise UsageProblem(f"{found} printed nothing: {done.stderr.decode(errors='replace')[-400:]}")
        return out.read_bytes()
