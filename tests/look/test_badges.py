"""Every state can be told from every other by its shape and word."""

from xml.etree import ElementTree

import pytest
from django.conf import settings
from django.template import Context, Template

from reimage.domain.operation_states import OperationState
from reimage.domain.request_states import RequestState
from reimage.domain.virtual_machine import DeleteOption
from reimage.templatetags import badges, plan_picture, portal_ui

STATES = sorted({*map(str, RequestState), *map(str, OperationState)})


def render(source: str, **context: object) -> str:
    return Template("{% load portal_ui %}" + source).render(Context(context))


def shapes_of_the_sheet() -> set[str]:
    sheet = ElementTree.parse(settings.BASE_DIR / "static" / "icons.svg")  # noqa: S314  our own file
    return {symbol.attrib["id"] for symbol in sheet.iter("{http://www.w3.org/2000/svg}symbol")}


@pytest.mark.parametrize("state", STATES)
def test_every_state_has_a_badge_with_a_word_and_a_shape(state: str) -> None:
    html = render("{% status_badge state %}", state=state)
    assert str(badges.badge_of(state).label) in html
    assert "icons.svg#" in html


def test_every_shape_that_is_asked_for_is_in_the_sheet() -> None:
    asked = {icon for _, icon in badges.SHAPES.values()}
    asked |= {badge.icon for badge in (*badges.DELETE_OPTIONS.values(), badges.OLD_DISK_LOST)}
    asked |= {icon for _, icon in plan_picture.SHAPES.values()}
    asked |= {icon for _, icon, _ in portal_ui.TONES.values()}
    assert asked <= shapes_of_the_sheet()


def test_a_disk_that_is_destroyed_is_said_in_words() -> None:
    assert "will be DELETED" in render("{% delete_option_badge option %}", option=DeleteOption.DELETE)
    assert "DELETED" not in render("{% delete_option_badge option %}", option=DeleteOption.DETACH)
    assert "will be LOST" in render("{% delete_option_badge option ephemeral=True %}", option=DeleteOption.DELETE)
