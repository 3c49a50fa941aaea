"""HTML of the qualification report: its style, and tables. No script, nothing from outside."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from html import escape

_STYLE = """
@page { size: A4 landscape; margin: 11mm 11mm 14mm;
  @bottom-left { content: "dosebench qualification - SIMULATED: no real pump was tested"; font: 7pt sans-serif; color: #555 }
  @bottom-right { content: "page " counter(page) " of " counter(pages); font: 7pt sans-serif; color: #555 } }
* { box-sizing: border-box }
body { font: 13px/1.42 "Helvetica Neue", Arial, "Liberation Sans", sans-serif; color: #1d2329; background: #fff;
  max-width: 1240px; margin: 0 auto; padding: 20px 20px 60px }
h1 { font-size: 23px; margin: 16px 0 2px; font-weight: 600 }
h2 { font-size: 17px; margin: 34px 0 6px; padding-top: 6px; border-top: 2px solid #1f4e79; color: #1f4e79; break-after: avoid }
h3 { font-size: 14px; margin: 16px 0 4px; break-after: avoid }
p { margin: 4px 0 8px; max-width: 125ch } .under { color: #59636e; margin: 0 0 12px }
a { color: inherit } code { font: 11px/1.35 "DejaVu Sans Mono", Consolas, monospace; overflow-wrap: anywhere }
code b { font-weight: 400; white-space: nowrap }
.banner { background: #b5541c; color: #fff; padding: 7px 12px; font-weight: 700; max-width: none; letter-spacing: .02em }
.result { border: 2px solid #2e7d32; border-left-width: 12px; padding: 8px 12px; font-size: 15px; max-width: none }
.selection { background: #fff; color: #8a3407; border: 3px double #8a3407; padding: 7px 12px; font-weight: 700; max-width: none }
.other { color: #8a3407; font-weight: 700 }
.result.bad { border-color: #b5541c }
nav { columns: 3; font-size: 12px; margin: 8px 0; padding: 8px 12px; background: #f5f7f9 } nav a { display: block }
table { border-collapse: collapse; width: 100%; margin: 6px 0 12px; font-size: 12px; font-variant-numeric: tabular-nums }
table.narrow { width: auto } th, td { border: 1px solid #c5ccd3; padding: 3px 6px; text-align: left; vertical-align: top;
  overflow-wrap: break-word }
th { background: #eef1f4; font-weight: 600 } thead { display: table-header-group } tr { break-inside: avoid }
td.no { background: #fbe3d9; font-weight: 700; color: #8a3407 } .number, td.number { text-align: right; white-space: nowrap }
.matrix { table-layout: fixed; font-size: 11px } .matrix col.fault { width: 19% } .matrix tbody { break-inside: avoid }
.matrix thead th { font-size: 10.5px; vertical-align: bottom } .matrix th.group { background: #f5f7f9; font-weight: 400 }
.matrix td, .matrix tbody th { padding: 2px 4px; overflow-wrap: normal } .matrix tbody th { background: #fff }
.matrix td div + div { border-top: 1px dotted #888; margin-top: 2px; padding-top: 2px }
.matrix small { display: block; font-size: 9.5px; color: #444 } .matrix a { text-decoration: none; display: block }
.matrix i { float: right; font-style: normal; font-size: 8.5px; color: #7a848e }
.told { background: #dcefdd } .right { background: #fff; color: #59636e }
.blind { background: repeating-linear-gradient(45deg, #e6e9ec 0 3px, #fff 3px 8px) }
.unasked { background: #eceff1; color: #59636e }
.wrong { background: #f7c9b4; box-shadow: inset 0 0 0 2px #8a3407; font-weight: 700 }
.wrong small { color: #8a3407; font-weight: 700 }
.pair { display: grid; grid-template-columns: minmax(0, 5fr) minmax(0, 6fr); gap: 16px; align-items: start; break-inside: avoid;
  border-top: 1px solid #c5ccd3; padding: 8px 0 }
.pair svg, img { width: 100%; height: auto } .pair table { font-size: 11px } .pair p { margin: 2px 0 6px }
.list { font-size: 11px } .list td:nth-child(2) { width: 24%; overflow-wrap: anywhere } .list td:nth-child(10) { width: 20% }
:target { outline: 3px solid #e0a800 }
@media print { body { font-size: 8pt; max-width: none; padding: 0 } p, .result { font-size: 8.5pt } table { font-size: 7pt }
  .matrix { font-size: 6.2pt } .matrix thead th { font-size: 6pt } .matrix small { font-size: 5.6pt } .matrix i { font-size: 5pt }
  .pair table { font-size: 6.5pt } code { font-size: 6.2pt } h1 { font-size: 15pt } h2 { font-size: 11.5pt; margin-top: 14pt }
  h3 { font-size: 9.5pt } nav, nav a { font-size: 7.5pt } a { text-decoration: none } * { print-color-adjust: exact } }
"""
_FOOT = "dosebench qualification"
_OPTION = re.compile(r"--[\w-]+")
_POLICY = "default-src 'none'; style-src 'unsafe-inline'; img-src data:"


def page(title: str, parts: Iterable[str], part: str = "") -> str:
    """``part`` stands at the foot of every printed page, where this is not the whole: plain words."""
    style = _STYLE.replace(_FOOT, f"{_FOOT}, {part}") if part else _STYLE
    return (
        f'<!doctype html>\n<html lang="en"><head><meta charset="utf-8"><title>{escape(title)}</title>'
        f'<meta http-equiv="Content-Security-Policy" content="{_POLICY}">'
        f"<style>{style}</style></head><body>\n{_joined(parts)}\n</body></html>\n"
    )


def _joined(parts: Iterable[str]) -> str:
    return "\n".join(part for part in parts if part)


def heading(name: str, title: str) -> str:
    return f'<h2 id="{name}">{escape(title)}</h2>'


def paragraph(text: str, css: str = "") -> str:
    return f"<p{_class(css)}>{escape(text)}</p>"


def td(html: str, css: str = "", title: str = "") -> str:
    told = f' title="{escape(title)}"' if title else ""
    return f"<td{_class(css)}{told}>{html}</td>"


def cells(*texts: str) -> str:
    """Cells of plain text."""
    return "".join(td(escape(text)) for text in texts)


def numbers(*texts: str) -> str:
    return "".join(td(escape(text), "number") for text in texts)


def answer(*, ok: bool) -> str:
    """Readable without its colour."""
    return td("yes") if ok else td("NO", "no")


def code(text: str) -> str:
    return td(code_line(text))


def code_line(text: str) -> str:
    """Options of a command are not broken over two lines."""
    whole = _OPTION.sub(r"<b>\g<0></b>", escape(text))
    return f"<code>{whole}</code>"


def table(headings: Sequence[str], rows: Iterable[str], css: str = "") -> str:
    """Each row is its cells, as HTML."""
    head = "".join(f"<th>{escape(text)}</th>" for text in headings)
    body = "".join(f"<tr>{row}</tr>" for row in rows)
    return f"<table{_class(css)}><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"


def _class(css: str) -> str:
    return f' class="{css}"' if css else ""
