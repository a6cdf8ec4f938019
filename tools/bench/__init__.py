# SPDX-License-Identifier: GPL-3.0-or-later
"""Benchmarks the modules against alternatives: one scenario per file, whose candidates run in turn.

The ratios count, not the seconds: all candidates of a scenario run on the same machine in the same run.
"""
