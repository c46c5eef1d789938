"""A form field carries its label, its help and its errors to everybody, a screen reader included."""

import re

from django import forms


class Settings(forms.Form):
    password = forms.CharField(help_text="8 to 123 characters", widget=forms.PasswordInput)
    custom_data = forms.CharField(required=False, widget=forms.Textarea(attrs={"class": "mono"}))
    version = forms.ChoiceField(choices=[("", "the image's own")], required=False)
    option = forms.ChoiceField(choices=[("keep", "Keep")], widget=forms.RadioSelect)
    understood = forms.BooleanField(label="I know")


def group(name: str, data: dict[str, str] | None = None) -> str:
    return str(Settings(data)[name].as_field_group())


def test_a_control_names_its_help_and_its_errors() -> None:
    html = group("password", {})
    control = re.search(r"<input[^>]*>", html)
    assert control is not None
    for name in ("id_password_helptext", "id_password_error"):
        assert f'id="{name}"' in html
        assert name in re.findall(r'aria-describedby="([^"]*)"', control.group())[0].split()
    assert 'aria-invalid="true"' in control.group()
    assert "is-invalid" in control.group()


def test_an_error_is_announced() -> None:
    assert re.search(r'role="alert"[^>]*id="id_password_error"', group("password", {}))
    assert "alert" not in group("password")


def test_what_need_not_be_filled_in_says_so() -> None:
    assert "(optional)" in group("custom_data")
    assert "(optional)" not in group("password")


def test_a_control_keeps_its_own_classes() -> None:
    assert 'class="form-control mono"' in group("custom_data")
    assert 'class="form-select"' in group("version")


def test_choices_stand_in_a_group_with_a_legend() -> None:
    html = group("option")
    assert re.search(r"<fieldset.*<legend>Option", html, re.DOTALL)


def test_the_words_of_a_checkbox_follow_it() -> None:
    html = group("understood")
    assert html.index("<input") < html.index("I know")
