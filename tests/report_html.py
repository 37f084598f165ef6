"""Reading a report back: elements, text, style, and the charts as XML."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from html.parser import HTMLParser
from xml.etree import ElementTree as ET

VOID = {"meta", "link", "br", "img", "input", "hr"}
SVG_VOID = {"rect", "line", "path", "circle"}


@dataclass
class Page(HTMLParser):
    """All start tags with their attributes, all text, and whether the tags nest."""

    html: str
    tags: list[tuple[str, dict[str, str | None]]] = field(default_factory=list)
    words: list[str] = field(default_factory=list)
    open: list[str] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.feed(self.html)
        self.close()
        if self.open:
            self.problems.append(f"never closed: {self.open}")

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        if not self.open or self.open.pop() != tag:
            self.problems.append(f"</{tag}> closes something else")

    def handle_data(self, data: str) -> None:
        if "style" not in self.open:
            self.words.append(data)

    @property
    def text(self) -> str:
        return " ".join(" ".join(self.words).split())

    def all(self, tag: str, **wanted: str) -> list[dict[str, str | None]]:
        want = wanted.items()
        return [a for t, a in self.tags if t == tag and want <= a.items()]


def style_of(html: str) -> str:
    found = re.findall(r"<style>(.*?)</style>", html, re.S)
    assert len(found) == 1
    return found[0]


def charts(html: str) -> dict[str, ET.Element]:
    """Every chart by name; parsing proves that it is well-formed XML."""
    found = re.findall(r'<svg class="chart.*?</svg>', html, re.S)
    parsed = [ET.fromstring(svg) for svg in found]
    return {p.attrib["aria-labelledby"].removesuffix("-title"): p for p in parsed}


def points(path: ET.Element) -> list[tuple[float, float]]:
    """The vertices of a polyline."""
    return [tuple(map(float, pair.split(","))) for pair in path.attrib["d"][1:].split()]  # type: ignore[misc]
