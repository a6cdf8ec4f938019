# Copyright (c) 2026, The metamapper.postgresql authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: it may change at any time and without notice.
"""Shows what a play found on its hosts, and writes the reports on the controller: one task for all of them."""

from __future__ import annotations

from datetime import datetime, timezone
from typing import Any, Mapping

from ansible.errors import AnsibleActionFail
from ansible.plugins.action import ActionBase
from ansible_collections.metamapper.postgresql.plugins.module_utils._core.visible import visible
from ansible_collections.metamapper.postgresql.plugins.plugin_utils._console import is_for_people, write_lines
from ansible_collections.metamapper.postgresql.plugins.plugin_utils._report.directory import DirectoryError, absolute
from ansible_collections.metamapper.postgresql.plugins.plugin_utils._report.formats import FORMATS
from ansible_collections.metamapper.postgresql.plugins.plugin_utils._report.merge import part_of
from ansible_collections.metamapper.postgresql.plugins.plugin_utils._report.observation import observed
from ansible_collections.metamapper.postgresql.plugins.plugin_utils._report.oids import merged_oids
from ansible_collections.metamapper.postgresql.plugins.plugin_utils._report.publish import (
    compared,
    directory_of,
    merge_baselines,
    merge_directories,
    publish,
    read_baselines,
    renew_baselines,
)
from ansible_collections.metamapper.postgresql.plugins.plugin_utils._report.run import Run
from ansible_collections.metamapper.postgresql.plugins.plugin_utils._report.text import text_lines
from ansible_collections.metamapper.postgresql.plugins.plugin_utils._report.wording import merged_into

NAMES = {"type": "list", "elements": "str", "default": []}
OPTIONS: dict[str, Any] = {
    "directory": {"type": "str", "required": True},
    "formats": {"type": "list", "elements": "str", "required": True, "choices": list(FORMATS)},
    "register": {"type": "str"},
    "inventory": NAMES,
    "causes": NAMES,
    "scopes": NAMES,
    "keep_baselines": {"type": "bool", "default": True},
    "sources": NAMES,
}
CREATED = "%Y-%m-%d %H:%M:%S UTC"


class ActionModule(ActionBase):
    """The action of the task that writes the reports."""

    TRANSFERS_FILES = False
    _supports_check_mode = True

    def run(self, tmp: str | None = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        """Return the lines of the report as ``msg``, and the file for people as ``file``, empty if none was written.

        On the console the lines stand as they are; for a callback that may print JSON, the result is to be shown.
        """
        super().run(tmp, task_vars)
        _validated, options = self.validate_argument_spec(OPTIONS)  # type: ignore[no-untyped-call]
        try:
            result = self._merged(options) if options["sources"] else self._written(options, task_vars or {})
        except (DirectoryError, OSError, ValueError) as error:
            raise AnsibleActionFail(f"Cannot write the reports: {error}") from error
        if not is_for_people():
            return {**result, "_ansible_verbose_always": True}
        write_lines(self._display, result["msg"])
        return result

    def _merged(self, options: dict[str, Any]) -> dict[str, Any]:
        """Write one report and the newest baselines out of those of several directories; return as ``run`` does."""
        sources = [absolute(source) for source in options["sources"]]
        report, empty = merge_directories(sources, inventory=options["inventory"])
        directory, observations = absolute(options["directory"]), merged_oids(list(map(directory_of, sources)))
        report = compared(report, directory, observations)
        result: dict[str, Any] = {"changed": False, "file": "", "msg": text_lines(report)}
        if empty:
            result["warnings"] = [
                f"There is no report in {visible(', '.join(map(str, empty)))}: that run has not ended."
            ]
        if self._task.check_mode:
            return result
        published = publish(
            *(directory, report, options["formats"]),
            inventory=options["inventory"],
            known=None,
            observations=observations,
        )
        merge_baselines(sources, directory)
        return {**result, "file": published.file, "msg": text_lines(published.report)}

    def _written(self, options: dict[str, Any], variables: Mapping[str, Any]) -> dict[str, Any]:
        # Names of hosts are read here: as arguments of the task, Ansible before 2.19 would take them for templates.
        known = list(variables["groups"]["all"])
        run = Run(
            **{name: options[name] for name in ("register", "inventory", "causes", "scopes")},
            hosts=list(variables["ansible_play_hosts_all"]),
            active=list(variables["ansible_play_hosts"]),
            batch=list(variables["ansible_play_batch"]),
        )
        hostvars = run.registered(variables["hostvars"].raw_get)
        if run.is_refused(hostvars):  # the play has just said why, and there is nothing else to report
            return {"changed": False, "skipped": True, "msg": []}
        directory, created = absolute(options["directory"]), datetime.now(timezone.utc).strftime(CREATED)
        baselines = read_baselines(directory, run.hosts) if options["keep_baselines"] else {}
        report = run.report(hostvars, created, baselines)
        observations = observed(run.results(hostvars), created)
        result: dict[str, Any] = {"changed": False, "file": ""}
        if self._task.check_mode:
            return {**result, "msg": text_lines(compared(report, directory, observations))}
        inventory = run.inventory or run.hosts
        published = publish(
            *(directory, report, options["formats"]), inventory=inventory, known=known, observations=observations
        )
        if options["keep_baselines"]:
            renew_baselines(directory, run.results(hostvars), created)
        own = part_of(published.report, report)
        lines = [*text_lines(own), *merged_into(published.report, own), *filter(None, [published.note])]
        return {**result, "file": published.file, "msg": lines}
