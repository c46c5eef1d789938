"""Light, dark, or as the device says: kept in a cookie, so that the first byte of a page already knows."""

from django.conf import settings
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

AUTO = "auto"
THEMES = ((AUTO, _("Automatic")), ("light", _("Light")), ("dark", _("Dark")))


def chosen_theme(request: HttpRequest | None) -> str:
    """What the cookie says, if it says something sensible."""
    choice = request.COOKIES.get(settings.THEME_COOKIE_NAME, AUTO) if request is not None else AUTO
    return choice if choice in dict(THEMES) else AUTO
