# SPDX-License-Identifier: GPL-3.0-or-later
"""Builds the documentation as a static site, with warnings as errors; its pages load nothing from other sites.

Run it with "make docs". The guides come from docs/ and the READMEs, the reference from antsibull-docs.
"""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from pathlib import Path

from tools.docs.pages import stage

HERE = Path(__file__).resolve().parent
CACHE = HERE.parents[1] / ".cache" / "docs"
COLLECTION = "metamapper.postgresql"
# The filters are internal to the roles, and the site has its own index.
LEFT_OUT = ("*_filter.rst", "index.rst", "environment_variables.rst")
# The theme adds its own table of contents to each page.
CONTENTS = re.compile(r"^\.\. contents::\n(?: +.*\n)*", re.MULTILINE)
# Labels of Ansible's own documentation, which is not available to the build, with links to their pages instead.
ANSIBLE = "https://docs.ansible.com/ansible/latest"
LINKS = {
    ":ref:`here <common_return_values>`": f"`here <{ANSIBLE}/reference_appendices/common_return_values.html>`__",
    ":ref:`action plugin <action_plugins>`": f"`action plugin <{ANSIBLE}/plugins/action.html>`__",
}


def program(name: str) -> str:
    """Return the path of a program in this virtual environment."""
    return str(Path(sys.executable).parent / name)


def reference(directory: Path) -> None:
    """Write the reference of modules and roles."""
    directory.mkdir()
    options = ["--use-current", "--squash-hierarchy", "--fail-on-error", "--no-add-antsibull-docs-version"]
    command = [program("antsibull-docs"), "collection", *options, "--dest-dir", str(directory), COLLECTION]
    subprocess.run(command, check=True)
    for page in [page for pattern in LEFT_OUT for page in directory.glob(pattern)]:
        page.unlink()
    for page in directory.glob("*.rst"):
        text = CONTENTS.sub("", page.read_text(encoding="utf-8"))
        for label, link in LINKS.items():
            text = text.replace(label, link)
        page.write_text(text, encoding="utf-8")


def source(directory: Path) -> None:
    """Write all files that Sphinx reads."""
    stage(directory)
    reference(directory / "reference")
    with (directory / "index.md").open("a", encoding="utf-8") as index:
        index.write((HERE / "navigation.md").read_text(encoding="utf-8"))
    shutil.copy(HERE / "conf.py", directory)
    shutil.copytree(HERE / "static", directory / "_static")


def build() -> Path:
    """Build the site and return its directory."""
    shutil.rmtree(CACHE, ignore_errors=True)
    (CACHE / "source").mkdir(parents=True)
    source(CACHE / "source")
    options = ["--builder", "html", "--fail-on-warning", "--keep-going", "--nitpicky", "--quiet"]
    command = [program("sphinx-build"), *options, str(CACHE / "source"), str(CACHE / "site")]
    subprocess.run(command, check=True)
    return CACHE / "site"


if __name__ == "__main__":
    print(f"Open {build() / 'index.html'}")
