# Copyright (c) 2026, The metamapper.postgresql authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: it may change at any time and without notice.
"""How the page looks: two palettes, by light and dark, and one style sheet. Nothing is loaded from anywhere."""

from __future__ import annotations

import base64
import hashlib
from types import MappingProxyType
from typing import Mapping

# Each status has a text colour, the colour of the ground below it, and that of lines and bars.
LIGHT: Mapping[str, str] = MappingProxyType(
    {
        "page": "#f3f5f8",
        "surface": "#ffffff",
        "raised": "#f8fafc",
        "text": "#17202a",
        "muted": "#52606d",
        "line": "#d5dce4",
        "link": "#0b5cad",
        "code": "#eef2f6",
        "failure-text": "#8f1218",
        "failure-ground": "#fdeaea",
        "failure-line": "#cf3a40",
        "warning-text": "#6a4700",
        "warning-ground": "#fff4d6",
        "warning-line": "#b7860b",
        "unknown-text": "#46525e",
        "unknown-ground": "#e9edf1",
        "unknown-line": "#7d8995",
        "ok-text": "#0c5132",
        "ok-ground": "#e4f5eb",
        "ok-line": "#2a8f5a",
    }
)
DARK: Mapping[str, str] = MappingProxyType(
    {
        "page": "#0e131a",
        "surface": "#161d26",
        "raised": "#1b2430",
        "text": "#e7edf4",
        "muted": "#a3b1c0",
        "line": "#2f3b49",
        "link": "#7fbcff",
        "code": "#0f161e",
        "failure-text": "#ffb3ae",
        "failure-ground": "#431a1d",
        "failure-line": "#e5565b",
        "warning-text": "#f6d37a",
        "warning-ground": "#382b0d",
        "warning-line": "#c99a24",
        "unknown-text": "#b9c5d1",
        "unknown-ground": "#26303b",
        "unknown-line": "#7d8b99",
        "ok-text": "#8fe3b4",
        "ok-ground": "#12321f",
        "ok-line": "#37a468",
    }
)
# Bars are drawn in steps: a style attribute for each would need a policy that lets any style in.
BAR_STEP_PERCENT = 5

_SHEET = """\
*{box-sizing:border-box}
html{font:16px/1.5 system-ui,-apple-system,"Segoe UI",Roboto,"Noto Sans","DejaVu Sans",sans-serif;
-webkit-text-size-adjust:100%}
body{margin:0;background:var(--page);color:var(--text)}
body>*{max-width:76rem;margin-inline:auto;padding-inline:1.25rem}
a{color:var(--link)}
h1,h2,h3,p,ul,ol,dl,dd,pre,table{margin:0;padding:0}
h1{font-size:clamp(1.45rem,1rem + 2vw,2.1rem);line-height:1.2;letter-spacing:-.015em;text-wrap:balance}
h2{font-size:1.2rem;line-height:1.3;overflow-wrap:anywhere}
h3{font-size:.95rem;margin:1.75rem 0 .6rem}
ul,ol{list-style:none}
code,pre{font-family:ui-monospace,SFMono-Regular,Menlo,Consolas,"DejaVu Sans Mono",monospace;font-size:.86em}
code{overflow-wrap:anywhere;white-space:pre-wrap;unicode-bidi:isolate}
:focus-visible{outline:3px solid var(--link);outline-offset:2px;border-radius:4px}
.skip{position:absolute;left:-999rem}
.skip:focus{left:1rem;top:1rem;background:var(--surface);padding:.5rem 1rem}
.hidden{position:absolute;width:1px;height:1px;overflow:hidden;clip-path:inset(50%);white-space:nowrap}
.muted{color:var(--muted)}
.failure{--on:var(--failure-text);--ground:var(--failure-ground);--edge:var(--failure-line)}
.warning{--on:var(--warning-text);--ground:var(--warning-ground);--edge:var(--warning-line)}
.unknown{--on:var(--unknown-text);--ground:var(--unknown-ground);--edge:var(--unknown-line)}
.ok{--on:var(--ok-text);--ground:var(--ok-ground);--edge:var(--ok-line)}
.badge{display:inline-flex;gap:.4em;align-items:center;padding:.1em .6em;border-radius:1em;background:var(--ground);
color:var(--on);font-size:.82rem;font-weight:650;white-space:nowrap;border:1px solid var(--edge)}
.sign{font-weight:800}
header{padding-top:2.25rem;padding-bottom:1.5rem}
.eyebrow{color:var(--muted);font-size:.82rem;font-weight:600;letter-spacing:.06em;text-transform:uppercase}
.verdict{display:flex;gap:.85rem;align-items:center;margin:.5rem 0 .35rem}
.verdict .sign{flex:none;display:grid;place-items:center;width:2.4rem;height:2.4rem;border-radius:50%;
background:var(--ground);color:var(--on);border:2px solid var(--edge);font-size:1.15rem}
.figures{display:grid;grid-template-columns:repeat(auto-fit,minmax(9.5rem,1fr));gap:.75rem;margin-top:1.25rem}
.figures li{background:var(--surface);border:1px solid var(--line);border-radius:.75rem;padding:.7rem 1rem}
.figures b{display:block;font-size:1.45rem;line-height:1.2;font-variant-numeric:tabular-nums}
.card{background:var(--surface);border:1px solid var(--line);border-radius:.9rem;padding:1.1rem 1.25rem;
margin-bottom:1.1rem}
main>section>h2{margin:.5rem 0 .75rem}
details.card{padding:0;border-top:4px solid var(--edge)}
details.card>summary{padding:.95rem 1.25rem}
details.card>div{padding:0 1.25rem 1.25rem}
summary{cursor:pointer;border-radius:.6rem}
summary>*{display:inline}
summary .badge{display:inline-flex;margin-left:.5rem;vertical-align:.1em}
summary .muted{display:block;font-size:.9rem}
.facts{display:flex;flex-wrap:wrap;gap:.35rem 1.75rem;font-size:.9rem}
.facts div{min-width:0}
.facts dt{display:inline;color:var(--muted)}
.facts dt::after{content:": "}
.facts dd{display:inline;overflow-wrap:anywhere;font-weight:550}
.scroll{overflow-x:auto;position:relative}
table{border-collapse:separate;border-spacing:3px;width:100%;font-size:.9rem}
th{font-weight:600;text-align:left;vertical-align:top}
thead th{color:var(--muted);font-size:.8rem;padding:.25rem .5rem;vertical-align:bottom}
.overview td{text-align:center;background:var(--ground);color:var(--on);border-radius:.4rem;padding:.45rem .5rem;
white-space:nowrap;font-variant-numeric:tabular-nums;border-bottom:3px solid var(--edge)}
.overview thead th+th{text-align:center}
.overview tbody th{padding:.45rem .5rem;overflow-wrap:anywhere;min-width:11rem}
.matrix{border-spacing:0}
.matrix th,.matrix td{padding:.6rem .6rem;border-top:1px solid var(--line);vertical-align:top}
.matrix thead th{border-top:0}
.matrix tbody th{width:18%;overflow-wrap:anywhere}
.matrix tbody th .badge{margin-top:.25rem}
.matrix .number{width:11%;white-space:nowrap;font-variant-numeric:tabular-nums}
.tiles{display:flex;flex-wrap:wrap;gap:.4rem}
.tile{position:relative;display:flex;flex-wrap:wrap;gap:0 .5em;align-items:baseline;padding:.2rem .55rem .4rem;
border-radius:.4rem;background:var(--ground);color:var(--on);overflow:hidden;min-width:7rem;max-width:100%;
font-size:.84rem}
.tile code{font-weight:600;font-size:.95em}
.tile .count{margin-left:auto;font-variant-numeric:tabular-nums}
.tile .note{flex-basis:100%;font-size:.9em}
.bar{position:absolute;left:0;bottom:0;height:4px;background:var(--edge)}
.track{display:block;position:relative;height:6px;border-radius:3px;background:var(--line);margin-top:.3rem;
overflow:hidden;max-width:7rem}
.track .bar{height:100%}
.fold{margin-top:.6rem}
.fold>summary{color:var(--link);font-size:.9rem;padding:.2rem 0;width:fit-content}
.aspect{border:1px solid var(--edge);border-radius:.7rem;margin-top:.7rem;overflow:hidden}
.aspect>summary{padding:.6rem .9rem;background:var(--ground);color:var(--on);border-radius:0}
.aspect>summary b{margin-right:.35em}
.aspect>summary .question{font-size:.9rem}
.aspect>div{padding:0 .9rem .9rem}
.findings>li{padding:.85rem 0 0}
.findings>li+li{border-top:1px solid var(--line);margin-top:.85rem}
.places{display:flex;flex-wrap:wrap;gap:.25rem .5rem;margin-bottom:.25rem}
.places li{background:var(--raised);border:1px solid var(--line);border-radius:.35rem;padding:0 .45rem;max-width:100%}
.places code{font-weight:600}
.reason{overflow-wrap:anywhere;white-space:pre-line}
.remedy{margin-top:.45rem;border-left:3px solid var(--link);background:var(--code);border-radius:0 .4rem .4rem 0;
padding:.45rem .75rem}
.remedy pre{white-space:pre-wrap;overflow-wrap:anywhere;-webkit-user-select:all;user-select:all;cursor:copy}
.remedy .label{display:block;color:var(--muted);font-size:.75rem;font-weight:600}
.message{border:1px solid var(--failure-line);background:var(--failure-ground);color:var(--failure-text);
border-radius:.6rem;padding:.7rem .9rem;margin-top:.9rem;overflow-wrap:anywhere;white-space:pre-wrap}
footer{padding-top:.5rem;padding-bottom:3rem;font-size:.9rem}
footer dl{display:grid;grid-template-columns:max-content 1fr;gap:.3rem 1rem;margin-top:.6rem}
footer dt{font-weight:650}
@media (max-width:42rem){
body>*{padding-inline:.8rem}
thead{position:absolute;width:1px;height:1px;overflow:hidden;clip-path:inset(50%)}
.overview,.overview tbody{display:block}
.overview tr{display:grid;grid-template-columns:repeat(auto-fill,minmax(8.5rem,1fr));gap:4px;margin-bottom:1rem}
.overview tbody th{grid-column:1/-1;padding:.2rem 0}
.overview td{display:flex;gap:.4em;align-items:baseline}
.overview td::before{content:attr(data-label);order:1}
.matrix,.matrix tbody,.matrix tr,.matrix tbody th,.matrix td{display:block;width:auto}
.matrix tr{border-top:1px solid var(--line);padding:.6rem 0}
.matrix tbody th,.matrix td,.matrix .number{border:0;padding:.15rem 0;width:auto}
.matrix .number::before{content:attr(data-label) " ";color:var(--muted)}
.matrix .number{display:flex;flex-wrap:wrap;gap:0 .5rem;align-items:center}
.matrix .track{flex:1;margin:0}
.tile{flex:1 1 auto}
footer dl{grid-template-columns:1fr}
footer dd{margin-bottom:.4rem}
details.card>summary,details.card>div{padding-inline:.85rem}
.card{padding:.85rem}
}
@media print{
body{background:#fff}
.card,.aspect{break-inside:avoid-page}
}
"""


def _variables(palette: Mapping[str, str]) -> str:
    return "".join(f"--{name}:{colour};" for name, colour in palette.items())


def style_sheet() -> str:
    """Return the style sheet, with the palettes and one class for each length of a bar."""
    steps = range(0, 101, BAR_STEP_PERCENT)
    bars = "".join(f".p{step}{{width:{step}%}}" for step in steps)
    light = f":root{{color-scheme:light dark;{_variables(LIGHT)}}}\n"
    dark = f"@media (prefers-color-scheme:dark){{:root{{{_variables(DARK)}}}}}\n"
    return f"{light}{dark}{_SHEET}{bars}\n"


def bar_class(percent: int) -> str:
    """Return the class that draws a share, rounded down: a full bar means all."""
    return f"p{percent - percent % BAR_STEP_PERCENT}"


def security_policy(sheet: str) -> str:
    """Return the content security policy of the page: this style sheet, and nothing else at all.

    https://developer.mozilla.org/docs/Web/HTTP/Reference/Headers/Content-Security-Policy
    """
    digest = base64.b64encode(hashlib.sha256(sheet.encode()).digest()).decode()
    return f"default-src 'none'; style-src 'sha256-{digest}'; base-uri 'none'; form-action 'none'"
