# Copyright (c) 2026, The metamapper.postgresql authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the modules say in common about the databases and schemas that Metamapper is to see."""

from __future__ import annotations


class ModuleDocFragment:
    """The option databases, which both modules read in the same way, and what they return about it."""

    DOCUMENTATION = r"""
options:
  databases:
    type: list
    elements: dict
    suboptions:
      name:
        description:
          - Name of the database, or a pattern with C(*), C(?) or C([) over those that accept connections and are no
            templates. An entry that equals an existing name is that name.
          - An entry with a database's own name takes it out of the patterns. A database that two patterns match is an
            error.
          - A pattern leaves out databases that belong to the provider of a managed server, such as V(rdsadmin), and
            those that the role that logs in may not connect to. RV(scope) names them.
        type: str
        required: true
      schemas:
        description:
          - Names of schemas, or patterns over those that exist. An entry that equals an existing name is that name.
          - Patterns never match PostgreSQL's own schemas, and leave out schemas that are members of an extension, as
            well as schemas whose name Metamapper cannot quote, unless O(group) holds a privilege on a table or view in
            them already. RV(scope) names them.
          - A schema that is created later is found by the next run.
        type: list
        elements: str
        required: true
      exclude_schemas:
        description: Names or patterns of schemas to leave out. They may match nothing.
        type: list
        elements: str
        default: []
      metadata_schemas:
        description:
          - Of O(databases[].schemas), names or patterns of those whose columns are to be seen and whose rows are not to
            be read, whatever O(privilege) is.
          - An entry that means none of the listed schemas is an error, since a typo would make rows readable.
        type: list
        elements: str
        default: []
      creators:
        description:
          - Roles whose future relations are to be readable.
          - V(auto) means the owners of the relations in the schema, the owner of the schema, and every role with a
            direct CREATE on it, superusers only if they own something there; and login roles that can create there
            because they inherit from one of these. Never PUBLIC.
        type: list
        elements: str
        default: [auto]
      allow_empty:
        description: Accept a name or pattern of the database or of a schema that matches nothing.
        type: bool
        default: false
      accept_breaks_scan:
        description:
          - Accept schemas that are listed by a name that Metamapper cannot quote, with capital letters, blanks or dots
            for example. Its scan of the database fails on them, or misreads them. Patterns leave them out nevertheless.
          - Also grant on relations with a name of this kind, which are left out with a warning otherwise. What is
            granted already stays.
        type: bool
        default: false
"""
