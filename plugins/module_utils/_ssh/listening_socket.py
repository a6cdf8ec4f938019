# Copyright (c) 2026, The metamapper.postgresql authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: it may change at any time and without notice.
"""Which process listens on a local port, according to the kernel."""

from __future__ import annotations

import os
from typing import Iterator

LISTEN = "0A"  # https://www.kernel.org/doc/html/latest/networking/proc_net_tcp.html
TABLES = ("/proc/net/tcp", "/proc/net/tcp6")
SOCKET = "socket:[{}]"


def is_knowable() -> bool:
    """Whether this system shows which process listens: Linux does, in /proc."""
    return os.path.exists(TABLES[0])


def listens(group: int, port: int) -> bool:
    """Whether only a process of a process group listens on a TCP port."""
    sockets = {SOCKET.format(inode) for inode in _listening_inodes(port)}
    return bool(sockets) and sockets <= set(_open_files(group))


def _listening_inodes(port: int) -> Iterator[str]:
    ending = f":{port:04X}"
    for table in TABLES:
        for fields in _lines(table):
            if len(fields) > 9 and fields[3] == LISTEN and fields[1].endswith(ending):
                yield fields[9]


def _lines(path: str) -> list[list[str]]:
    try:
        with open(path, encoding="ascii") as table:
            return [line.split() for line in table]
    except OSError:  # a kernel without IPv6 has no table for it
        return []


def _open_files(group: int) -> Iterator[str]:
    for process in filter(str.isdigit, os.listdir("/proc")):
        try:
            if os.getpgid(int(process)) == group:
                yield from _links(f"/proc/{process}/fd")
        except OSError:  # it has ended meanwhile, or belongs to another user
            continue


def _links(directory: str) -> list[str]:
    return [os.readlink(os.path.join(directory, name)) for name in os.listdir(directory)]
