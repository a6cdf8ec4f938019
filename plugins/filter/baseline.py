# Copyright (c) 2026, The metamapper.postgresql authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: it may change at any time and without notice.
"""What an earlier report says that Metamapper saw."""

from __future__ import annotations

import json
from typing import Any, Callable

from ansible.errors import AnsibleFilterError
from ansible_collections.metamapper.postgresql.plugins.plugin_utils._report.json import baseline_of


def baseline(text: str, server: str) -> dict[str, Any]:
    """Return what an earlier report says of a server; raises AnsibleFilterError where the text is no such report."""
    try:
        return dict(baseline_of(json.loads(text), server) or {})
    except ValueError as error:
        message = f"Cannot use metamapper_baseline: {error}. Name a report.json that the role verify has written."
        raise AnsibleFilterError(message) from error


class FilterModule:
    """The filter, as Ansible looks for it."""

    def filters(self) -> dict[str, Callable[..., Any]]:
        """Return the filter by its name."""
        return {"baseline": baseline}
