# SPDX-License-Identifier: GPL-3.0-or-later
"""Takes the screenshot of a report for the README, with Chromium.

Run it with "make picture": it uses the demo's report with missing privileges.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from tools.demo.__main__ import DIRECTORY

REPORT = DIRECTORY / "broken-report" / "report.html"
PICTURE = Path(__file__).resolve().parents[2] / "docs" / "images" / "report.png"
WIDTH, HEIGHT = 1000, 474
BROWSERS = ("chromium", "chromium-browser", "google-chrome")


def browser() -> str:
    """Return the path of a browser; raises SystemExit if there is none."""
    found = [path for name in BROWSERS if (path := shutil.which(name))]
    if not found:
        raise SystemExit("Cannot take the picture: no Chromium. Install it: apt install chromium")
    return found[0]


def take(report: Path, picture: Path) -> None:
    """Write a screenshot of the top of a report, in its light mode, to a PNG file."""
    with tempfile.TemporaryDirectory() as profile:
        options = ["--headless", "--no-sandbox", "--disable-gpu", "--hide-scrollbars", f"--user-data-dir={profile}"]
        size = f"--window-size={WIDTH},{HEIGHT}"
        command = [browser(), *options, size, f"--screenshot={picture}", report.resolve().as_uri()]
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, timeout=120)


if __name__ == "__main__":
    if not REPORT.exists():
        raise SystemExit(f"{REPORT} does not exist: run make demo first.")
    PICTURE.parent.mkdir(exist_ok=True)
    take(REPORT, PICTURE)
    print(f"{PICTURE}: {PICTURE.stat().st_size // 1024} kB", file=sys.stderr)
