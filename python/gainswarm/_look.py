"""How results look: tables for notebooks, and the style of plots."""

from __future__ import annotations

import html
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, Optional

import numpy as np

#: Colours that people with any colour vision tell apart (Okabe and Ito 2008, https://jfly.uni-koeln.de/color).
COLOURS = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9")
GREY = "#808080"
#: What is good, what is wrong, what is doubtful.
GOOD, WRONG, DOUBTFUL = "#00795a", "#c4321c", "#b07800"

#: Of a notebook in light or dark: colours come from the page.
_CSS = """
.gainswarm{font-size:13px;line-height:1.45;max-width:76em}
.gainswarm .head{display:flex;flex-wrap:wrap;gap:.35em .8em;align-items:baseline;margin:.2em 0 .5em}
.gainswarm .head b{font-size:1.1em}
.gainswarm .is{border-radius:.8em;padding:.05em .65em;color:#fff;font-size:.92em}
.gainswarm .quiet{opacity:.72}
.gainswarm .side{display:flex;flex-wrap:wrap;gap:.4em 2.5em;align-items:flex-start}
.gainswarm table{border-collapse:collapse;margin:0 0 .6em;border:0}
.gainswarm th,.gainswarm td{text-align:left;padding:.16em 1.1em .16em 0;border:0;background:none;vertical-align:middle;white-space:nowrap}
.gainswarm th{font-weight:600;opacity:.72;border-bottom:1px solid rgba(128,128,128,.45)}
.gainswarm td{border-bottom:1px solid rgba(128,128,128,.18)}
.gainswarm .n{text-align:right;font-variant-numeric:tabular-nums}
.gainswarm .bar{display:inline-block;position:relative;width:5em;height:3px;border-radius:2px;background:rgba(128,128,128,.35);vertical-align:middle}
.gainswarm .bar i{position:absolute;top:-3px;width:9px;height:9px;margin-left:-4.5px;border-radius:50%;background:#0072b2}
.gainswarm .bar i.span{height:5px;top:-1px;margin:0;border-radius:2px}
.gainswarm .note{border-left:3px solid;padding:.1em .7em;margin:.3em 0;white-space:pre-line}
"""


class Html(str):
    """A text that is HTML already."""


def escaped(text: object) -> str:
    """A text as HTML."""
    return text if isinstance(text, Html) else html.escape(str(text))


def number(value: Optional[float], digits: int = 5) -> str:
    """A number as a person reads it."""
    if value is None or np.isnan(value):
        return "–"
    if np.isinf(value):
        return "∞" if value > 0 else "−∞"
    return f"{value:.{digits}g}".replace("-", "−")


def card(title: str, about: str, badges: Iterable[Html], *parts: Html) -> str:
    """A result: its name, what it is of, what is most important, and its parts."""
    head = f"<b>{escaped(title)}</b><span class='quiet'>{escaped(about)}</span>{''.join(badges)}"
    return f"<div class='gainswarm'><style>{_CSS}</style><div class='head'>{head}</div>{''.join(parts)}</div>"


def badge(text: str, colour: str) -> Html:
    """A word on a colour."""
    return Html(f"<span class='is' style='background:{colour}'>{escaped(text)}</span>")


def verdict(word: str) -> Html:
    """The verdict of a certificate."""
    return badge(word if word == "stable" else word.upper(), {"stable": GOOD, "unstable": WRONG}.get(word, GREY))


def table(head: Sequence[str], rows: Iterable[Sequence[object]], right: Iterable[int] = ()) -> Html:
    """A table; columns of numbers stand at the right."""
    numbers = set(right)

    def cells(tag: str, row: Sequence[object]) -> str:
        shown = (f"<{tag}{' class=n' if place in numbers else ''}>{escaped(cell)}</{tag}>" for place, cell in enumerate(row))
        return f"<tr>{''.join(shown)}</tr>"

    top = f"<thead>{cells('th', head)}</thead>" if any(head) else ""
    return Html(f"<table>{top}<tbody>{''.join(cells('td', row) for row in rows)}</tbody></table>")


def side(*parts: Html) -> Html:
    """Parts beside each other where there is room."""
    return Html(f"<div class='side'>{''.join(f'<div>{part}</div>' for part in parts)}</div>")


def notes(texts: Iterable[str], colour: str) -> Html:
    """What the reader should know."""
    return Html("".join(f"<div class='note' style='border-color:{colour}'>{escaped(text)}</div>" for text in texts))


def place(share: float) -> Html:
    """Where a value is between its bounds."""
    return Html(f"<span class='bar'><i style='left:{100 * min(max(share, 0.0), 1.0):.1f}%'></i></span>")


def span(low: float, high: float) -> Html:
    """From where to where, as shares of a range."""
    low, high = (min(max(share, 0.0), 1.0) for share in (low, high))
    return Html(f"<span class='bar'><i class='span' style='left:{100 * low:.1f}%;width:{max(100 * (high - low), 1.5):.1f}%'></i></span>")


@contextmanager
def style() -> Iterator[Any]:
    """Matplotlib's pyplot, with the style of our plots."""
    try:
        import matplotlib.pyplot as plt
        from cycler import cycler
    except ImportError:
        raise ImportError("plot() needs Matplotlib\n  pip install matplotlib") from None
    ours: Any = {
        "axes.spines.top": False,
        "axes.spines.right": False,
        "axes.edgecolor": GREY,
        "axes.grid": True,
        "axes.axisbelow": True,
        "axes.xmargin": 0.015,
        "axes.titlelocation": "left",
        "axes.titlesize": 10.5,
        "axes.labelsize": 9.5,
        "axes.prop_cycle": cycler(color=COLOURS),
        "grid.color": GREY,
        "grid.alpha": 0.22,
        "grid.linewidth": 0.6,
        "font.size": 9.5,
        "legend.frameon": False,
        "legend.fontsize": 9,
        "lines.linewidth": 1.6,
        "xtick.color": GREY,
        "ytick.color": GREY,
        "xtick.labelcolor": "black",
        "ytick.labelcolor": "black",
    }
    with plt.rc_context(ours):
        yield plt


def with_unit(name: str, unit: str) -> str:
    """A name with its unit, where it has one."""
    return name if unit in ("1", "") else f"{name} in {unit}"
