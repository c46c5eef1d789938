"""Filters for the review pages."""

from django import template
from django.utils.html import format_html

from portal.audit import catalogue
from portal.audit.labels import label_of
from portal.audit.text import visible

register = template.Library()
register.filter("visible", visible)
register.filter("audit_label", label_of)


@register.filter
def action_name(action: str) -> str:
    """The label of an action; one that is in no catalogue is shown as code: its words are nobody's headline."""
    if catalogue.is_registered(action):
        return catalogue.label_of(action)
    return format_html("<code>{}</code>", visible(action))
