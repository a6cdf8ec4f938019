"""What the role bastion says to variables that cannot work, and to targets that Metamapper may name otherwise."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

ROLE = Path(__file__).resolve().parents[3] / "roles" / "bastion"
RSA = "ssh-rsa AAAAB3NzaC1yc2E" + "A" * 350 + " workspace"
GOOD = {"metamapper_bastion_keys": [RSA], "metamapper_bastion_targets": ["db.example.internal:5432"]}
HOSTILE = "we\"ird.näme'; --"
REFUSED: dict[str, tuple[dict[str, Any], str]] = {
    "nothing wrong": ({}, ""),
    "trailing newline of a file": ({"metamapper_bastion_keys": [RSA + "\n"]}, ""),
    "IPv6 target": ({"metamapper_bastion_targets": ["[2001:db8::5]:5432"]}, ""),
    "absent needs nothing": (
        {"metamapper_bastion_state": "absent", "metamapper_bastion_keys": [], "metamapper_bastion_targets": []},
        "",
    ),
    "misspelt variable": ({"metamapper_bastion_target": []}, "metamapper_bastion_target is not a variable"),
    "user root": ({"metamapper_bastion_user": "root"}, 'cannot be "root"'),
    "group root": ({"metamapper_bastion_group": "root"}, 'cannot be "root"'),
    "hostile user": ({"metamapper_bastion_user": HOSTILE}, "cannot be the name of the account"),
    "pattern as user": ({"metamapper_bastion_user": "meta*"}, "cannot be the name of the account"),
    "user with a line break": ({"metamapper_bastion_user": "a\nMatch all"}, "cannot be the name of the account"),
    "empty user": ({"metamapper_bastion_user": ""}, "cannot be the name of the account"),
    "no keys": ({"metamapper_bastion_keys": []}, "metamapper_bastion_keys is empty"),
    "ed25519": ({"metamapper_bastion_keys": [RSA, "ssh-ed25519 AAAAC3Nz x"]}, "Key 2 of metamapper_bastion_keys is of"),
    "private key": ({"metamapper_bastion_keys": ["-----BEGIN RSA PRIVATE KEY-----\nx"]}, "is a private key"),
    "options before the key": ({"metamapper_bastion_keys": ['command="sh" ' + RSA]}, "is not one line of the form"),
    "two lines": ({"metamapper_bastion_keys": [f"{RSA}\n{RSA} second"]}, "is not one line of the form"),
    "carriage return": ({"metamapper_bastion_keys": [f"{RSA}\rssh-rsa x"]}, "is not one line of the form"),
    "hostile comment": ({"metamapper_bastion_keys": [f"{RSA} {HOSTILE}"]}, "is not one line of the form"),
    "no targets": ({"metamapper_bastion_targets": []}, "metamapper_bastion_targets is empty"),
    **{
        f"target {target!r}": ({"metamapper_bastion_targets": [target]}, "is not of the form host:port")
        for target in (
            "any",
            "*:5432",
            "db:*",
            "db",
            "db:0",
            "db:65536",
            "db:x",
            "a b:1",
            "db:1 *:*",
            "::1:5432",
            "db:1\nx",
        )
    },
    "hostile target": ({"metamapper_bastion_targets": [HOSTILE + ":5432"]}, "is not of the form host:port"),
}
SUSPICIOUS = {
    "db.example.internal:5432": "",
    "10.0.0.5:5432": "",
    "[2001:db8::5]:5432": "",
    "DB.example:5432": "upper from lower case",
    "db.example.:5432": "dot at the end",
    "localhost:5432": "three different hosts",
    "127.0.0.1:5432": "type exactly 127.0.0.1 into",
    "[::1]:5432": "type exactly ::1 into",
    "[2001:DB8::5]:5432": "short form in lower case",
    "[2001:0db8::5]:5432": "short form in lower case",
    "010.0.0.5:5432": "leading zeros",
}


def answers(directory: Path, cases: list[dict[str, Any]]) -> list[dict[str, list[str]]]:
    """Return problems and warnings of each case: the role's own templates, in one play."""
    (directory / "templates").symlink_to(ROLE / "templates")
    answer = "{{ {'problems': __bastion_input_problems, 'warnings': __bastion_input_warnings} | to_json }}"
    play = {
        "hosts": "localhost",
        "gather_facts": False,
        "vars_files": [str(ROLE / "defaults" / "main.yml"), str(ROLE / "vars" / "main.yml")],
        "tasks": [{"ansible.builtin.debug": {"msg": "answer " + answer}, "vars": case} for case in cases],
    }
    (directory / "play.yml").write_text(yaml.safe_dump([play], allow_unicode=True))
    command = [sys.executable, "-m", "ansible", "playbook", "-i", "localhost,", "-c", "local", "play.yml"]
    result = subprocess.run(command, cwd=directory, text=True, capture_output=True, check=False)
    assert result.returncode == 0, result.stdout + result.stderr
    said = [json.loads(text) for text in re.findall(r'^    "msg": (".*")$', result.stdout, re.MULTILINE)]
    return [json.loads(text[len("answer ") :]) for text in said]


@pytest.fixture(scope="module")
def answered(tmp_path_factory: pytest.TempPathFactory) -> dict[str, dict[str, list[str]]]:
    """All cases, answered at once."""
    cases = {name: {**GOOD, **variables} for name, (variables, _words) in REFUSED.items()}
    cases.update({target: {**GOOD, "metamapper_bastion_targets": [target]} for target in SUSPICIOUS})
    return dict(zip(cases, answers(tmp_path_factory.mktemp("bastion"), list(cases.values()))))


@pytest.mark.parametrize("name", REFUSED)
def test_what_cannot_work_is_refused_with_the_reason(answered: dict[str, dict[str, list[str]]], name: str) -> None:
    words = REFUSED[name][1]
    problems = answered[name]["problems"]
    assert [words in problem for problem in problems] == ([True] if words else [])


@pytest.mark.parametrize("target", SUSPICIOUS)
def test_a_target_that_may_be_typed_otherwise_is_pointed_at(
    answered: dict[str, dict[str, list[str]]], target: str
) -> None:
    words = SUSPICIOUS[target]
    assert [words in warning for warning in answered[target]["warnings"]] == ([True] if words else [])


def test_a_private_key_is_not_shown(answered: dict[str, dict[str, list[str]]]) -> None:
    assert "BEGIN" not in answered["private key"]["problems"][0]
