"""One file that loads nothing, runs nothing, and can be read by everybody."""

from __future__ import annotations

import base64
import re
from html.parser import HTMLParser
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from benchmark.report.as_html import POLICY, html
from benchmark.report.document import document
from tests.benchmark.reports import changed, report

LOADING = {
    *("src", "srcset", "href", "xlink:href", "data", "poster", "action"),
    *("background", "formaction", "ping", "manifest", "cite", "longdesc"),
}
RUNNING = {
    *("script", "link", "iframe", "object", "embed", "base", "form", "frame"),
    *("audio", "video", "source", "applet", "portal", "template"),
}
SVG = '<svg xmlns="http://www.w3.org/2000/svg"><use href="#a"/></svg>'


class Page(HTMLParser):
    """Everything in a page that could load or run something."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str]]] = []
        self.text = ""
        self.feed(text)
        self.close()

    def handle_starttag(
        self, tag: str, attrs: list[tuple[str, str | None]]
    ) -> None:
        self.tags.append((tag, {name: value or "" for name, value in attrs}))

    def handle_data(self, data: str) -> None:
        self.text += data

    def all(self, tag: str) -> list[dict[str, str]]:
        return [attributes for name, attributes in self.tags if name == tag]

    def outside(self) -> list[str]:
        """What a browser would fetch."""
        found = [
            f"<{tag} {name}={value[:60]}>"
            for tag, attributes in self.tags
            for name, value in attributes.items()
            if name in LOADING and not value.startswith(("#", "data:image/"))
        ]
        styles = [a.get("style", "") for _, a in self.tags] + [self.text]
        for style in styles:
            found += re.findall(r"@import[^;]*", style)
            found += [
                url
                for url in re.findall(r"url\(\s*['\"]?([^)]*)", style)
                if not url.startswith(("#", "data:"))
            ]
        return found

    def running(self) -> list[str]:
        """What a browser would run, or open."""
        handlers = [
            name
            for _, attributes in self.tags
            for name in attributes
            if name.startswith("on")
        ]
        return handlers + [tag for tag, _ in self.tags if tag in RUNNING]

    def pictures(self) -> list[str]:
        """The source of each picture."""
        prefix = "data:image/svg+xml;base64,"
        return [
            base64.b64decode(picture["src"].removeprefix(prefix)).decode()
            for picture in self.all("img")
        ]


def drawn(made: dict[str, Any]) -> None:
    made["drawn"] = ["caching", "ratios"]
    made["simulated"]["caching"]["figure"] = {"title": "A dict helps"}
    made["figures"]["ratios"] = {"title": "All of them", "caption": "Seeds."}


REPORT = changed(report(), drawn)


def page_of(made: dict[str, Any], folder: Path) -> Page:
    (folder / "figures").mkdir(exist_ok=True)
    for name in made["drawn"]:
        (folder / f"figures/{name}.svg").write_text(SVG, encoding="utf-8")
    return Page(html(document(made), folder))


def test_it_loads_nothing_from_anywhere(tmp_path: Path) -> None:
    page = page_of(REPORT, tmp_path)
    assert page.outside() == []
    assert page.running() == []


def test_what_would_load_something_is_noticed() -> None:
    for tag in (
        '<img src="https://example.org/a.png">',
        '<a href="report.csv">',
        "<style>@import 'a.css';</style>",
        '<p style="background: url(a.png)">',
        '<svg><use xlink:href="a.svg#b"/></svg>',
    ):
        assert Page(tag).outside(), tag
    for tag in ("<script>", '<p onclick="a()">', '<link rel="x">'):
        assert Page(tag).running(), tag


def test_its_policy_lets_nothing_run_and_nothing_be_fetched(
    tmp_path: Path,
) -> None:
    [policy] = [
        meta["content"]
        for meta in page_of(REPORT, tmp_path).all("meta")
        if meta.get("http-equiv") == "Content-Security-Policy"
    ]
    assert policy == POLICY
    assert policy.startswith("default-src 'none';")


EVIL = "<script>alert(1)</script>\"'><img src=x onerror=alert(2)>&amp;"


@pytest.mark.parametrize(
    "where",
    [
        ("measured", "machine", "processor"),
        ("measured", "at"),
        ("measured", "suites", "caching", "setting"),
        ("options", "questions"),
        ("versions", "source"),
        ("warnings", 0),
        ("simulated", "caching", "setting"),
        ("simulated", "caching", "figure", "title"),
        ("simulated", "caching", "strategies", 1, "key"),
        ("simulated", "caching", "strategies", 1, "name"),
        ("simulated", "caching", "strategies", 1, "group"),
        ("simulated", "caching", "strategies", 1, "verdict"),
        ("figures", "ratios", "caption"),
    ],
)
def test_whatever_came_from_outside_is_text(
    where: tuple[str | int, ...], tmp_path: Path
) -> None:
    def put(made: Any) -> None:
        for step in where[:-1]:
            made = made[step]
        made[where[-1]] = EVIL

    page = page_of(changed(REPORT, put), tmp_path)
    assert page.running() == []
    assert page.outside() == []
    alternatives = [picture["alt"] for picture in page.all("img")]
    assert any(EVIL in text for text in (page.text, *alternatives))


def test_every_figure_says_in_words_what_it_shows(tmp_path: Path) -> None:
    pictures = page_of(REPORT, tmp_path).all("img")
    assert len(pictures) == 2
    ratios, caching = (picture["alt"] for picture in pictures)
    assert ratios == "Figure: All of them. Seeds."
    assert caching.startswith("Figure: A dict helps. Mean: plain 1.5")
    assert caching.count(" s") >= 2


def test_on_a_telephone_a_figure_says_so_below_it_too(tmp_path: Path) -> None:
    """Every title was cut, for a figure is wider than the screen."""
    page = page_of(REPORT, tmp_path)
    below = [place for place in page.all("p") if place.get("class") == "words"]
    assert len(below) == len(page.all("img"))
    for picture in page.all("img"):
        assert page.text.count(picture["alt"]) >= 1


def test_a_figure_that_was_not_drawn_is_left_out(tmp_path: Path) -> None:
    assert page_of(report(), tmp_path).all("img") == []


def test_headings_go_down_one_step_at_a_time(tmp_path: Path) -> None:
    tags = [tag for tag, _ in page_of(REPORT, tmp_path).tags]
    levels = [int(tag[1]) for tag in tags if re.fullmatch("h[1-6]", tag)]
    assert levels.count(1) == 1
    assert levels[0] == 1
    for before, after in pairwise(levels):
        assert after <= before + 1


def test_every_link_of_the_contents_leads_somewhere(tmp_path: Path) -> None:
    page = page_of(REPORT, tmp_path)
    ids = [a["id"] for _, a in page.tags if "id" in a]
    links = [link["href"].removeprefix("#") for link in page.all("a")]
    assert links == ids
    assert len(set(ids)) == len(ids) > 2


def test_every_table_scrolls_alone_and_names_its_rows(tmp_path: Path) -> None:
    page = page_of(REPORT, tmp_path)
    tags = [tag for tag, _ in page.tags]
    tables = [i for i, tag in enumerate(tags) if tag == "table"]
    assert len(tables) == 2
    for place in tables:
        assert page.tags[place - 1][1]["class"] == "scrolls"
        assert tags[place + 1] == "caption"
    assert {cell["scope"] for cell in page.all("th")} == {"col", "row"}


def test_simulated_and_measured_parts_are_labelled(tmp_path: Path) -> None:
    page = page_of(REPORT, tmp_path)
    sections = [section["class"] for section in page.all("section")]
    assert sections == ["simulated", "measured"]
    assert "Simulated (virtual clock)" in page.text
    assert "Measured (this machine)" in page.text


def test_it_says_its_language_and_fits_any_width(tmp_path: Path) -> None:
    page = page_of(REPORT, tmp_path)
    assert page.all("html") == [{"lang": "en"}]
    names = {meta.get("name") for meta in page.all("meta")}
    assert names >= {"viewport", "color-scheme"}
