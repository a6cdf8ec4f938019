"""The filter reads the roles of this collection."""

from __future__ import annotations

from ansible_collections.metamapper.postgresql.plugins.filter.unknown_variables import FilterModule

UNKNOWN = "is not a variable of metamapper.postgresql."


def test_the_filter_reads_the_roles_of_this_collection() -> None:
    unknown_variables = FilterModule().filters()["unknown_variables"]
    assert unknown_variables(["metamapper_user", "metamapper_hosts", "metamapper_usr"]) == [
        f"metamapper_usr {UNKNOWN} Did you mean metamapper_user?"
    ]
