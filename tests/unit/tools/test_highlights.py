# SPDX-License-Identifier: GPL-3.0-or-later
"""Which lines of ansible-playbook's output the demo shows."""

from __future__ import annotations

import pytest

from tools.demo.highlights import highlights

DIFF = """\
TASK [metamapper.postgresql.grant : access | Let Metamapper read] ***
--- before
+++ after
@@ -1,2 +1,2 @@
-role "we\\"ird.näme'; --": absent
+role "we\\"ird.näme'; --": login: no

changed: [127.0.0.1]
- no difference any more
"""
MESSAGE = """\
ok: [127.0.0.1] => {
    "msg": [
        "Metamapper sees all",
        "",
        "  1 database",
        "  ok           missing",
        "  failure      breaks_scan  1 finding",
        "    GRANT USAGE ON SCHEMA \\"we\\"\\"ird.näme'; --\\" TO \\"r\\";",
        "}"
    ]
}
ok: [127.0.0.1]
"""
REPORT = """\
TASK [metamapper.postgresql.verify : report | Show what was found and write the reports] ***
Metamapper sees all

  1 database
  ok           missing
  failure      breaks_scan  1 finding
    GRANT USAGE ON SCHEMA "we""ird.näme'; --" TO "r";
}
ok: [127.0.0.1]
no line of the report
"""
FAILURE = 'fatal: [127.0.0.1]: FAILED! => {"changed": false, "msg": "2 findings:\\n1. missing\\n2. breaks_scan"}\n'
RECAP = "127.0.0.1                  : ok=4    changed=1    unreachable=0    failed=0   \n"
SAID = [
    ("message", "Metamapper sees all"),
    ("message", "  1 database"),
    ("message", "  failure      breaks_scan  1 finding"),
    ("message", '    GRANT USAGE ON SCHEMA "we""ird.näme\'; --" TO "r";'),
    ("message", "}"),
]


@pytest.mark.parametrize(
    ("output", "expected"),
    [
        pytest.param("", [], id="nothing"),
        pytest.param(
            "PLAY [Give access] ***\n\nTASK [x] ***\nok: [h]\nskipping: [h]\nok: [h -> localhost] => (item=txt)\n",
            [],
            id="banners and statuses",
        ),
        pytest.param(
            DIFF,
            [
                ("difference", '-role "we\\"ird.näme\'; --": absent'),
                ("difference", '+role "we\\"ird.näme\'; --": login: no'),
            ],
            id="a difference ends with it",
        ),
        pytest.param(MESSAGE, SAID, id="a message, without what was not found"),
        pytest.param(REPORT, SAID, id="the report, as it is"),
        pytest.param('ok: [h] => {"msg": "one\\ntwo"}\n', [("message", "one"), ("message", "two")], id="one line"),
        pytest.param("changed: [h] => {\n}\n", [], id="a result that says nothing"),
        pytest.param(FAILURE, [("failure", "FAILED: 2 findings:")], id="a failure: its first line"),
        pytest.param(RECAP, [("recap", "127.0.0.1 : ok=4 changed=1 unreachable=0 failed=0")], id="the recap"),
    ],
)
def test_highlights(output: str, expected: list[tuple[str, str]]) -> None:
    assert list(highlights(output.splitlines(keepends=True))) == expected
