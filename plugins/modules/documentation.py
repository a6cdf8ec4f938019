#!/usr/bin/python
# Copyright (c) 2026, The metamapper.postgresql authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: documentation
short_description: Export what people wrote in Metamapper to a file, and restore it
version_added: 1.0.0
description:
  - Reads descriptions, readmes and tags of all schemas, tables and columns of a datastore over Metamapper's REST API,
    and keeps them in a file; or writes back to Metamapper what such a file has.
  - Metamapper hides what a scan does not see, and loses text where a hidden table meets another one with the same oid.
    A file is what brings it back then.
  - Lets Metamapper's scans of a datastore pause and go on, so that none begins between an export and what comes next.
  - Comments, owners and custom properties are not exported.
author:
  - The metamapper.postgresql authors (@getmetamapper)
options:
  state:
    description:
      - V(exported) lets the file have what Metamapper has. It is written whole or not at all.
      - V(restored) lets Metamapper have what the file has. Only what differs is written, and nothing is ever taken out
        of Metamapper.
      - V(paused) lets no new scan of the datastore begin, and V(resumed) lets them begin again. A scan that has begun,
        or that Metamapper has already queued, goes on.
    type: str
    required: true
    choices: [exported, restored, paused, resumed]
  api_url:
    description:
      - Address of Metamapper, as it stands in a browser before the first single slash, such as
        V(https://metamapper.example.com). Its certificate is always verified.
      - No redirect is followed, since the token is for this address alone.
    type: str
    required: true
  api_workspace:
    description: Identifier of the workspace, as its settings in Metamapper show it.
    type: str
    required: true
  api_token:
    description: Token of the workspace for the API, as Metamapper showed it when the token was created.
    type: str
    required: true
  api_ca_cert:
    description: File with the certificates of the authorities to trust; empty for those of the system.
    type: path
    default: ''
  allow_cleartext_token:
    description:
      - Accept an O(api_url) that begins with C(http) although it is on another host. Everybody on the way can read the
        token then, and change with it what is written in Metamapper.
    type: bool
    default: false
  api_timeout_seconds:
    description: How long to wait for one answer.
    type: int
    default: 60
  api_wait_seconds:
    description:
      - How long one request may wait altogether because Metamapper asks for a pause.
      - Where its throttle is configured it allows 100 requests a minute.
    type: int
    default: 300
  datastore:
    description: Name of the datastore, as Metamapper shows it.
    type: str
    required: true
  path:
    description:
      - The file, on the host that the module runs on. A new one has mode 0640. Its directory must exist.
      - A file that the module has not written is refused.
      - Required where O(state=exported) or O(state=restored).
    type: path
  restore:
    description:
      - V(missing) writes a text only where there is none, so that what somebody has written since the export stays.
      - V(all) also replaces texts that differ from the file.
      - Neither empties a text.
    type: str
    choices: [missing, all]
    default: missing
attributes:
  check_mode:
    description: Can run in check mode and return what would change, without writing.
    support: full
  diff_mode:
    description: Shows the texts that differ.
    support: full
  idempotent:
    description: A second run changes nothing, unless somebody has written something meanwhile.
    support: full
notes:
  - Columns are listed table by table, so that an export takes one request for each table and one for each thousand
    tables of a schema.
  - Metamapper's API takes descriptions of at most 140 characters, although its pages take longer ones. Such a
    description is exported; when it is to be restored, RV(not_written) lists it.
  - Where a text of the file is no longer in Metamapper, or was replaced by another one, O(state=exported) keeps the
    file as it was beside the new one, so that an export after a loss does not take the text with it.
seealso:
  - module: metamapper.postgresql.visibility
"""

EXAMPLES = r"""
- name: Keep what people wrote about the warehouse
  metamapper.postgresql.documentation:
    state: exported
    api_url: https://metamapper.example.com
    api_workspace: "{{ metamapper_api_workspace }}"
    api_token: "{{ vault_metamapper_api_token }}"
    datastore: warehouse
    path: metamapper-documentation/warehouse.json

- name: Bring back what is missing
  metamapper.postgresql.documentation:
    state: restored
    api_url: https://metamapper.example.com
    api_workspace: "{{ metamapper_api_workspace }}"
    api_token: "{{ vault_metamapper_api_token }}"
    datastore: warehouse
    path: metamapper-documentation/warehouse.json

- name: Let no scan begin for now
  metamapper.postgresql.documentation:
    state: paused
    api_url: https://metamapper.example.com
    api_workspace: "{{ metamapper_api_workspace }}"
    api_token: "{{ vault_metamapper_api_token }}"
    datastore: warehouse
"""

RETURN = r"""
datastore:
  description: The datastore, by its identifier and its name in Metamapper.
  returned: success
  type: dict
  sample: {id: s4N8p5g0wjiS, name: warehouse}
path:
  description: The file.
  returned: when O(state=exported) or O(state=restored)
  type: str
  sample: metamapper-documentation/warehouse.json
documented:
  description: Of how many schemas, tables and columns the file has a text.
  returned: when O(state=exported) or O(state=restored)
  type: dict
  sample: {schemas: 1, tables: 17, columns: 40}
documented_tables:
  description: The tables of which, or of whose columns, the file has a text, by schema.
  returned: when O(state=exported)
  type: dict
  sample: {sales: [items, orders]}
shown:
  description: How many schemas, tables and columns Metamapper shows.
  returned: when O(state=exported)
  type: dict
  sample: {schemas: 2, tables: 23, columns: 310}
no_longer_there:
  description: The objects of which a text of the file is no longer in Metamapper, or was replaced by another one.
  returned: when O(state=exported)
  type: list
  elements: dict
  sample: [{schema: sales, table: orders, column: ""}]
backup_file:
  description: Where the file is kept as it was, if RV(no_longer_there) is not empty; otherwise empty.
  returned: when O(state=exported)
  type: str
  sample: metamapper-documentation/warehouse.json.20261126T001500Z
written:
  description: The objects whose texts were written, and which of O(ignore:short_desc), C(readme) and C(tags) these are.
  returned: when O(state=restored)
  type: list
  elements: dict
  sample: [{schema: sales, table: orders, column: "", fields: [readme, short_desc]}]
not_written:
  description:
    - What the file has and Metamapper has not after the run, and why - Metamapper shows no such object, or its API does
      not take the text. C(field) is empty for all texts of an object.
  returned: when O(state=restored)
  type: list
  elements: dict
  sample:
    - schema: sales
      table: orders
      column: note
      field: short_desc
      reason: "It has 160 characters, and the API takes at most 140: paste it there."
kept:
  description: The texts that differ from the file and were left, since O(restore=missing).
  returned: when O(state=restored)
  type: list
  elements: dict
  sample: [{schema: sales, table: orders, column: "", field: readme, reason: Metamapper has another text.}]
"""

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.metamapper.postgresql.plugins.module_utils._core.problem import Failure
from ansible_collections.metamapper.postgresql.plugins.module_utils._core.task import fit_process
from ansible_collections.metamapper.postgresql.plugins.module_utils._core.visible import visible
from ansible_collections.metamapper.postgresql.plugins.module_utils._documentation.client import Client
from ansible_collections.metamapper.postgresql.plugins.module_utils._documentation.options import (
    DOCUMENTATION_ARGUMENTS,
)
from ansible_collections.metamapper.postgresql.plugins.module_utils._documentation.place import place_from_options
from ansible_collections.metamapper.postgresql.plugins.module_utils._documentation.run import perform


def main() -> None:
    """Do what is asked for, and say what was done."""
    fit_process()
    module = AnsibleModule(argument_spec=DOCUMENTATION_ARGUMENTS, supports_check_mode=True)
    try:
        result = perform(Client(place_from_options(module.params)), module.params, check=module.check_mode)
    except Failure as failure:
        module.fail_json(**failure.as_result())
    for warning in result.warnings:
        module.warn(visible(warning))
    module.exit_json(**result.as_dict())


if __name__ == "__main__":
    main()
