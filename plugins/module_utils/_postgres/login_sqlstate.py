# Copyright (c) 2026, The metamapper.postgresql authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: it may change at any time and without notice.
"""The SQLSTATE of a refused login: libpq has no function for it, but its verbose messages contain it.

It precedes the text, in every language.
https://www.postgresql.org/docs/current/libpq-control.html#LIBPQ-PQSETERRORVERBOSITY
"""

from __future__ import annotations

import re

SQLSTATE_IN_TEXT = re.compile(r":\s+(?=[A-Z]*[0-9])([0-9A-Z]{5}): ")  # FATAL also has five letters, but no digit
LOCATION = re.compile(r"\s+\S+ ?:\s+\w+, \w+\.c:\d+")
NOT_AUTHORIZED = "28000"


def sqlstate_of_message(message: str) -> str:
    """Return the SQLSTATE in a verbose message; of several attempts the most telling one.

    With ssl_mode prefer, libpq tries again without TLS when it is refused with it, and is then often refused for that.
    """
    states = SQLSTATE_IN_TEXT.findall(message)
    telling = [state for state in states if state != NOT_AUTHORIZED]
    return str((telling or states or [""])[0])


def plain_message(message: str) -> str:
    """Return a verbose message for people: without the SQLSTATE and the line of source code."""
    return SQLSTATE_IN_TEXT.sub(": ", LOCATION.sub("", message))
