"""What templates draw with: icons, badges, times, form controls. Knows states by their word, and no rules."""

import json

from django import forms, template
from django.forms import BoundField
from django.http import HttpRequest
from django.templatetags.static import static
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _

from portal.appearance import THEMES, chosen_theme
from portal.audit.text import folded, visible_line
from reimage.templatetags.badges import DELETE_OPTIONS, OLD_DISK_LOST, Badge, badge_of
from reimage.templatetags.plan_picture import Picture, PlanPart, picture_of

register = template.Library()

# https://htmx.org/reference/#config. Answers with an error are shown in the messages region, where they are announced;
# 422 is a form with its errors and takes the form's place.
HTMX_CONFIG = {
    "allowEval": False,
    "allowScriptTags": False,
    "historyCacheSize": 0,
    "refreshOnHistoryMiss": True,
    "includeIndicatorStyles": False,
    "selfRequestsOnly": True,
    "defaultSwapStyle": "outerHTML",
    "responseHandling": [
        {"code": "204", "swap": False},
        {"code": "[23]..", "swap": True},
        {"code": "422", "swap": True},
        {"code": "[45]..", "swap": True, "error": True, "target": "#messages", "swapOverride": "innerHTML"},
    ],
}

# Django's message levels beside our own tones: class, icon, and the word that is heard instead of the colour.
TONES = {
    "quiet": ("quiet", "info", _("Note")),
    "debug": ("quiet", "info", _("Note")),
    "info": ("info", "info", _("Note")),
    "wait": ("wait", "clock", _("Waiting")),
    "good": ("good", "check", _("Passed")),
    "success": ("good", "check", _("Done")),
    "warn": ("warn", "warning", _("Warning")),
    "warning": ("warn", "warning", _("Warning")),
    "bad": ("bad", "cross", _("Failed")),
    "error": ("bad", "cross", _("Failed")),
    "danger": ("danger", "trash", _("Danger")),
}


@register.simple_tag
def htmx_config() -> str:
    """The content of the meta element that htmx reads its settings from."""
    return json.dumps(HTMX_CONFIG)


@register.simple_tag(takes_context=True)
def theme(context: template.Context) -> str:
    """light, dark or auto; leaves the choices and the chosen one in the context."""
    request: HttpRequest | None = context.get("request")
    context["themes"], context["theme"] = THEMES, chosen_theme(request)
    return str(context["theme"])


@register.simple_tag(takes_context=True)
def here(context: template.Context) -> str:
    """Where a form of the frame comes back to: this page, if it was asked for by GET, or what it says of itself."""
    request: HttpRequest | None = context.get("request")
    if request is not None and request.method == "GET":
        return request.get_full_path()
    return str(context.get("page_url") or "/")


@register.simple_tag
def icon(name: str, x: int | None = None, y: int | None = None, size: int | None = None) -> SafeString:
    """A shape of icons.svg, for the eye only; within a drawing it has a place and a size."""
    place = "" if x is None else format_html(' x="{}" y="{}" width="{}" height="{}"', x, y, size, size)
    address = f"{static('icons.svg')}#{name}"
    return format_html('<svg class="icon"{} aria-hidden="true"><use href="{}"/></svg>', place, address)


@register.filter
def tone_class(tone: str) -> str:
    return f"tone-{TONES[tone][0]}"


@register.simple_tag
def tone_icon(tone: str) -> SafeString:
    return icon(TONES[tone][1])


@register.filter
def tone_word(tone: str) -> str:
    return str(TONES[tone][2])


@register.inclusion_tag("components/badge.html")
def status_badge(state: str) -> dict[str, Badge]:
    """The badge of a request's or an operation's state."""
    return {"badge": badge_of(state)}


@register.inclusion_tag("components/badge.html")
def delete_option_badge(delete_option: str, *, ephemeral: bool = False) -> dict[str, Badge]:
    """The fate of the old OS disk: Detach keeps it, Delete destroys it, an ephemeral one is lost in any case."""
    return {"badge": OLD_DISK_LOST if ephemeral else DELETE_OPTIONS[delete_option]}


@register.inclusion_tag("components/moment.html")
def moment(value: object) -> dict[str, object]:
    """A time, absolute in the viewer's zone and relative."""
    return {"moment": value}


@register.inclusion_tag("reimage/_plan_picture.html")
def plan_picture(parts: list[PlanPart]) -> dict[str, Picture]:
    """One virtual machine's disks, today and after."""
    return {"picture": picture_of(parts)}


@register.filter
def visible(value: object) -> str:
    """Text of Azure's or a person's, with the characters that cannot be seen as their codes; still to be escaped."""
    return visible_line(str(value))


register.filter("folded", folded)


@register.filter
def is_checkbox(field: BoundField) -> bool:
    return isinstance(field.field.widget, forms.CheckboxInput)


@register.simple_tag
def field_control(field: BoundField) -> SafeString:
    """The field's widget with Bootstrap's classes, beside those of its own."""
    widget = field.field.widget
    if isinstance(widget, forms.CheckboxInput | forms.RadioSelect | forms.CheckboxSelectMultiple):
        return field.as_widget()
    classes = [
        "form-select" if isinstance(widget, forms.Select) else "form-control",
        str(widget.attrs.get("class", "")),
        "is-invalid" if field.errors else "",
    ]
    return field.as_widget(attrs={"class": " ".join(filter(None, classes))})
