"""What Django's error reports may hold: where something broke, and no value that anybody sent, set or computed."""

from collections.abc import ItemsView, Mapping
from types import FrameType
from typing import Any

from django.http import HttpRequest
from django.views.debug import ExceptionReporter, SafeExceptionReporterFilter

SHOWN_META = frozenset({"PATH_INFO", "REMOTE_ADDR", "REQUEST_METHOD", "SERVER_NAME", "SERVER_PORT", "SERVER_PROTOCOL"})
SHOWN_SETTINGS = frozenset({"INSTALLED_APPS", "MIDDLEWARE", "SETTINGS_MODULE"})


class WithoutValues(SafeExceptionReporterFilter):
    """Names of fields, cookies, headers, settings and local variables: a list of secret ones would one day lack one."""

    def get_safe_settings(self) -> dict[str, Any]:
        return self._names(super().get_safe_settings(), SHOWN_SETTINGS)

    def get_safe_request_meta(self, request: HttpRequest | None) -> dict[str, Any]:
        return self._names(request.META if request is not None else {}, SHOWN_META)

    def get_safe_cookies(self, request: HttpRequest | None) -> dict[str, Any]:
        return self._names(request.COOKIES if request is not None else {})

    def get_post_parameters(self, request: HttpRequest | None) -> dict[str, Any]:
        return self._names(request.POST) if request is not None else {}

    def get_traceback_frame_variables(self, request: HttpRequest | None, tb_frame: FrameType) -> ItemsView[str, Any]:
        return self._names(tb_frame.f_locals).items()

    def _names(self, values: Mapping[str, Any], shown: frozenset[str] = frozenset()) -> dict[str, Any]:
        return {name: value if name in shown else self.cleansed_substitute for name, value in values.items()}


class ReportWithoutValues(ExceptionReporter):
    """Cleanses what Django asks no filter about: the query, uploaded files, and the text that was no UTF-8."""

    def get_traceback_data(self) -> dict[str, Any]:
        data = super().get_traceback_data() | {"unicode_hint": ""}
        if self.request is not None:
            stars = self.filter.cleansed_substitute
            data["request_GET_items"] = dict.fromkeys(self.request.GET, stars).items()
            data["request_FILES_items"] = dict.fromkeys(self.request.FILES, stars).items()
            data["request_insecure_uri"] = data["request_insecure_uri"].partition("?")[0]
        return data
