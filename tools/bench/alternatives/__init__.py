# SPDX-License-Identifier: GPL-3.0-or-later
"""Alternatives that do the same job as the module access, one per file."""

from __future__ import annotations

from tools.postgres.server import ROOT

PEERS = ROOT / ".cache" / "bench" / "peers" / "bin"
