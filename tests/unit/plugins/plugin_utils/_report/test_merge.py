# SPDX-License-Identifier: GPL-3.0-or-later
"""Several reports become one: the newest result of each server, and the servers that are missing."""

from __future__ import annotations

from ansible_collections.metamapper.postgresql.plugins.plugin_utils._report.merge import merged, part_of
from ansible_collections.metamapper.postgresql.plugins.plugin_utils._report.model import Report
from ansible_collections.metamapper.postgresql.plugins.plugin_utils._report.results import report_of

from tests.support.values.findings import FAILED, PASSED

EARLY, MIDDLE, LATE = ("2026-11-23 05:00:00 UTC", "2026-11-23 06:00:00 UTC", "2026-11-23 07:00:00 UTC")
FLEET = report_of({"a": FAILED, "b": FAILED, "c": None}, created=EARLY)
LIMITED = report_of({"b": PASSED}, created=LATE)


def times(report: Report) -> dict[str, tuple[str, str]]:
    """Return for each server its status and when it was verified."""
    return {server.name: (server.status, server.created) for server in report.servers}


def test_a_green_limited_run_leaves_a_red_fleet_red() -> None:
    for reports in ((FLEET, LIMITED), (LIMITED, FLEET)):
        whole = merged(reports, inventory=["a", "b", "c", "new"])
        assert times(whole) == {"a": ("failure", EARLY), "b": ("ok", LATE), "c": ("failure", EARLY)}
        assert (whole.created, whole.status, whole.absent) == (LATE, "failure", ("new",))
        assert [server.name for server in whole.earlier] == ["a", "c"]


def test_a_server_that_left_the_inventory_is_removed_and_named() -> None:
    whole = merged([FLEET, LIMITED], inventory=["b"], known=["b", "web"])
    assert (list(times(whole)), whole.removed, whole.status) == (["b"], ("a", "c"), "ok")


def test_the_newest_report_says_who_is_still_to_come() -> None:
    batch = report_of({"a": PASSED}, created=MIDDLE, pending=["b", "d"])
    whole = merged([FLEET, batch], inventory=["a", "b", "d"])
    assert (whole.pending, whole.absent, times(whole)["b"]) == (("b", "d"), (), ("failure", EARLY))
    assert merged([FLEET, batch, LIMITED], inventory=["a", "b", "d"]).absent == ("d",)


def test_of_two_at_the_same_time_the_last_is_taken() -> None:
    again = report_of({"a": PASSED}, created=EARLY)
    assert times(merged([FLEET, again], inventory=[]))["a"] == ("ok", EARLY)


def test_what_the_whole_says_of_the_servers_of_a_run() -> None:
    own = report_of({"b": FAILED, "c": PASSED}, created=LATE)
    whole = merged([FLEET, LIMITED], inventory=["a", "b", "c"])
    assert times(part_of(whole, own)) == {"b": ("ok", LATE), "c": ("ok", LATE)}


def test_nothing_is_merged_into_nothing() -> None:
    assert merged([], inventory=["a"]) == Report("", absent=("a",))
