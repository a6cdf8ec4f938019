# SPDX-License-Identifier: GPL-3.0-or-later
"""A stand-in for a module, which holds a command or a connection path open until it is asked to end.

``python -m tests.support.modules.hold KIND JSON`` starts it.

KIND "command" runs the command in JSON; "path" opens the path through the bastion in JSON. A line on standard output
reports that it is open. A line on standard input says how to end: "return", "raise" or "exit".
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from typing import Any, ContextManager, Mapping

from ansible_collections.metamapper.postgresql.plugins.module_utils._ssh.bastion import (
    bastion_from_options,
    opened_route,
)
from ansible_collections.metamapper.postgresql.plugins.module_utils._ssh.child_process import supervised


def held(kind: str, options: Mapping[str, Any]) -> ContextManager[Any]:
    """Return the context manager of what is to be held open."""
    if kind == "command":
        return supervised(options["command"], os.environ)
    return opened_route(bastion_from_options(options["bastion"]), options["host"], options["port"])


def _sibling() -> int:
    """Start another child that inherits all file descriptors it can, and return its process ID."""
    null = subprocess.DEVNULL
    return subprocess.Popen(["sleep", "100"], close_fds=False, stdin=null, stdout=null).pid


def main() -> None:
    """Hold it open until a line on standard input says how to end."""
    kind, options = sys.argv[1], json.loads(sys.argv[2])
    with held(kind, options) as what:
        sibling = _sibling() if options.get("sibling") else 0
        local = dict(what.parameters()) if kind == "path" else {}
        print(json.dumps({"sibling": sibling, **local}), flush=True)
        end = sys.stdin.readline().strip()
        if end == "raise":
            raise RuntimeError(end)
        if end == "exit":
            os._exit(3)


if __name__ == "__main__":
    main()
