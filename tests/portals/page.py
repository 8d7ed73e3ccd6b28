"""What every page owes its readers, whoever they are and whatever they read it with."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from html.parser import HTMLParser

_VOID = frozenset(
    {"area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "source", "track", "wbr"}
)
_SILENT_INPUTS = frozenset({"hidden", "submit", "button", "reset", "image"})


@dataclass
class _Named:
    """An element that needs a name, and what names it so far."""

    what: str
    name: str = ""
    id: str = ""
    in_label: bool = False


@dataclass
class _Outline(HTMLParser):
    """The parts of a page that the check looks at."""

    open: list[str] = field(default_factory=list)
    ids: Counter[str] = field(default_factory=Counter)
    label_for: set[str] = field(default_factory=set)
    described_by: set[str] = field(default_factory=set)
    inputs: list[_Named] = field(default_factory=list)
    controls: list[_Named] = field(default_factory=list)
    headings: list[str] = field(default_factory=list)
    title: str = ""
    lang: str = ""
    mains: int = 0
    unknown_ends: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        super().__init__()
        self._inside: list[_Named] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        if tag not in _VOID:
            self.open.append(tag)
        self._note_names(tag, given)
        if tag == "html":
            self.lang = given.get("lang", "")
        elif tag == "h1":
            self.headings.append("")
        elif tag == "main":
            self.mains += 1
        elif tag == "label" and "for" in given:
            self.label_for.add(given["for"])
        elif tag in {"input", "select", "textarea"} and given.get("type") not in _SILENT_INPUTS:
            self.inputs.append(self._named(tag, given))
        elif tag in {"a", "button"}:
            self.controls.append(self._named(tag, given))
            self._inside.append(self.controls[-1])
        elif tag in {"svg", "img"} and self._inside:
            self._inside[-1].name += given.get("aria-label", "") + given.get("alt", "")

    def _note_names(self, tag: str, given: dict[str, str]) -> None:
        if "id" in given and tag not in {"symbol"}:
            self.ids[given["id"]] += 1
        for attribute in ("aria-describedby", "aria-labelledby", "aria-controls"):
            self.described_by.update(given.get(attribute, "").split())

    def _named(self, tag: str, given: dict[str, str]) -> _Named:
        name = given.get("aria-label", "") + given.get("aria-labelledby", "")
        return _Named(
            f"{tag} {given.get('name') or given.get('href') or name}",
            name,
            given.get("id", ""),
            "label" in self.open,
        )

    def handle_endtag(self, tag: str) -> None:
        if tag in _VOID:
            return
        if not self.open or self.open[-1] != tag:
            self.unknown_ends.append(f"</{tag}> inside <{self.open[-1] if self.open else ''}>")
        if tag in self.open:
            while self.open.pop() != tag:
                pass
        if tag in {"a", "button"} and self._inside:
            self._inside.pop()

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_starttag(tag, attrs)
        if tag not in _VOID:
            self.handle_endtag(tag)

    def handle_data(self, data: str) -> None:
        if "title" in self.open and "svg" not in self.open:
            self.title += data
        if "h1" in self.open:
            self.headings[-1] += data
        if self._inside:
            self._inside[-1].name += data.strip()


def check_page(html: str) -> None:
    """Assert what a whole page must have; each message says what is wrong and where."""
    page = _parse(html)
    assert page.lang, "the page does not say its language"
    assert len(page.headings) == 1, f"a page has one h1; this one has {page.headings}"
    assert page.headings[0].strip(), "the h1 is empty"
    assert page.title.split("·")[0].strip(), "the title does not name the page"
    assert page.mains == 1, "a page has one main landmark"
    _check_parts(page)


def check_fragment(html: str) -> None:
    """Assert what a fragment must have: everything that holds for a page but its frame."""
    page = _parse(html)
    assert not page.headings, "a fragment brings no h1"
    assert "<html" not in html, "a fragment is not a page"
    _check_parts(page)


def _check_parts(page: _Outline) -> None:
    assert not page.unknown_ends, f"elements are not closed in order: {page.unknown_ends}"
    twice = [name for name, count in page.ids.items() if count > 1]
    assert not twice, f"ids stand for one element each; twice: {twice}"
    nameless = [i.what for i in page.inputs if not (i.name or i.in_label or i.id in page.label_for)]
    assert not nameless, f"these fields have no label: {nameless}"
    nameless = [c.what for c in page.controls if not c.name.strip()]
    assert not nameless, f"these links and buttons have no name: {nameless}"
    lost = page.described_by - set(page.ids)
    assert not lost, f"these ids are referred to but are nowhere: {sorted(lost)}"


def _parse(html: str) -> _Outline:
    page = _Outline()
    page.feed(html)
    page.close()
    return page
