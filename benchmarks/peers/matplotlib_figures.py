"""Draws what ``benchmarks.curves`` wants drawn, in an environment of its own; the same job gives the same bytes."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import matplotlib  # type: ignore[import-not-found]  # only in its own environment

matplotlib.use("svg")
from matplotlib import pyplot  # type: ignore[import-not-found]  # noqa: E402 - the backend first
from matplotlib.ticker import FuncFormatter, LogLocator, NullFormatter, NullLocator  # type: ignore[import-not-found]  # noqa: E402

_STYLE = {
    "font.family": "DejaVu Sans", "font.size": 10, "axes.titlesize": 11, "figure.titlesize": 13,
    "axes.spines.top": False, "axes.spines.right": False, "axes.grid": True, "grid.color": "#e3e3e3",
    "axes.axisbelow": True, "svg.fonttype": "path", "svg.hashsalt": "padan",
}  # fmt: skip
# Colours that colour-blind people can tell apart (Okabe and Ito), each with a mark of its own.
_COLOURS = ("#0072B2", "#E69F00", "#009E73", "#CC79A7", "#56B4E9", "#D55E00", "#8C6D1F", "#5A5A5A")
_MARKS = "os^Dv<>P"
_BOLD = {"together": ("#000000", "-", 2.4), "of SQL": ("#000000", ":", 1.6)}
_TARGET, _OURS, _THEIRS = "#B00020", "#0072B2", "#9A9A9A"


def main() -> None:
    """Read the job from standard input; its figures go into its directory."""
    job: dict[str, Any] = json.load(sys.stdin)
    with pyplot.rc_context(_STYLE):
        for figure in job["figures"]:
            _draw(figure, Path(job["directory"]) / figure["file"])
    print(json.dumps({"drawn": len(job["figures"])}))


def _draw(figure: dict[str, Any], path: Path) -> None:
    panels = figure["panels"]
    bars = "bars" in panels[0]
    rows, columns = (len(panels), 1) if bars else (-(-len(panels) // 2), min(2, len(panels)))
    high = sum(0.32 * len(panel["bars"]) + 0.9 for panel in panels) if bars else 4.2 * rows
    wide = 6.4 if columns == 1 and not bars else 9.6
    drawn, axes = pyplot.subplots(rows, columns, figsize=(wide, high + 0.9), layout="constrained", squeeze=False)
    drawn.suptitle(figure["title"], fontweight="bold")
    for axis, panel in zip(axes.flat, panels, strict=False):
        (_bars if bars else _lines)(axis, panel)
    for axis in axes.flat[len(panels) :]:
        axis.set_visible(False)
    if not bars:
        _legend(drawn, axes.flat, panels)
    drawn.savefig(path, metadata={"Date": None})
    pyplot.close(drawn)


def _legend(drawn: Any, axes: Any, panels: list[dict[str, Any]]) -> None:
    """One below the figure where all panels show the same, else one below each panel."""
    named = [[line["label"] for line in panel["lines"]] for panel in panels]
    if all(names == named[0] for names in named):
        columns = 5 if len(panels) > 1 else 3
        drawn.legend(*axes[0].get_legend_handles_labels(), loc="outside lower center", ncols=columns, frameon=False)
        return
    for axis, _ in zip(axes, panels, strict=False):
        axis.legend(loc="upper center", bbox_to_anchor=(0.5, -0.14), ncols=2, frameon=False)


def _lines(axis: Any, panel: dict[str, Any]) -> None:
    axis.set(title=panel["title"], xlabel=panel["xlabel"], ylabel=panel["ylabel"], xscale="log", yscale="log")
    for place, line in enumerate(panel["lines"]):
        usual = (_COLOURS[place % len(_COLOURS)], "-", 1.5)
        colour, dashes, width = _BOLD.get(line["label"], usual)
        mark = "." if line["label"] in _BOLD else _MARKS[place % len(_MARKS)]
        axis.plot(line["x"], line["y"], dashes, color=colour, lw=width, marker=mark, ms=5, label=line["label"])
    places = sorted({x for line in panel["lines"] for x in line["x"]})
    axis.set_xticks(places, [_short(place) for place in places])
    axis.xaxis.set_minor_locator(NullLocator())
    axis.margins(x=0.08)
    axis.yaxis.set_major_locator(LogLocator(subs=(1, 2, 5), numticks=30))
    axis.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
    axis.yaxis.set_minor_formatter(NullFormatter())
    for level in panel["levels"]:
        axis.axhline(level["y"], color=_TARGET, lw=1.2, ls="--", label=level["label"])


def _bars(axis: Any, panel: dict[str, Any]) -> None:
    bars = panel["bars"]
    values = [bar["value"] or 0 for bar in bars]
    axis.barh(range(len(bars)), values, color=[_OURS if bar["ours"] else _THEIRS for bar in bars], height=0.7)
    for place, bar in enumerate(bars):
        told = "stopped" if bar["value"] is None else f"{bar['value']:,.1f} s"
        axis.annotate(told, (bar["value"] or 0, place), xytext=(4, 0), textcoords="offset points", va="center")
    axis.set_yticks(range(len(bars)), [bar["label"] for bar in bars])
    axis.invert_yaxis()
    axis.set(title=panel["title"], xlabel=panel["xlabel"], xlim=(0, max(values) * 1.15))
    axis.grid(axis="y", visible=False)


def _short(number: float) -> str:
    """A number in few letters: 20 k, 5.6 M."""
    for unit, letter in ((1e6, " M"), (1e3, " k")):
        if number >= unit:
            return f"{number / unit:.3g}{letter}"
    return f"{number:g}"


if __name__ == "__main__":
    main()
