"""What the pages of requests and machines write in words: power states, durations, lists of names. Knows no rules."""

from collections.abc import Iterable, Mapping
from datetime import datetime

from django import template
from django.forms import BaseForm, BoundField
from django.utils import timezone
from django.utils.translation import gettext as _

from portal.audit import text
from reimage import wording
from reimage.models import ReimageOperation
from reimage.plan_view import Fates, fates_of

register = template.Library()


@register.filter
def visible_text(value: object) -> str:
    """Text of several lines, with the characters that cannot be seen as their codes; still to be escaped."""
    return text.visible(value if isinstance(value, str) else str(value))


@register.filter
def power_state(value: object) -> str:
    """A machine's power state in words."""
    return wording.power_state_text(str(value or ""))


@register.filter
def image_name(image: str) -> str:
    """A platform image by offer and SKU, which tell it from the others of a list; any other image as it is."""
    parts = image.split(":")
    return f"{parts[1]} {parts[2]}" if len(parts) == 4 else image


@register.filter
def elapsed_since(end: datetime | None, start: datetime) -> str:
    """How long something took, or has taken so far where it has no end."""
    return duration(((end or timezone.now()) - start).total_seconds())


@register.filter
def duration(amount: float) -> str:
    """Seconds in words."""
    seconds = max(0, int(amount))
    minutes, seconds = divmod(seconds, 60)
    hours, minutes = divmod(minutes, 60)
    if hours:
        return _("%(hours)s h %(minutes)s min") % {"hours": hours, "minutes": minutes}
    if minutes:
        return _("%(minutes)s min %(seconds)s s") % {"minutes": minutes, "seconds": seconds}
    return _("%(seconds)s s") % {"seconds": seconds}


@register.filter
def value_of(mapping: Mapping[object, object], key: object) -> object:
    """The value of a key that is itself a variable."""
    return mapping.get(key)


@register.filter
def field_of(form: BaseForm, name: str) -> BoundField:
    """The field of a name that is itself a variable."""
    return form[name]


@register.filter
def state_word(state: str) -> str:
    """A request's state in words."""
    return wording.state_text(state)


@register.filter
def checked_as(field: BoundField) -> BoundField:
    """The field whose errors a check of this one is about: customData has three controls and one rule."""
    name = getattr(field.form, "checked_as", {}).get(field.name, field.name)
    return field.form[name]


@register.inclusion_tag("reimage/_fates.html")
def fates(operations: Iterable[ReimageOperation]) -> dict[str, Fates]:
    """What becomes of the old OS disks of a request, in one line."""
    return {"fates": fates_of(operations)}
