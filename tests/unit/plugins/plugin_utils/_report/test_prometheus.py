# SPDX-License-Identifier: GPL-3.0-or-later
"""The metrics conform to the text format of Prometheus."""

from __future__ import annotations

import re

import pytest
from ansible_collections.metamapper.postgresql.plugins.module_utils._core.visible import visible
from ansible_collections.metamapper.postgresql.plugins.plugin_utils._report.prometheus import render_prometheus
from ansible_collections.metamapper.postgresql.plugins.plugin_utils._report.results import report_of

from tests.support.values.findings import ATTACK, CREATED, FAILED, HOSTILE, OVERRIDE, PASSED, database, report, result

# https://prometheus.io/docs/instrumenting/exposition_formats/#text-format-details
LABEL = r'[a-zA-Z_]\w*="(?:[^"\\\n]|\\["\\n])*"'
SAMPLE = re.compile(rf"([a-zA-Z_:][\w:]*)(?:\{{({LABEL}(?:,{LABEL})*)\}})? (-?\d+)", re.ASCII)
HELP = re.compile(r"# HELP ([a-zA-Z_:][\w:]*) \S.*", re.ASCII)
TYPE = re.compile(r"# TYPE ([a-zA-Z_:][\w:]*) gauge", re.ASCII)
PREFIX = "metamapper_postgresql_"


def parsed(text: str) -> dict[tuple[str, str], int]:
    """Return the samples by name and labels; fail unless HELP and TYPE precede them and each sample is unique."""
    samples: dict[tuple[str, str], int] = {}
    helped: list[str] = []
    for line in text.split("\n"):
        found, kind, sample = HELP.fullmatch(line), TYPE.fullmatch(line), SAMPLE.fullmatch(line)
        if found:
            assert found[1] not in helped
            helped.append(found[1])
        elif kind:
            assert kind[1] == helped[-1]
        else:
            assert sample is not None, line
            assert sample[1] == helped[-1]
            assert (sample[1], sample[2] or "") not in samples
            samples[sample[1], sample[2] or ""] = int(sample[3])
    return samples


def test_samples() -> None:
    samples = parsed(render_prometheus(report(a=FAILED, b=PASSED)))
    expected = {
        ("verification_passed", 'server="a"'): 0,
        ("verification_passed", 'server="b"'): 1,
        ("findings", 'server="a",aspect="missing",severity="failure"'): 1,
        ("findings", 'server="b",aspect="missing",severity="failure"'): 0,
        ("relations", 'server="a",database="warehouse",state="expected"'): 24,
        ("relations", 'server="a",database="warehouse",state="visible"'): 22,
        ("verified_timestamp_seconds", 'server="a"'): 1795416012,
    }
    assert {key: samples[PREFIX + key[0], key[1]] for key in expected} == expected


@pytest.mark.parametrize("name", [HOSTILE, ATTACK, OVERRIDE, 'back\\slash"\n'])
def test_names_are_escaped(name: str) -> None:
    samples = parsed(render_prometheus(report_of({name: result([database(name, [])])}, created=CREATED)))
    (label,) = {labels for metric, labels in samples if metric.endswith("passed")}
    assert re.sub(r"\\(.)", r"\1", label) == f'server="{visible(name)}"'


def test_no_server() -> None:
    assert len(parsed(render_prometheus(report_of({}, created=CREATED)))) == 0
