"""What all figures share: colours, the frame around a drawing, labels that
keep out of each other's way, and writing the files.

matplotlib takes a second to import, and only drawing needs it. So it is
imported where something is drawn, which a worker process does; what is drawn
is plain data, and needs none of it.
"""

from __future__ import annotations

import math
import re
import textwrap
import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

GREY = "#767676"
INK = "#222222"
PALE = "#d9d9d9"

_STYLE: dict[Any, Any] = {
    "font.size": 10,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.edgecolor": "#999999",
    "axes.labelcolor": INK,
    "axes.axisbelow": True,
    "xtick.color": "#555555",
    "ytick.color": "#555555",
    "text.color": INK,
    "svg.hashsalt": "module12",  # the same file each time
    "svg.fonttype": "none",  # text stays text: read aloud, searched, small
    "figure.dpi": 100,
    "savefig.dpi": 150,
}


@dataclass(frozen=True, slots=True)
class Look:
    """How one strategy is drawn: colour, line and marker all differ."""

    colour: str
    line: str | tuple[int, tuple[int, ...]]
    marker: str


BASELINE = Look(GREY, "-", "o")

# Okabe and Ito (2008), without yellow, which is too pale for a thin line
LOOKS = (
    Look("#0072B2", (0, (12, 2)), "s"),  # blue
    Look("#D55E00", (0, (6, 2)), "^"),  # vermillion
    Look("#009E73", (0, (4, 1, 1, 1)), "D"),  # bluish green
    Look("#CC79A7", (0, (1, 1)), "v"),  # reddish purple
    Look("#E69F00", (0, (8, 2, 2, 2)), "P"),  # orange
    Look("#56B4E9", (0, (3, 2)), "X"),  # sky blue
    Look("#000000", (0, (2, 2)), "*"),
)


@dataclass(frozen=True, slots=True)
class Drawn:
    """A figure and the words that belong to it."""

    figure: Figure
    title: str
    caption: str


def looks(names: Sequence[str]) -> dict[str, Look]:
    """The first is the baseline, and grey."""
    return dict(zip(names, (BASELINE, *LOOKS), strict=False))


def curve(
    axes: Axes,
    at: Sequence[float],
    points: Sequence[Sequence[float]],
    look: Look,
    *,
    marked: bool = True,
    width: float = 2,
) -> None:
    """A line through points of (value, low, high), with their intervals."""
    axes.errorbar(
        at,
        [value for value, _, _ in points],
        [
            [value - low for value, low, _ in points],
            [high - value for value, _, high in points],
        ],
        color=look.colour,
        linestyle=look.line,
        marker=look.marker if marked else "",
        markersize=6,
        linewidth=width,
        capsize=3,
    )


def canvas(
    columns: int = 1,
    *,
    rows: int = 1,
    height: float = 5.0,
    widths: Sequence[float] | None = None,
    sharey: bool = False,
) -> tuple[Figure, list[Axes]]:
    """Axes row by row, with room for a title above and a caption below."""
    import matplotlib as mpl
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    mpl.rcParams.update(_STYLE)
    figure = Figure(figsize=(10, height))
    FigureCanvasAgg(figure)  # no window, no display
    axes = figure.subplots(
        rows,
        columns,
        squeeze=False,
        sharey=sharey,
        gridspec_kw={"width_ratios": widths} if widths else None,
    )
    return figure, list(axes.flat)


def framed(figure: Figure, title: str, caption: str) -> Drawn:
    """Put the sentence above and the source below."""
    height = figure.get_figheight()
    heading = textwrap.fill(_glued(title), 88)
    source = textwrap.fill(_glued(caption), 150)
    top = 1 - (0.22 + 0.24 * (heading.count("\n") + 1)) / height
    bottom = (0.12 + 0.17 * (source.count("\n") + 1)) / height
    figure.tight_layout(rect=(0, bottom, 1, top), w_pad=2.0)
    figure.text(
        0.012, 1 - 0.12 / height, heading, size=13, weight="bold", va="top"
    )
    figure.text(0.012, 0.1 / height, source, size=8, color="#555555")
    return Drawn(figure, title, caption)


def _glued(text: str) -> str:
    """A number and its unit stay on one line, and so does what is better."""
    spaces = r"(?<=[\d)]) (?=%|s\b|ms\b)|(?<=lower) | (?=better\))"
    return re.sub(spaces, "\N{NO-BREAK SPACE}", text)


def spread(
    wanted: Sequence[float], gap: float, floor: float = -math.inf
) -> list[float]:
    """Positions as near to the wanted ones as `gap` between each two allows,
    in the same order, and none below `floor`.

    >>> spread([1.0, 1.0, 5.0], 1.0)
    [0.5, 1.5, 5.0]
    """
    order = sorted(range(len(wanted)), key=lambda i: wanted[i])
    groups: list[list[float]] = []  # [centre, members]
    for index in order:
        groups.append([wanted[index], 1])
        while len(groups) > 1 and _touch(groups[-2], groups[-1], gap):
            (one, many), (other, more) = groups[-2:]
            centre = (one * many + other * more) / (many + more)
            groups[-2:] = [[centre, many + more]]
    places = [
        centre + (number - (count - 1) / 2) * gap
        for centre, count in groups
        for number in range(int(count))
    ]
    result = [0.0] * len(wanted)
    for index, place in zip(order, places, strict=True):
        result[index] = max(place, floor)
        floor = result[index] + gap
    return result


def _touch(lower: list[float], upper: list[float], gap: float) -> bool:
    reach = (lower[1] + upper[1]) / 2 * gap
    return upper[0] - lower[0] < reach


def save(drawn: Drawn, folder: Path, name: str) -> list[Path]:
    """As PNG and SVG."""
    paths = [folder / f"{name}.png", folder / f"{name}.svg"]
    with warnings.catch_warnings():
        # A file's name may have letters that no font here has.
        warnings.filterwarnings("ignore", message="Glyph")
        for path in paths:
            metadata = {"Date": None} if path.suffix == ".svg" else {}
            drawn.figure.savefig(path, metadata=metadata)
    return paths
