"""The plots of a report: plain data to SVG text. matplotlib loads at the first plot."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from retrieval.captions import clean
from retrieval.evaluate.report.colours import ARM_COLOURS, OTHER_COLOURS, SHADE, colours
from retrieval.evaluate.report.svg import INK, drawn

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
    from numpy.typing import NDArray

Bar = tuple[float, float | None, float | None]  # value, and the ends of its interval
Bars = Mapping[str, Sequence[Bar | None]]  # by arm, in the order of the groups; None is left out

WIDTH = 440  # CSS pixels: legible on a phone, and two side by side on a desk
LONGEST_NAME, LONGEST_TITLE = 30, 60  # characters that leave room for the plot itself
_MARKERS = dict(zip((*ARM_COLOURS.values(), *OTHER_COLOURS), "os^DvPX*", strict=True))


def grouped_bars(name: str, groups: Sequence[str], arms: Bars, ylabel: str) -> str:
    """Upright bars, one group a task, one bar an arm, with their intervals."""

    def draw(figure: Figure) -> None:
        axes = figure.add_subplot()
        for place, (arm, colour) in enumerate(colours(arms).items()):
            x, values, lows, highs = _placed(arms[arm], place, len(arms))
            drawn_bars = axes.bar(x, values, _thickness(arms), color=colour, label=_label(arm))
            _hatch(drawn_bars, arms[arm], colour)
            axes.vlines(x, lows, highs, color=INK, linewidth=1.2)
        axes.set_xticks(range(len(groups)), [_label(group) for group in groups])
        axes.grid(visible=True, axis="y")
        axes.spines["left"].set_visible(False)
        _name_values(axes, ylabel)
        _count_up(axes, "y", arms)
        _legend(figure, len(arms))

    return drawn(name, (WIDTH, 300), draw)


def horizontal_bars(name: str, groups: Sequence[str], arms: Bars, xlabel: str) -> str:
    """Lying bars, the first group on top: for many groups or long names, such as topics."""

    def draw(figure: Figure) -> None:
        axes = figure.add_subplot()
        for place, (arm, colour) in enumerate(colours(arms).items()):
            y, values, lows, highs = _placed(arms[arm], place, len(arms))
            drawn_bars = axes.barh(y, values, _thickness(arms), color=colour, label=_label(arm))
            _hatch(drawn_bars, arms[arm], colour)
            axes.hlines(y, lows, highs, color=INK, linewidth=1)
        axes.set_yticks(range(len(groups)), [_label(group) for group in groups])
        axes.set_ylim(len(groups) - 0.5, -0.5)
        axes.grid(visible=True, axis="x")
        axes.spines["bottom"].set_visible(False)
        axes.set_xlabel(_label(xlabel, LONGEST_TITLE))
        _count_up(axes, "x", arms)
        _legend(figure, len(arms))

    return drawn(name, (WIDTH, 90 + len(groups) * (10 + 7 * len(arms))), draw)


def confusion_matrix(
    name: str, counts: NDArray[np.integer], classes: Sequence[str], title: str
) -> str:
    """Counts of shape (c, c), rows the truth, columns the prediction; shaded by share of the row.

    The shade is a veil over the page, never so dense that the page's text colour fails on it.
    """
    shares = counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)
    many = len(classes) > 4
    size = min(13.0, 105 / len(classes))  # of the counts: three digits fill two thirds of a cell
    turned: dict[str, Any] = {"rotation": 45, "ha": "right", "rotation_mode": "anchor"}

    def draw(figure: Figure) -> None:
        axes = figure.add_subplot()
        for (row, column), count in np.ndenumerate(counts):
            alpha = 0.04 + 0.71 * float(shares[row, column])
            axes.bar(column, 0.94, 0.94, row - 0.47, color=SHADE, alpha=alpha)
            axes.text(column, row, f"{count:,}", ha="center", va="center", size=size)
        names = [_label(each) for each in classes]
        axes.set_xticks(range(len(classes)))
        axes.set_xticklabels(names, **(turned if many else {}))
        axes.set_yticks(range(len(classes)), names)
        axes.set(xlabel="predicted", ylabel="truth", ylim=(len(classes) - 0.5, -0.5))
        axes.spines[:].set_visible(False)
        axes.margins(x=0)
        if title:
            _name_values(axes, title)

    return drawn(name, (WIDTH, 300 if not many else 120 + 26 * len(classes)), draw)


def reliability(name: str, curves: Mapping[str, Sequence[tuple[float, float, int]]]) -> str:
    """Share that is right, by the confidence a model claims; points of (confidence, accuracy, n).

    The dashed line is an honest model's; a point's area grows with its n.
    """
    most = max((n for curve in curves.values() for _, _, n in curve), default=1)

    def draw(figure: Figure) -> None:
        axes = figure.add_subplot()
        axes.plot((0, 1), (0, 1), color=INK, alpha=0.45, linewidth=1, linestyle=(0, (4, 3)))
        for arm, colour in colours(curves).items():
            claimed, right, n = np.array(curves[arm], float).reshape(-1, 3).T
            axes.plot(claimed, right, color=colour, linewidth=1.6)
            areas = 12 + 90 * n / most
            axes.scatter(
                claimed, right, areas, color=colour, marker=_MARKERS[colour], label=_label(arm)
            )
        axes.set(xlim=(0, 1.03), ylim=(0, 1.03), xlabel="confidence")
        axes.grid(visible=True, axis="both")
        _name_values(axes, "share that is right")
        _plain_scores(axes, "x")
        _plain_scores(axes, "y")
        _legend(figure, len(curves))

    return drawn(name, (WIDTH, 400), draw)


def lines(
    name: str,
    curves: Mapping[str, Sequence[tuple[float, float]]],
    xlabel: str,
    ylabel: str,
    ticks: Sequence[str] = (),
) -> str:
    """A curve an arm, through points of (x, y): recall by cut-off, loss by damage.

    `ticks` are the names of x = 0, 1, …, where these are no numbers.
    """
    places = sorted({x for curve in curves.values() for x, _ in curve})

    def draw(figure: Figure) -> None:
        axes = figure.add_subplot()
        for arm, colour in colours(curves).items():
            x, y = np.array(curves[arm], float).reshape(-1, 2).T
            axes.plot(x, y, color=colour, marker=_MARKERS[colour], linewidth=2, label=_label(arm))
        if ticks:
            axes.set_xticks(range(len(ticks)), [_label(tick).replace(" ", "\n") for tick in ticks])
        elif len(places) <= 8:
            axes.set_xticks(places)
            _plain_scores(axes, "x")
        axes.set_xlabel(_label(xlabel, LONGEST_TITLE))
        axes.grid(visible=True, axis="y")
        axes.spines["left"].set_visible(False)
        _name_values(axes, ylabel)
        _from_nothing(axes, [y for curve in curves.values() for _, y in curve])
        _legend(figure, len(curves))

    return drawn(name, (WIDTH, 320), draw)


def _placed(
    bars: Sequence[Bar | None], place: int, arms: int
) -> tuple[list[float], list[float], list[float], list[float]]:
    """Where an arm's bars stand (groups are 1 apart), their values and their intervals' ends."""
    kept = [
        (group + (place - (arms - 1) / 2) * 0.8 / arms, bar)
        for group, bar in enumerate(bars)
        if bar is not None
    ]
    return (
        [x for x, _ in kept],
        [value for _, (value, _, _) in kept],
        [value if low is None else low for _, (value, low, _) in kept],
        [value if high is None else high for _, (value, _, high) in kept],
    )


def _hatch(drawn_bars: Sequence[Any], bars: Sequence[Bar | None], colour: str) -> None:
    """A bar without an interval is no more than an outline: it is of too few to rely on."""
    tested = [bar for bar in bars if bar is not None]
    for patch, (_, low, _) in zip(drawn_bars, tested, strict=True):
        if low is None:
            patch.set(facecolor="none", edgecolor=colour, hatch="////", linewidth=1)


def _label(text: str, longest: int = LONGEST_NAME) -> str:
    line = " ".join(clean(text).split())
    return line if len(line) <= longest else f"{line[: longest - 1].rstrip()}…"


def _thickness(arms: Bars) -> float:
    return 0.72 / max(len(arms), 1)  # a group takes .8 of its place; the rest parts the bars


def _name_values(axes: Axes, label: str) -> None:
    """Name the upright axis above it, where it can be read without turning the head."""
    axes.set_title(_label(label, LONGEST_TITLE), loc="left", pad=10)


def _count_up(axes: Axes, axis: str, arms: Bars) -> None:
    """Let the bars' axis end at 1 if they are shares, so that bars of two plots compare."""
    ends = [end for bars in arms.values() for bar in bars if bar for end in bar if end is not None]
    if all(0 <= end <= 1 for end in ends):
        axes.set(**{f"{axis}lim": (0, 1)})
    _plain_scores(axes, axis)


def _from_nothing(axes: Axes, values: Sequence[float]) -> None:
    """Let an axis of shares go from 0 to 1, as those of the bars do."""
    if all(0 <= value <= 1 for value in values):
        axes.set_ylim(0, 1.02)
    _plain_scores(axes, "y")


def _plain_scores(axes: Axes, axis: str) -> None:
    """Write .5 for 0.5, as the report's text does."""
    chosen = axes.xaxis if axis == "x" else axes.yaxis
    chosen.set_major_formatter(lambda value, _: f"{value:g}".replace("0.", ".", 1))


def _legend(figure: Figure, arms: int) -> None:
    if arms > 1:
        columns = arms if arms < 4 else 2
        figure.legend(loc="outside upper left", ncols=columns, handlelength=1, handleheight=1)
