# Copyright (c) 2026, The metamapper.postgresql authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: it may change at any time and without notice.
"""The configuration of a host's sshd, by its sshd_config and the output of ``sshd -T``."""

from __future__ import annotations

import re
from typing import Mapping, Sequence

MATCH = re.compile(r"^[ \t]*match[ \t].*\Z", re.IGNORECASE | re.MULTILINE | re.DOTALL)
DROP_INS = re.compile(
    r'^[ \t]*include[ \t=](.*[ \t"])?(/etc/ssh/)?sshd_config\.d/\*(\.conf)?"?([ \t]|$)', re.IGNORECASE | re.MULTILINE
)


def includes_drop_ins(sshd_config: str) -> bool:
    """Return whether sshd reads the files of sshd_config.d; an Include below a Match would be conditional."""
    return bool(DROP_INS.search(MATCH.sub("", sshd_config)))


def pid_file(answer: Sequence[str]) -> str:
    """Return the path in which sshd keeps its process id, by the lines of ``sshd -T``; "none" where it keeps none."""
    return next(line.partition(" ")[2] for line in answer if line.startswith("pidfile "))


def overruled(settings: Mapping[str, str], answer: Sequence[str]) -> list[str]:
    """Return which settings sshd does not have for a user, as lines of ``sshd -T``."""
    lines = (f"{keyword.lower()} {value}" for keyword, value in settings.items())
    return [line for line in lines if line not in answer]
