"""The picture of a plan says everything twice: drawn, and in words."""

from xml.etree import ElementTree

from django.template import Context, Template

from reimage.templatetags.plan_picture import Fate, PlanPart

PARTS = [
    PlanPart(Fate.NEW, "OS disk", "New OS disk", "web-03_OsDisk", "without your data"),
    PlanPart(Fate.DELETED, "Old OS disk", "Old OS disk: DELETED", note="cannot be recovered", is_there_today=False),
    PlanPart(Fate.UNDOCUMENTED, "Extensions", "Not documented by Azure"),
]


def figure_of(parts: list[PlanPart]) -> ElementTree.Element:
    html = Template("{% load portal_ui %}{% plan_picture parts %}").render(Context({"parts": parts}))
    return ElementTree.fromstring(html.strip())  # noqa: S314  our own output


def text_of(element: ElementTree.Element | None) -> str:
    assert element is not None
    return " ".join(" ".join(element.itertext()).split())


def test_what_is_drawn_is_said_in_words_too() -> None:
    figure = figure_of(PARTS)
    drawn, words = text_of(figure.find("svg")), text_of(figure.find("figcaption"))
    for part in PARTS:
        assert str(part.after) in drawn
        assert str(part.after) in words
        assert str(part.note) in words


def test_the_drawing_has_room_for_every_part() -> None:
    def height(parts: list[PlanPart]) -> int:
        drawing = figure_of(parts).find("svg")
        assert drawing is not None
        return int(drawing.attrib["viewBox"].split()[-1])

    assert height(PARTS) - height(PARTS[:2]) == height(PARTS[:2]) - height(PARTS[:1]) > 0


def test_the_name_of_a_disk_cannot_become_markup_or_turn_the_line_round() -> None:
    hostile = PlanPart(Fate.KEPT, "Old OS disk", "kept", name="\u202e<script>alert(1)</script>")
    figure = figure_of([hostile])
    assert figure.find(".//script") is None
    assert "\\u202e<script>" in text_of(figure)
    assert "\u202e" not in text_of(figure)
