"""What matplotlib draws, as an <svg> that can stand in a page or in a file of its own."""

from __future__ import annotations

import io
import warnings
from typing import TYPE_CHECKING, Any

import defusedxml.ElementTree as ElementTree

if TYPE_CHECKING:
    from collections.abc import Callable
    from xml.etree.ElementTree import Element

    from matplotlib.figure import Figure

INK = "#010203"  # drawn with this, shown in the colour of the text around
SVG = "http://www.w3.org/2000/svg"
FONTS = "system-ui, -apple-system, 'Segoe UI', Roboto, 'Noto Sans', sans-serif"
# As a file of its own a plot has no text around; `:where` lets a page around it have its way.
SCHEMES = """:where(#{name}) {{ color: #1c2026; color-scheme: light dark }}
@media screen and (prefers-color-scheme: dark) {{ :where(#{name}) {{ color: #e5e8ed }} }}
#{name} * {{ stroke-linejoin: round; stroke-linecap: butt }}"""

_STYLE: Any = {  # matplotlib types its keys one by one
    "svg.fonttype": "none",  # text stays text
    "svg.hashsalt": "evaluation",  # else ids differ from run to run
    "text.parse_math": False,  # a dollar in a topic's name is a dollar
    "font.size": 13,
    "axes.titlesize": 13,
    "axes.labelsize": 13,
    "legend.fontsize": 13,
    "xtick.labelsize": 13,
    "ytick.labelsize": 13,
    "text.color": INK,
    "axes.edgecolor": INK,
    "axes.labelcolor": INK,
    "axes.titlecolor": INK,
    "xtick.color": INK,
    "ytick.color": INK,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.axisbelow": True,
    "grid.color": INK,
    "grid.alpha": 0.13,
    "xtick.major.size": 0,
    "ytick.major.size": 0,
    "legend.frameon": False,
    "legend.borderpad": 0,
    "legend.columnspacing": 1.5,
    "figure.constrained_layout.h_pad": 0.08,  # inches of 72 pixels
}


def drawn(name: str, size: tuple[float, float], draw: Callable[[Figure], None]) -> str:
    """What `draw` puts on a figure of that size (CSS pixels): the same text at every call.

    The element is as wide as its place; its ids start with `name`; it refers to nothing outside.
    """
    import matplotlib
    from matplotlib.figure import Figure

    buffer = io.StringIO()
    with matplotlib.rc_context(), warnings.catch_warnings():
        matplotlib.rcdefaults()  # else the user's own matplotlibrc would show
        matplotlib.rcParams.update(_STYLE)
        warnings.filterwarnings("ignore", message="Glyph .* missing")  # the browser has it
        # The backend's unit is a point, 72 to the inch; as an SVG's unit it is a pixel.
        figure = Figure(figsize=(size[0] / 72, size[1] / 72), layout="constrained")
        draw(figure)
        figure.savefig(buffer, format="svg", transparent=True)
    text = buffer.getvalue()
    return _embeddable(ElementTree.fromstring(text[text.index("<svg") :]), name)


def _embeddable(root: Element, name: str) -> str:
    _drop(root, {f"{{{SVG}}}metadata", f"{{{SVG}}}style"})  # its style would hold for a whole page
    for element in root.iter():
        element.tag = element.tag.rpartition("}")[2]
        element.attrib = {
            key.rpartition("}")[2]: _own(key.rpartition("}")[2], value, name)
            for key, value in element.attrib.items()
        }
    del root.attrib["height"]
    root.attrib |= {"xmlns": SVG, "id": name, "width": "100%"}
    style = root.makeelement("style", {})
    style.text = SCHEMES.format(name=name)
    root.insert(0, style)
    return str(ElementTree.tostring(root, encoding="unicode"))


def _drop(root: Element, tags: set[str]) -> None:
    for parent in list(root.iter()):
        for child in list(parent):
            if child.tag in tags:
                parent.remove(child)


def _own(attribute: str, value: str, name: str) -> str:
    """An attribute's value with our ids, colours and fonts."""
    if attribute == "id":
        return f"{name}-{value}"
    if attribute == "href":
        return value.replace("#", f"#{name}-")
    value = value.replace("url(#", f"url(#{name}-").replace(INK, "currentColor")
    return "; ".join(_font(part) for part in value.split("; ")) if attribute == "style" else value


def _font(declaration: str) -> str:
    """A style's declaration, with the reader's own fonts for matplotlib's."""
    key, _, value = declaration.partition(": ")
    if key == "font-family":
        return f"{key}: {FONTS}"
    if key == "font":  # the shorthand ends with size and family
        return f"{key}: {value[: value.index('px') + 2]} {FONTS}"
    return declaration
