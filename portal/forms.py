"""The base of every form: its texts hold only what UTF-8 and the database can keep."""

from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.core.validators import ProhibitNullCharactersValidator
from django.utils.translation import gettext as _

from portal.audit.text import unstorable


def validate_storable(value: object) -> None:
    """Names the first character that cannot be kept: NUL, or half of a surrogate pair."""
    found = unstorable(value) if isinstance(value, str) else ""  # a UUIDField is a CharField too
    if found:
        raise ValidationError(
            _("This text holds a character that cannot be stored (U+%(code)s). Delete it.")
            % {"code": f"{ord(found):04X}"},
            code="unstorable",
        )


class Form(forms.Form):
    """Django's, with one clear rule for every text field in place of Django's own for NUL alone."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for field in self.fields.values():
            if isinstance(field, forms.CharField):
                others = [each for each in field.validators if not isinstance(each, ProhibitNullCharactersValidator)]
                field.validators = [validate_storable, *others]
