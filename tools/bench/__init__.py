# SPDX-License-Identifier: GPL-3.0-or-later
"""Times the modules beside what else does the job: one scenario a file, candidates in turn, ratios to run again.

What counts are the ratios, not the seconds: all candidates of a scenario meet the same machine in the same run.
"""
