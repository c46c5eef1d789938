"""What Azure quotes of a secret does not come back with its answer."""

import base64
import json
from urllib.parse import quote

import pytest

from reimage.azure.calls import Accepted, CallOutcome, Refused, Unknown
from reimage.azure.echoes import without_echoes

PASSWORD = 'Canary-"7é-Horse'
DATA = "#cloud-config canary"
BODY = {"osProfile": {"adminPassword": PASSWORD, "customData": base64.b64encode(DATA.encode()).decode()}}


def refused(message: str) -> Refused:
    return Refused(status=400, code="InvalidParameter", message=message)


@pytest.mark.asvs("V14.2.4")
@pytest.mark.parametrize("secret", [PASSWORD, DATA])
@pytest.mark.parametrize(
    "spell", [str, quote, lambda text: json.dumps(text)[1:-1], lambda text: base64.b64encode(text.encode()).decode()]
)
def test_each_spelling_is_taken_out(secret: str, spell: object) -> None:
    said = without_echoes(refused(f"The value '{spell(secret)}' is wrong."), BODY)
    assert said == refused("The value '***' is wrong.")
    assert without_echoes(Unknown(f"Bad_{spell(secret)}", 500), BODY) == Unknown("Bad_***", 500)


@pytest.mark.parametrize(
    "body", [None, {}, {"tempDisk": True}, {"osProfile": None}, {"osProfile": {"customData": "YQ=="}}]
)
def test_the_rest_stays_as_azure_said_it(body: dict[str, object] | None) -> None:
    assert without_echoes(refused("Another operation is at work."), body) == refused("Another operation is at work.")


@pytest.mark.parametrize("outcome", [Accepted(202, "", "", ""), Unknown("timeout")])
def test_what_holds_no_words_stays_whole(outcome: CallOutcome) -> None:
    assert without_echoes(outcome, BODY) == outcome
