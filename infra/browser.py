"""A browser for the tests: the machine's own, else one that is installed now."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

from infra.errors import CannotStart

PROGRAMS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome")
MAC_CHROME = "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome"
VERSION_LIMIT_S = 30


def find_or_install() -> Path:
    """The program to start. Raises CannotStart when there is none and none can be installed."""
    return _installed() or _from_debian() or _from_playwright() or _give_up()


def _installed() -> Path | None:
    for program in (*PROGRAMS, MAC_CHROME):
        found = shutil.which(program)
        if found and _answers(found):
            return Path(found)
    return None


def _answers(program: str) -> bool:
    """Ubuntu's chromium-browser may be a stand-in that only tells about snap: ask for the version."""
    try:
        asked = subprocess.run(
            [program, "--version"], capture_output=True, stdin=subprocess.DEVNULL, timeout=VERSION_LIMIT_S
        )
    except (OSError, subprocess.TimeoutExpired):
        return False
    return asked.returncode == 0


def _from_debian() -> Path | None:
    if os.geteuid() != 0 or shutil.which("apt-get") is None or not _is_debian():
        return None
    quiet = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    for command in (
        ["apt-get", "update", "-q"],
        ["apt-get", "install", "-y", "-q", "--no-install-recommends", "chromium"],
    ):
        if subprocess.run(command, env=quiet, stdin=subprocess.DEVNULL, stdout=sys.stderr).returncode != 0:
            return None
    return _installed()


def _is_debian() -> bool:
    """Debian itself: Ubuntu's package of that name needs snap."""
    try:
        return "ID=debian" in Path("/etc/os-release").read_text().splitlines()
    except OSError:
        return False


def _from_playwright() -> Path | None:
    # Imported here: only a machine without any browser needs it, and it starts a program of its own.
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        program = Path(playwright.chromium.executable_path)
    if not program.exists():
        install = [sys.executable, "-m", "playwright", "install", "chromium"]
        subprocess.run(install, stdin=subprocess.DEVNULL, stdout=sys.stderr)
    return program if program.exists() and _answers(str(program)) else None


def _give_up() -> Path:
    raise CannotStart(
        "The tests need a browser and none could be installed. "
        "Install Chromium or Google Chrome so that `chromium` or `google-chrome` is on the PATH."
    )


if __name__ == "__main__":
    try:
        print(find_or_install())
    except CannotStart as refusal:
        sys.exit(f"browser: {refusal}")
