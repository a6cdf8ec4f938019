# SPDX-License-Identifier: GPL-3.0-or-later
"""Extracts from the documentation what a reader copies: code blocks in order, and commands within sentences."""

from __future__ import annotations

import re
import shlex
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Iterator

import yaml
from markdown_it import MarkdownIt

ROOT = Path(__file__).resolve().parents[3]
NAMES = ("README", "CONTRIBUTING", "MAINTAINERS", "SECURITY", "CODE_OF_CONDUCT", "examples/README")
DOCUMENTS = sorted(
    [*(ROOT / f"{name}.md" for name in NAMES), *ROOT.glob("docs/**/*.md"), *ROOT.glob("roles/*/README.md")]
)
LANGUAGES = frozenset({"shell", "yaml", "sql", "json", "ini", "text"})
# Inline code in a sentence is a command if it begins with one of these.
PROGRAMS = ("ansible-", "apt ", "chmod ", "dnf ", "make ", "pip ", "psql ", "ssh ", "ssh-keygen ", "sshd ")
HEREDOC = re.compile(r"<<'?(\w+)'?")
FILE_NAME = re.compile(r"# ([\w./-]+\.\w+)\n")

_markdown = MarkdownIt("commonmark").enable("table")


@dataclass(frozen=True)
class Block:
    """A code block; ``language`` is empty if the document gives none."""

    language: str
    text: str
    line: int

    @property
    def file(self) -> str:
        """The name of the file whose content this block is, taken from its first line; empty if it is no file."""
        found = FILE_NAME.match(self.text)
        return found[1] if found else ""


def name_of(path: Path) -> str:
    """Return the name of a document in test ids."""
    return str(path.relative_to(ROOT))


def blocks(path: Path, *languages: str) -> list[Block]:
    """Return the code blocks of a document in order; of all languages if none is named."""
    found = [
        Block(token.info if token.type == "fence" else "", token.content, (token.map or [0])[0] + 1)
        for token in _markdown.parse(path.read_text(encoding="utf-8"))
        if token.type in ("fence", "code_block")
    ]
    return [block for block in found if not languages or block.language in languages]


def inline_commands(path: Path) -> list[str]:
    """Return the commands within the sentences of a document."""
    tokens = _markdown.parse(path.read_text(encoding="utf-8"))
    codes = [inner.content for token in tokens for inner in token.children or () if inner.type == "code_inline"]
    return [code for code in codes if code.startswith(PROGRAMS) and " " in code]


def commands(script: str) -> list[str]:
    """Return the commands of a script, each one line, or the lines that quotes, backslashes or here-documents join."""
    found: list[str] = []
    pending = ""
    for line in script.splitlines():
        pending += line
        heredoc = HEREDOC.search(pending)
        if (heredoc and not re.search(rf"^{heredoc[1]}$", pending, re.MULTILINE)) or not _is_whole(pending):
            pending += "\n"
        else:
            found.append(pending)
            pending = ""
    if pending:
        raise ValueError(f"A command has no end: {pending}")
    return [command for command in found if command.strip()]


def _is_whole(text: str) -> bool:
    if HEREDOC.search(text):
        return True
    try:
        shlex.split(text)
    except ValueError:
        return False
    return not text.endswith("\\")


def pipeline_scripts(document: Any) -> Iterator[str]:
    """Yield the script of each job of a GitHub workflow or a GitLab pipeline."""
    if not isinstance(document, dict):
        return
    for job in document.get("jobs", {}).values():
        yield "\n".join(step["run"] for step in job["steps"] if "run" in step)
    before = document.get("default", {}).get("before_script", []) if "jobs" not in document else []
    for job in document.values():
        if isinstance(job, dict) and "script" in job:
            yield "\n".join([*before, *job["script"]])


def scripts(path: Path) -> list[str]:
    """Return all scripts of a document in order: its shell blocks, and the jobs of its pipelines."""
    found: list[str] = []
    for block in blocks(path, "shell", "yaml"):
        found += [block.text] if block.language == "shell" else pipeline_scripts(yaml.safe_load(block.text))
    return found
