# SPDX-License-Identifier: GPL-3.0-or-later
"""Runs each task twice in one ansible-playbook: in Ansible's worker process where possible, and as a module."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Mapping, Sequence

from tools.runners.playbooks import Play, run_on_hosts

SWITCH = "metamapper_in_worker"
# A connection and a become plugin that count as remote and as another user, but run on this machine as the same user.
CONNECTION = """
from ansible.plugins.connection.local import Connection as Local
DOCUMENTATION = '''
name: elsewhere
short_description: a connection that is not called local
description: [as the other]
options: {}
'''
class Connection(Local):
    transport = "elsewhere"
"""
BECOME = """
from ansible.plugins.become import BecomeBase
DOCUMENTATION = '''
name: pretend
short_description: becomes nobody else
description: [as the other]
options:
  become_user: {default: other, description: [nobody]}
  become_exe: {description: [nothing]}
  become_flags: {description: [nothing]}
  become_pass: {description: [nothing]}
'''
class BecomeModule(BecomeBase):
    name = "pretend"
    def build_become_command(self, cmd, shell):
        super().build_become_command(cmd, shell)
        return cmd
"""
RAN = re.compile(r"<\S+> metamapper\.postgresql\.\w+ runs (in Ansible's worker process|as a module: [^\n.]+)\.")
PRINTED = re.compile(r"=> (\{$.*?^\})", re.MULTILINE | re.DOTALL)
Tasks = Sequence[Mapping[str, Any]]


@dataclass(frozen=True)
class Case:
    """A task, keywords of its play, and tasks to run before each of its two runs.

    ``place`` is where the first run is expected to take place, as -vvv prints it.
    """

    task: Mapping[str, Any]
    before: Tasks = ()
    play: Mapping[str, Any] = field(default_factory=dict)
    place: str = "in Ansible's worker process"


@dataclass(frozen=True)
class Pair:
    """Of both runs: the registered results, the places, and the printed results, which include the invocation."""

    results: tuple[dict[str, Any], dict[str, Any]]
    places: tuple[str, str]
    printed: tuple[list[Any], list[Any]]


def _plays(name: str, case: Case, defaults: Mapping[str, Any]) -> dict[str, Any]:
    """Return the play of a case: the task twice, each time after the tasks that precede it."""
    tasks: list[Mapping[str, Any]] = []
    for number, in_worker in enumerate((True, False)):
        variables = {SWITCH: in_worker} if number else {}
        tasks += [{"name": "before", **task, "vars": {SWITCH: True}} for task in case.before]
        own = {**case.task, "vars": {**case.task.get("vars", {}), **variables}}
        tasks.append({"name": f"{name} {number}", "ignore_errors": True, **own, "register": f"result_{number}"})
    path = f"{{{{ playbook_dir }}}}/{name}.json"
    kept = {"content": "{{ [result_0, result_1] | to_json }}", "dest": path, "mode": "0600"}
    tasks.append({"name": "keep", "ansible.builtin.copy": kept, "become": False, "check_mode": False, "diff": False})
    return {
        "name": name,
        "hosts": "db",
        "gather_facts": False,
        "connection": "local",
        "module_defaults": defaults,
        **case.play,
        "tasks": tasks,
    }


def _blocks(name: str, play: Play) -> list[str]:
    """Return the output of the two runs of a case."""
    blocks = re.split(r"^TASK \[", play.output, flags=re.MULTILINE)
    return [block for block in blocks if re.match(rf"{name} \d\]", block)]


def run_pairs(
    directory: Path,
    cases: Mapping[str, Case],
    variables: Mapping[str, Any],
    defaults: Mapping[str, Any],
    *options: str,
) -> tuple[Mapping[str, Pair], Play]:
    """Run each case twice in one ansible-playbook; ``defaults`` are the module_defaults of each play."""
    for kind, name, text in (("connection", "elsewhere", CONNECTION), ("become", "pretend", BECOME)):
        (directory / f"{kind}_plugins").mkdir(exist_ok=True)
        (directory / f"{kind}_plugins" / f"{name}.py").write_text(text)
    (directory / "ansible.cfg").write_text("[defaults]\ninject_invocation = true\n")  # ansible-core 2.21 and newer
    plays = [_plays(name, case, defaults) for name, case in cases.items()]
    (directory / "pairs.yml").write_text(json.dumps(plays))
    hosts = {"db": variables, "other": {**variables, "ansible_connection": "elsewhere"}}
    play = run_on_hosts(directory, "pairs.yml", hosts, "-vvv", *options)
    return {name: _pair(directory, name, play) for name in cases}, play


def _pair(directory: Path, name: str, play: Play) -> Pair:
    path = directory / f"{name}.json"
    if not path.exists():
        raise AssertionError(play.output)
    one, other = json.loads(path.read_text())
    first, second = _blocks(name, play)
    places = (RAN.findall(first)[0], RAN.findall(second)[0])
    return Pair((one, other), places, (_printed(first), _printed(second)))


def _printed(block: str) -> list[Any]:
    return [json.loads(text) for text in PRINTED.findall(block)]
