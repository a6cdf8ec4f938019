# SPDX-License-Identifier: GPL-3.0-or-later
"""Hypothesis tests each property on a few examples; in the pipeline they are the same in every run."""

from __future__ import annotations

import os

from hypothesis import settings

settings.register_profile("bounded", max_examples=40, deadline=None, derandomize="CI" in os.environ, database=None)
settings.load_profile("bounded")

# "make torture" tests the properties with many more examples than "make test".
settings.register_profile("torture-small", max_examples=120, deadline=None)
settings.register_profile("torture-full", max_examples=5000, deadline=None)
