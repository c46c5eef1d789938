"""A person's language and time zone, kept with the user and in a cookie for the pages before the sign-in."""

from django.conf import settings
from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from portal.errors import Problem
from portal.identity import services, time_zones
from portal.identity.addresses import own_path
from portal.identity.models import User

COOKIE_SECONDS = 365 * 24 * 3600


@login_not_required
@require_POST
def language(request: HttpRequest) -> HttpResponse:
    """Chooses `language`: ja, en, or "" for the browser's."""
    chosen = request.POST.get("language", "")
    if chosen and chosen not in dict(settings.LANGUAGES):
        raise Problem(_("The portal does not speak that language."), _("Choose Japanese or English."))
    if isinstance(request.user, User):
        services.choose_language(user=request.user, language=chosen)
    return _back_with_cookie(request, settings.LANGUAGE_COOKIE_NAME, chosen)


@login_not_required
@require_POST
def time_zone(request: HttpRequest) -> HttpResponse:
    """Chooses `time_zone`: an IANA name such as Asia/Tokyo, or "" for the browser's."""
    chosen = request.POST.get("time_zone", "")
    if chosen and not time_zones.is_time_zone(chosen):
        raise Problem(_("The portal does not know that time zone."), _("Use a name such as Asia/Tokyo."))
    if isinstance(request.user, User):
        services.choose_time_zone(user=request.user, time_zone=chosen)
    return _back_with_cookie(request, settings.TIME_ZONE_COOKIE_NAME, chosen)


def _back_with_cookie(request: HttpRequest, name: str, value: str) -> HttpResponse:
    response = HttpResponseRedirect(own_path(request.POST.get("next")))
    if value:
        response.set_cookie(name, value, max_age=COOKIE_SECONDS, secure=settings.HTTPS, samesite="Lax")
    else:
        response.delete_cookie(name, samesite="Lax")
    return response
