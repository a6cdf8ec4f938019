# Copyright (c) 2026, The metamapper.postgresql authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: it may change at any time and without notice. Ansible finds the filters by a link in
# plugins/filter: ansible-doc takes links for aliases, and so leaves them out of its lists and of the reference.
"""What Metamapper saw of a server earlier."""

from __future__ import annotations

from typing import Any, Callable, Mapping

from ansible.errors import AnsibleFilterError
from ansible_collections.metamapper.postgresql.plugins.plugin_utils._report.baseline import baseline_of


def baseline(variables: Mapping[str, Any], server: str) -> dict[str, Any]:
    """Return what to compare a server with, given the variables of the role verify; empty for nothing.

    Raises AnsibleFilterError if a file is no baseline, or cannot be read.
    """
    try:
        found = baseline_of(variables, server)
    except (OSError, ValueError) as error:
        raise AnsibleFilterError(f"Cannot read the baseline: {error}") from error
    return dict(found.seen) if found else {}


class FilterModule:
    """The filter, as Ansible looks for it."""

    def filters(self) -> dict[str, Callable[..., Any]]:
        """Return the filter by its name."""
        return {"baseline": baseline}
