"""No text field of any form takes what cannot be stored; the field says which character it is."""

import pytest
from django import forms as django_forms
from django.test import Client

from portal.audit.filters import EventFilterForm
from portal.forms import Form
from portal.identity.models import User
from reimage import decision_forms, execution_forms, forms
from reimage.domain.virtual_machine import OsType
from tests.cast import client_of
from tests.pages.reading import words

UNSTORABLE = ["\x00", "\ud800", "\udfff"]
OURS = [
    forms.ReasonForm({}),
    forms.SettingsForm({}, os_type=OsType.LINUX, ephemeral=False),
    forms.ConfirmForm({}, phrase="web-01", destroys_a_disk=True),
    forms.GrantForm({}),
    forms.MachineFilterForm({}),
    decision_forms.CommentForm({}),
    decision_forms.RejectForm({}),
    decision_forms.SettleForm({}, name="web-01"),
    execution_forms.PauseForm({}),
    execution_forms.ReleaseForm({}),
]


@pytest.mark.parametrize("form", OURS, ids=lambda form: type(form).__name__)
@pytest.mark.parametrize("character", UNSTORABLE)
def test_each_text_field_names_the_character(form: Form, character: str) -> None:
    fields = [name for name, field in form.fields.items() if isinstance(field, django_forms.CharField)]
    texts = [name for name in fields if not isinstance(form.fields[name], django_forms.UUIDField)]
    form.data = {form.add_prefix(name): f"before{character}after" for name in texts}
    form.full_clean()
    for name in texts:
        assert f"cannot be stored (U+{ord(character):04X})" in " ".join(form.errors[name])


def test_a_form_of_ours_is_of_that_kind() -> None:
    rooms = (forms, decision_forms, execution_forms)
    found = {
        value
        for room in rooms
        for value in vars(room).values()
        if isinstance(value, type) and issubclass(value, django_forms.Form)
    } - {Form}
    assert {type(form) for form in OURS} == found
    assert issubclass(EventFilterForm, Form)


def test_whatever_is_fine_passes() -> None:
    form = decision_forms.CommentForm({"comment": "ディスクの破損\r\n\t🖥 ok"})
    assert form.is_valid()


def test_a_form_in_another_encoding_is_refused_before_it_is_read(alice: User) -> None:
    """UTF-7 has a spelling for half of a surrogate pair: +2AA-."""
    body = b'--x\r\nContent-Disposition: form-data; name="language"\r\n\r\n+2AA-\r\n--x--\r\n'
    for charset, status in (("utf-7", 400), ("UTF-8", 302)):
        browser: Client = client_of(alice)
        sent = body.replace(b"+2AA-", b"ja") if status == 302 else body
        answer = browser.post(
            "/settings/language", sent, content_type=f"multipart/form-data; boundary=x; charset={charset}"
        )
        assert answer.status_code == status
        if status == 400:
            assert "UTF-8 alone" in words(answer)
