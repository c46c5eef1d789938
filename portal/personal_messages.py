"""Where the line after a deed waits for the next page: in a cookie that counts for one person alone."""

from django.conf import settings
from django.contrib.messages.storage.cookie import CookieStorage
from django.core import signing


class PersonalCookieStorage(CookieStorage):
    """Django's, whose signature holds for anybody: put into another's browser, it would tell of a deed not theirs."""

    cookie_name = settings.MESSAGES_COOKIE_NAME

    @property
    def signer(self) -> signing.TimestampSigner:
        """Made when it is used: a sign-in changes who it is while the request runs."""
        return signing.get_cookie_signer(salt=f"{self.key_salt} {self.request.user.pk}")

    @signer.setter
    def signer(self, _everybodys: signing.TimestampSigner) -> None:
        """Django sets its own when it begins."""
