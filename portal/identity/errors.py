"""Why a sign-in was refused: one class per finding, each saying what to do. None of them holds a token."""

from http import HTTPStatus
from typing import ClassVar

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from portal.errors import NotAllowed

TRY_AGAIN = _("Start the sign-in again. If it happens again, tell your administrator the reason shown here.")


class SignInRefused(NotAllowed):
    """Base of all refusals. `reason` is the word for the audit log, `evidence` a short text that is safe to show.

    `next_path` is where the sign-in was to lead; another try leads there too.
    """

    reason: ClassVar[str]
    title: ClassVar[str | Promise] = _("You are not signed in")
    text: ClassVar[str | Promise]
    advice: ClassVar[str | Promise] = TRY_AGAIN

    def __init__(self, evidence: str = "") -> None:
        super().__init__(str(self.text), str(self.advice))
        self.evidence = evidence
        self.next_path = "/"


class SignInCanceled(SignInRefused):
    """The person turned back at Entra ID: no fault of anybody."""

    status = HTTPStatus.OK
    reason = "canceled"
    title = _("You canceled the sign-in")
    text = _("Microsoft Entra ID says that the sign-in was canceled.")
    advice = _("Nothing was changed. Start again whenever you like.")


class UnknownFlow(SignInRefused):
    """`state` is of no sign-in that this browser began, or it was used before, or it is older than ten minutes."""

    status = HTTPStatus.BAD_REQUEST
    reason = "unknown_state"
    title = _("This sign-in is no longer open")
    text = _("Each sign-in can be used once and within ten minutes, in the browser that began it.")
    advice = _("Start the sign-in again.")


class CodeRefused(SignInRefused):
    """Entra ID did not redeem the authorization code: used before, too old, or not issued for us."""

    status = HTTPStatus.BAD_REQUEST
    reason = "code_refused"
    title = _("This sign-in is no longer open")
    text = _("Microsoft Entra ID did not accept the sign-in's code; it may have been used before.")
    advice = _("Start the sign-in again.")


class RefusedByEntra(SignInRefused):
    """Any other error that Entra ID names, for example a person who is not assigned to the application."""

    reason = "refused_by_entra"
    text = _("Microsoft Entra ID did not let you in.")
    advice = _("Tell your administrator the reason shown here.")


class NotFreshEnough(SignInRefused):
    """The ID token does not prove that the person has just signed in, or not in the context that is asked for."""

    reason = "not_fresh_enough"
    title = _("Your sign-in was not renewed")
    text = _("Microsoft Entra ID's answer does not prove that you have just signed in as this step needs.")
    advice = _(
        "Nothing was sent. Try the step again. If this happens again, tell your administrator that the ID token lacks "
        "the claim shown here."
    )


class TokenRefused(SignInRefused):
    """Base of all findings about the ID token."""


class MalformedToken(TokenRefused):
    reason = "malformed_token"
    text = _("Microsoft Entra ID's answer holds no readable ID token.")


class WrongAlgorithm(TokenRefused):
    reason = "wrong_algorithm"
    text = _("The ID token is not signed with RS256, the only way that the portal accepts.")


class UnknownKey(TokenRefused):
    reason = "unknown_key"
    text = _("The ID token is signed with a key that is not your organization's.")


class WrongSignature(TokenRefused):
    reason = "wrong_signature"
    text = _("The ID token's signature is wrong: it was forged or changed on the way.")


class WrongTenant(TokenRefused):
    reason = "foreign_tenant"
    title = _("Your account is from another organization")
    text = _("You signed in with an account of another Microsoft Entra tenant; the portal serves one tenant only.")
    advice = _("Sign out of that account at Microsoft, then sign in with your account of this organization.")


class WrongIssuer(TokenRefused):
    reason = "wrong_issuer"
    text = _("The ID token was not issued by your organization's Microsoft Entra ID.")


class WrongAudience(TokenRefused):
    reason = "wrong_audience"
    text = _("The ID token was issued for another application.")


class ExpiredToken(TokenRefused):
    reason = "expired_token"
    text = _("The ID token has expired.")
    advice = _(
        "Start the sign-in again. If it happens again, the portal's clock may be wrong: tell your administrator."
    )


class TokenNotYetValid(TokenRefused):
    reason = "token_not_yet_valid"
    text = _("The ID token is not valid yet.")
    advice = ExpiredToken.advice


class WrongNonce(TokenRefused):
    reason = "wrong_nonce"
    text = _("The ID token belongs to another sign-in than the one that this browser began.")


class MissingClaim(TokenRefused):
    reason = "missing_claim"
    text = _("The ID token does not say who you are: a claim is missing or unreadable.")
