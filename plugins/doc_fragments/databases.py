# Copyright (c) 2026, The metamapper.postgresql authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Documentation of the option databases, which the modules share."""

from __future__ import annotations


class ModuleDocFragment:
    """The option databases, and what the modules return about it."""

    DOCUMENTATION = r"""
options:
  databases:
    type: list
    elements: dict
    suboptions:
      name:
        description:
          - Name of a database, or a pattern with C(*), C(?) or C([) for databases that allow connections and are not
            templates. An entry that equals an existing name is that name.
          - Patterns do not match a database that has its own entry. A database that two patterns match is an error.
          - A pattern leaves out databases of the provider of a managed service, such as V(rdsadmin), and those on which
            the login role lacks CONNECT. RV(scope) lists them.
        type: str
        required: true
      schemas:
        description:
          - Names or patterns of schemas. An entry that equals an existing name is that name.
          - Patterns never match system schemas. They leave out schemas of extensions, and schemas whose name Metamapper
            would have to quote, unless O(group) already has a privilege on a table or view in them. RV(scope) lists
            them.
          - Schemas that are created later are covered by the next run.
        type: list
        elements: str
        required: true
      exclude_schemas:
        description: Names or patterns of schemas to exclude. They may match nothing.
        type: list
        elements: str
        default: []
      metadata_schemas:
        description:
          - Names or patterns of schemas in scope whose columns should be visible and whose rows should not be readable,
            regardless of O(privilege).
          - An entry that matches no schema in scope is an error, since a typo would make rows readable.
        type: list
        elements: str
        default: []
      creators:
        description:
          - Roles whose future relations should be readable.
          - V(auto) means the owners of the schema and its relations, roles with a direct CREATE on it (superusers only
            if they own objects there), and login roles that inherit CREATE from one of these, but never PUBLIC.
        type: list
        elements: str
        default: [auto]
      allow_empty:
        description: Accept a name or pattern of the database or a schema that matches nothing.
        type: bool
        default: false
      accept_breaks_scan:
        description:
          - Accept schemas that are configured by name although Metamapper would have to quote the name, for example
            because of upper-case letters, spaces or dots. Its scan of the database fails on them, or misreads them.
            Patterns still leave them out.
          - Also grant on relations with such a name, which are otherwise left out with a warning. Existing grants stay.
        type: bool
        default: false
"""
