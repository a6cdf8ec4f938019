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
  - Exports descriptions, readmes and tags of all schemas, tables and columns of a datastore to a file, or restores them
    from it, through Metamapper's REST API. Comments, owners and custom properties are not exported.
  - Metamapper hides what a scan does not see, and loses text if a hidden table and another one have the same OID. The
    file restores it.
  - Pauses and resumes Metamapper's scans of a datastore, so that none begins between an export and what follows it.
author:
  - The metamapper.postgresql authors (@getmetamapper)
options:
  state:
    description:
      - V(exported) writes the documentation to the file, atomically.
      - V(restored) writes differences to Metamapper, and removes nothing there.
      - V(paused) and V(resumed) disable and enable new scans of the datastore. A scan that is running or queued
        continues.
      - V(listed) returns the names of the datastores that O(datastore) matches.
    type: str
    required: true
    choices: [exported, restored, paused, resumed, listed]
  api_url:
    description:
      - URL of Metamapper without a path, such as V(https://metamapper.example.com). Its certificate is always verified.
      - Redirects are not followed, since the token is for this URL only.
    type: str
    required: true
  api_workspace:
    description: ID of the workspace, from its settings in Metamapper.
    type: str
    required: true
  api_token:
    description: API token of the workspace, as shown when it was created.
    type: str
    required: true
  api_ca_cert:
    description: File with the trusted CA certificates; empty for those of the system.
    type: path
    default: ''
  allow_cleartext_token:
    description:
      - Accept an O(api_url) with C(http) on another host. Whoever reads the token on the network can change the
        documentation.
    type: bool
    default: false
  api_timeout_seconds:
    description: Timeout of one request.
    type: int
    default: 60
  api_wait_seconds:
    description:
      - How long a throttled request is retried.
      - If throttling is configured, Metamapper accepts 100 requests per minute.
    type: int
    default: 300
  datastore:
    description:
      - Name of the datastore in Metamapper.
      - If O(state=listed), a name or a pattern with C(*), C(?) or C([).
    type: str
    required: true
  path:
    description:
      - Path of the file on the host that runs the module. A new file has mode 0640. Its directory must exist.
      - A file that this module has not written is refused.
      - Required if O(state=exported) or O(state=restored).
    type: path
  restore:
    description:
      - V(missing) writes a text only if there is none, so newer texts stay.
      - V(all) also replaces texts that differ from the file.
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
    description: A second run changes nothing, unless the documentation has changed in the meantime.
    support: full
notes:
  - An export takes one request per table, and one per thousand tables of a schema.
  - Metamapper's API accepts descriptions of at most 140 characters, its user interface longer ones. A longer
    description is exported, but not restored; RV(not_written) lists it.
  - If a text of the file is no longer in Metamapper or was replaced, O(state=exported) keeps a backup of the file.
seealso:
  - module: metamapper.postgresql.visibility
"""

EXAMPLES = r"""
- name: Export the documentation of a datastore
  metamapper.postgresql.documentation:
    state: exported
    api_url: https://metamapper.example.com
    api_workspace: "{{ metamapper_api_workspace }}"
    api_token: "{{ vault_metamapper_api_token }}"
    datastore: warehouse
    path: metamapper-documentation/warehouse.json

- name: Restore what is missing
  metamapper.postgresql.documentation:
    state: restored
    api_url: https://metamapper.example.com
    api_workspace: "{{ metamapper_api_workspace }}"
    api_token: "{{ vault_metamapper_api_token }}"
    datastore: warehouse
    path: metamapper-documentation/warehouse.json

- name: Pause scans
  metamapper.postgresql.documentation:
    state: paused
    api_url: https://metamapper.example.com
    api_workspace: "{{ metamapper_api_workspace }}"
    api_token: "{{ vault_metamapper_api_token }}"
    datastore: warehouse
"""

RETURN = r"""
datastore:
  description: ID and name of the datastore in Metamapper.
  returned: unless O(state=listed)
  type: dict
  sample: {id: s4N8p5g0wjiS, name: warehouse}
datastores:
  description: Names of datastores.
  returned: when O(state=listed)
  type: list
  elements: str
  sample: [tenant_1, tenant_2]
path:
  description: The file.
  returned: when O(state=exported) or O(state=restored)
  type: str
  sample: metamapper-documentation/warehouse.json
documented:
  description: Number of schemas, tables and columns with a text in the file.
  returned: when O(state=exported) or O(state=restored)
  type: dict
  sample: {schemas: 1, tables: 17, columns: 40}
documented_tables:
  description: Tables with a text in the file, of the table or its columns, by schema.
  returned: when O(state=exported)
  type: dict
  sample: {sales: [items, orders]}
shown:
  description: Number of visible schemas, tables and columns in Metamapper.
  returned: when O(state=exported)
  type: dict
  sample: {schemas: 2, tables: 23, columns: 310}
no_longer_there:
  description: Objects with a text in the file that is no longer in Metamapper or was replaced.
  returned: when O(state=exported)
  type: list
  elements: dict
  sample: [{schema: sales, table: orders, column: ""}]
backup_file:
  description: Path of the backup, if RV(no_longer_there) is not empty; otherwise empty.
  returned: when O(state=exported)
  type: str
  sample: metamapper-documentation/warehouse.json.20261126T001500Z
written:
  description: Objects whose texts were written, and which of O(ignore:short_desc), C(readme) and C(tags).
  returned: when O(state=restored)
  type: list
  elements: dict
  sample: [{schema: sales, table: orders, column: "", fields: [readme, short_desc]}]
not_written:
  description:
    - Texts of the file that could not be restored, and why - the object is not visible, or the API does not accept the
      text. C(field) is empty if all texts of the object are meant.
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
  description: Texts that differ from the file and were kept because of O(restore=missing).
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
    """Run the module."""
    fit_process()
    module = AnsibleModule(argument_spec=DOCUMENTATION_ARGUMENTS, supports_check_mode=True)
    try:
        result, warnings = perform(Client(place_from_options(module.params)), module.params, check=module.check_mode)
    except Failure as failure:
        module.fail_json(**failure.as_result())
    for warning in warnings:
        module.warn(visible(warning))
    module.exit_json(**result)


if __name__ == "__main__":
    main()
