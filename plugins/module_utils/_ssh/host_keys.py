# Copyright (c) 2026, The metamapper.postgresql authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: it may change at any time and without notice.
"""Whether ssh can store a host key: otherwise "accept-new" would accept any key, each time."""

from __future__ import annotations

import os
import stat
import subprocess
from typing import Iterable, Mapping, Sequence

ACCEPT_NEW = "accept-new"
NOT_REMEMBERED = "Failed to add the host to the list of known hosts"
CONFIGURATION_SECONDS = 10.0


def not_a_regular_file(path: str) -> bool:
    """Whether a path, with links followed, is something that stores nothing, such as ``/dev/null``."""
    try:
        return not stat.S_ISREG(os.stat(os.path.expanduser(path)).st_mode)
    except OSError:  # created with the first key, or ssh tells why it cannot be
        return False


def forgetful_file(paths: Iterable[str]) -> str:
    """Return the first of ssh's UserKnownHostsFile that stores nothing; empty if all of them store keys.

    https://man.openbsd.org/ssh_config#UserKnownHostsFile
    """
    return next((path for path in paths if path == "none" or not_a_regular_file(path)), "")


def configured_files(command: Sequence[str], environment: Mapping[str, str]) -> list[str]:
    """Return the UserKnownHostsFile that an ssh command would use; empty if ssh does not tell."""
    try:
        # run_command() would pass on the whole environment.
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
    """Return the UserKnownHostsFile in the output of ``ssh -G``."""
    for line in configuration.splitlines():
        keyword, _blank, value = line.partition(" ")
        if keyword == "userknownhostsfile":
            return value.split()
    return []
