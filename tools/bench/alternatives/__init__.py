# SPDX-License-Identifier: GPL-3.0-or-later
"""What else does the job, one file each: measured by hand, beside module access."""

from __future__ import annotations

from tools.postgres.server import ROOT

PEERS = ROOT / ".cache" / "bench" / "peers" / "bin"
