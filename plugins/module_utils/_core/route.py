# Copyright (c) 2026, The metamapper.postgresql authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: it may change at any time and without notice.
"""The route from this machine to a server: direct, or through a bastion."""

from __future__ import annotations

from typing import Any, Mapping, Protocol


class Route(Protocol):
    """The route from this machine to the server."""

    def parameters(self) -> Mapping[str, Any]:
        """Return what this route changes in libpq's parameters (``hostaddr``, ``port``); empty for none.

        To be called again for each login; raises Failure if the route is no longer open.
        """

    def must_retry(self, error: Exception, *, is_timeout: bool = False) -> bool:
        """Return whether a login that failed is to be tried again; raise Failure if the route itself is broken.

        ``is_timeout`` tells that the login timed out.
        """


class DirectRoute:
    """No bastion: libpq's parameters as they are, and no second try."""

    def parameters(self) -> Mapping[str, Any]:
        """Return nothing to change."""
        return {}

    def must_retry(self, error: Exception, *, is_timeout: bool = False) -> bool:
        """Return False: what libpq said stands."""
        return False


DIRECT = DirectRoute()
