# SPDX-License-Identifier: GPL-3.0-or-later
"""Properties are tried on few examples each, the same ones in every run of the pipeline."""

from __future__ import annotations

import os

from hypothesis import settings

settings.register_profile("bounded", max_examples=40, deadline=None, derandomize="CI" in os.environ, database=None)
settings.load_profile("bounded")

# "make torture" tries the properties with many more examples than "make test".
settings.register_profile("torture-small", max_examples=120, deadline=None)
settings.register_profile("torture-full", max_examples=5000, deadline=None)
