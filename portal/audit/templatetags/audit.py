"""Filters for the review pages."""

from django import template

from portal.audit.labels import label_of
from portal.audit.text import visible

register = template.Library()
register.filter("visible", visible)
register.filter("audit_label", label_of)
