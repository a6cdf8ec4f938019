# Copyright (c) 2026, The metamapper.postgresql authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: it may change at any time and without notice.
"""Whether ssh can remember a host key: where it cannot, "accept-new" would accept any key, each time."""

from __future__ import annotations

import os
import stat
import subprocess
from typing import Iterable, Mapping, Sequence

ACCEPT_NEW = "accept-new"
NOT_REMEMBERED = "Failed to add the host to the list of known hosts"
CONFIGURATION_SECONDS = 10.0


def not_a_regular_file(path: str) -> bool:
    """Whether there is something at a path, its links followed, that keeps nothing, such as ``/dev/null``."""
    try:
        return not stat.S_ISREG(os.stat(os.path.expanduser(path)).st_mode)
    except OSError:  # it is made by the first key, or ssh says why it cannot be
        return False


def forgetful_file(paths: Iterable[str]) -> str:
    """Return the first of ssh's UserKnownHostsFile that keeps nothing; empty where all of them do.

    https://man.openbsd.org/ssh_config#UserKnownHostsFile
    """
    return next((path for path in paths if path == "none" or not_a_regular_file(path)), "")


def configured_files(command: Sequence[str], environment: Mapping[str, str]) -> list[str]:
    """Return the UserKnownHostsFile that an ssh command would use; empty where ssh does not tell."""
    try:
        # run_command() would hand on all of the environment.
        ended = subprocess.run(  # noqa: S603 # pylint: disable=ansible-bad-function
            command,
            env=dict(environment),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            timeout=CONFIGURATION_SECONDS,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired):
        return []
    return files_of(ended.stdout.decode(errors="surrogateescape"))


def files_of(configuration: str) -> list[str]:
    """Return the UserKnownHostsFile of what ``ssh -G`` prints."""
    for line in configuration.splitlines():
        keyword, _blank, value = line.partition(" ")
        if keyword == "userknownhostsfile":
            return value.split()
    return []
