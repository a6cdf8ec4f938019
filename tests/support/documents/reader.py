# SPDX-License-Identifier: GPL-3.0-or-later
"""Follows a document as a reader would: writes its files, sets its variables, runs its statements and commands.

All server names in a document stand for one real server. Passwords come from the places that the document names.
"""

from __future__ import annotations

import re
import subprocess
from pathlib import Path
from typing import Any, Mapping

import yaml

from tests.support.documents.blocks import Block, blocks, commands, pipeline_scripts
from tools.packaging.collection import environment
from tools.postgres.server import Server

HOST = re.compile(r"\b(?:[\w-]+\.)*example(?:\.[\w-]+)+\b")
VAULT = re.compile(r"\bvault_\w+")
FROM = re.compile(r"^(.*;)\s*-- (?:from (\d+) on|up to PostgreSQL (\d+))$", re.MULTILINE)
# Printed by a play that matches no host, and nevertheless succeeds.
NO_HOSTS = "no hosts matched"
INVENTORY_GROUP = re.compile(r"^(?:postgresql|bastions):$", re.MULTILINE)
METAMAPPER_PASSWORD = "metamapper's Secret-1"
INVENTORY = """\
postgresql:
  hosts:
    db.example.org:
  vars:
    metamapper_password: "{{ lookup('ansible.builtin.env', 'METAMAPPER_PASSWORD') }}"
    metamapper_databases: [{name: warehouse, schemas: [sales, hr, "tenant_*"]}]
"""
# Two databases like those in the documents.
WAREHOUSE = """\
REVOKE CREATE ON SCHEMA public FROM PUBLIC;
CREATE ROLE hr_owner;
CREATE SCHEMA sales; CREATE SCHEMA hr AUTHORIZATION hr_owner; CREATE SCHEMA tenant_1; CREATE SCHEMA tenant_test_1;
CREATE TABLE sales.orders (id int PRIMARY KEY); CREATE TABLE hr.salaries (amount numeric);
CREATE TABLE tenant_1.settings (id int); CREATE TABLE tenant_test_1.settings (id int);
"""
ERP = """\
REVOKE CREATE ON SCHEMA public FROM PUBLIC;
SET ROLE erp_owner;
CREATE SCHEMA sales; CREATE SCHEMA staging; CREATE TABLE sales.orders (id int);
"""


def prepare(server: Server) -> None:
    """Create the databases and roles that the documents mention."""
    server.execute("CREATE ROLE erp_owner")
    server.execute("CREATE ROLE dbadmin LOGIN CREATEROLE PASSWORD %s", parameters=[server.password])
    server.execute("CREATE DATABASE warehouse")
    server.execute("CREATE DATABASE erp OWNER erp_owner")
    server.execute(WAREHOUSE, database="warehouse")
    server.execute(ERP, database="erp")


def without_inventory(command: str) -> str:
    """Return a command without its inventory option, which ansible.cfg replaces."""
    return command.replace(" -i inventory.yml", "")


def is_play(block: Block) -> bool:
    """Return whether a block is a play to be run as it stands, and not the content of a file."""
    return block.language == "yaml" and not block.file and block.text.startswith("- hosts:")


def is_inventory(block: Block) -> bool:
    """Return whether a block is an inventory."""
    return block.language == "yaml" and bool(INVENTORY_GROUP.search(block.text))


class Reader:
    """A reader with an empty directory, an installed collection and a server."""

    def __init__(self, directory: Path, collections: Path, server: Server, outside: Mapping[str, str]) -> None:
        self.directory = directory
        self.server = server
        self.outside = outside
        self.ran: list[str] = []
        self.variables: dict[str, Any] = {}
        own = {"PGPASSWORD": server.password, "METAMAPPER_PASSWORD": METAMAPPER_PASSWORD}
        self.environment = {**environment(collections, directory / "home"), **own}
        self.write("ansible.cfg", "[defaults]\ninventory = inventory.yml\n")
        self.write("inventory.yml", INVENTORY)
        self.write(".vault-password", "opens the vault\n")

    def write(self, name: str, text: str) -> None:
        """Write a file of the reader's directory."""
        path = self.directory / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")

    def follow(self, path: Path, *, others: Mapping[str, Any], granted: bool) -> None:
        """Do everything that a document says, in order; ``others`` are variables that depend on the test's server.

        With ``granted``, access is granted by the inventory before the first command, for documents that assume it.
        """
        text = path.read_text(encoding="utf-8")
        self.stand_in(INVENTORY + text, others)
        for block in blocks(path):
            if granted and not (block.file or is_inventory(block)):
                self.run("ansible-playbook metamapper.postgresql.grant_metamapper")
                granted = False
            self.take(block)

    def stand_in(self, text: str, others: Mapping[str, Any]) -> None:
        """Map every server and every secret that a document names to those of the test's server."""
        own = {"metamapper_login_host": self.server.host, "metamapper_login_port": self.server.port}
        for name in VAULT.findall(text):
            of_metamapper = name.startswith("vault_metamapper")
            own[name] = METAMAPPER_PASSWORD if of_metamapper else self.server.password
        for host in HOST.findall(text):
            for directory in ("", "inventory/"):
                self.write(f"{directory}host_vars/{host}.yml", yaml.safe_dump({**own, **others}))

    def take(self, block: Block) -> None:
        """Do what a code block asks of the reader: write a file, set variables, or run it."""
        if block.file:
            self.write(block.file, block.text)
        if block.language == "shell":
            self.run(block.text)
        elif block.language == "sql":
            self.execute(block.text)
        elif is_inventory(block) and not block.file:
            self.write("inventory.yml", block.text)
        elif is_play(block):
            self.write("play.yml", block.text)
            self.run("ansible-playbook play.yml")
        elif block.language == "yaml":
            self.understand(yaml.safe_load(block.text), is_file=bool(block.file))

    def understand(self, document: Any, *, is_file: bool) -> None:
        """Process YAML according to its content: run the jobs of a pipeline, or set variables."""
        for script in pipeline_scripts(document):
            self.run(script)
        if is_file or not isinstance(document, dict):
            return
        if all(name.startswith("metamapper_") for name in document):
            self.variables.update(document)
            for group in ("postgresql", "bastions"):
                self.write(f"group_vars/{group}.yml", yaml.safe_dump(self.variables))

    def execute(self, script: str) -> None:
        """Run statements as the superuser, except those for other major versions."""
        major = float(self.server.major)

        def fits(found: re.Match[str]) -> str:
            oldest, newest = float(found[2] or 0), float(found[3] or 99)
            return found[1] if oldest <= major < newest + 1 else ""

        statements = FROM.sub(fits, script)
        if statements.strip():
            self.server.execute(statements, database="warehouse")

    def run(self, script: str) -> None:
        """Run a script, except commands that need other systems; raises AssertionError with the output if it fails."""
        wanted = [command for command in commands(script) if self.is_run(command)]
        self.ran += wanted
        ended = subprocess.run(
            ["bash", "-euo", "pipefail", "-c", "\n".join(wanted)],
            cwd=self.directory,
            env=self.environment,
            input="a secret",
            text=True,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            check=False,
        )
        if ended.returncode or NO_HOSTS in ended.stdout:
            raise AssertionError(f"{script}\nended with {ended.returncode}:\n{ended.stdout}")

    def is_run(self, command: str) -> bool:
        """Return whether a command is to be run; the others are listed with the reason."""
        return without_inventory(command) not in self.outside and not command.startswith("make ")
