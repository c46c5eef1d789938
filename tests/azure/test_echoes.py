"""What Azure quotes of a secret does not come back with its answer, however it spells it."""

import base64
import json
import re
import unicodedata
from collections.abc import Callable
from html import escape
from urllib.parse import quote, quote_plus

import pytest

from reimage.azure.calls import Accepted, CallOutcome, Refused, Unknown
from reimage.azure.echoes import LONGEST, cleansed, without_echoes
from tests.canary.spellings import PASSWORD, as_words, spellings

DATA = 'echo "Canary/é+7" | chpasswd & true >>>log ???'
CONTENT = base64.b64encode(DATA.encode()).decode()
BODY = {"osProfile": {"adminPassword": PASSWORD, "customData": CONTENT}}
WITHHELD = Refused(status=400, code="InvalidParameter", message="***")
WORDS = [
    "Another operation is at work.",
    "The value of parameter adminPassword is not valid: 12-123 characters, 3 of 4 kinds; see https://aka.ms/a?b=c%20d&e",
    'Property \'osProfile\' {"code": "\\u0041", "path": "C:\\\\Windows\\/Temp"} of VM &quot;web-02&quot; a+b 50%25',
    "Correlation 7d3a0c2e-43c0-4a2b-9f7e-43616e617279, activity Q2FuYXJ5LzcrIic=.",
]


def refused(message: str) -> Refused:
    return Refused(status=400, code="InvalidParameter", message=message)


def in_json(text: str) -> str:
    return json.dumps(text)[1:-1]


def in_base64(text: str) -> str:
    return base64.b64encode(text.encode()).decode()


def in_codes(text: str) -> str:
    return "".join(f"\\u{ord(letter):04x}" for letter in text)


def in_numbers(text: str) -> str:
    return "".join(f"&#{ord(letter)};" for letter in text)


def in_two_bytes(before: str) -> Callable[[str], str]:
    return lambda text: base64.b64encode(f"{before}{text}!".encode("utf-16-le")[len(before) :]).decode()


@pytest.mark.asvs("V14.2.4")
@pytest.mark.parametrize("secret", [PASSWORD, DATA])
@pytest.mark.parametrize("spell", [str, quote, in_json, in_base64])
def test_a_plain_spelling_is_taken_out_and_the_rest_stays(secret: str, spell: Callable[[str], str]) -> None:
    said = without_echoes(refused(f"The value '{spell(secret)}' is wrong."), BODY)
    assert said == refused("The value '***' is wrong.")
    assert without_echoes(Unknown(f"Bad_{spell(secret)}", 500), BODY) == Unknown("Bad_***", 500)


@pytest.mark.asvs("V14.2.4")
@pytest.mark.parametrize("secret", [PASSWORD, DATA])
@pytest.mark.parametrize("spelling", spellings(PASSWORD))
def test_no_spelling_that_the_canary_knows_comes_back(secret: str, spelling: str) -> None:
    echo = as_words(spellings(secret)[spelling])
    for outcome in (refused(f"The value '{echo}' is wrong."), Unknown(f"Bad_{echo}", 500)):
        said = repr(without_echoes(outcome, BODY))
        assert "***" in said
        assert repr(echo)[1:-1] not in said


@pytest.mark.asvs("V14.2.4")
@pytest.mark.parametrize("secret", [PASSWORD, DATA])
@pytest.mark.parametrize(
    "spell",
    [
        lambda text: re.sub("%..", lambda code: code[0].lower(), quote(text, safe="")),
        lambda text: text.replace("/", "%2f"),
        quote_plus,
        lambda text: text.replace("+", "\\u002B"),
        lambda text: text.replace("/", "\\/"),
        in_codes,
        in_numbers,
        escape,
        lambda text: in_json(in_json(text)),
        lambda text: quote(quote(text, safe=""), safe=""),
        lambda text: escape(in_json(text)),
        lambda text: in_json(escape(text)),
        lambda text: quote(in_json(text), safe=""),
        lambda text: in_json(quote_plus(text)),
        lambda text: text.replace("/", "\\x2f"),
        lambda text: unicodedata.normalize("NFD", text),
        lambda text: quote(in_base64(f"a{text}"), safe=""),
        lambda text: in_base64(f"ab{text}").replace("/", "\\/"),
        lambda text: base64.urlsafe_b64encode(f"a{text}".encode()).decode().rstrip("="),
        lambda text: in_base64(f"a{text}z"),
        lambda text: in_base64(f"ab{text}z"),
        in_two_bytes(""),
        in_two_bytes("a"),
        in_two_bytes("ab"),
        lambda text: text.encode().hex(),
        lambda text: f"0x{text.encode().hex().upper()}",
        lambda text: text.encode("utf-16-be").hex(),
        lambda text: base64.encodebytes(text.encode() * 3).decode(),
        lambda text: in_json(base64.encodebytes(text.encode() * 3).decode().replace("\n", "\r\n")),
        lambda text: text.encode().hex("-").upper(),
        lambda text: ", ".join(f"0x{byte:02X}" for byte in text.encode()),
        lambda text: str(list(text.encode())),
        lambda text: text.replace("'", "''").replace('"', '""').replace("?", "? "),
        lambda text: text.encode().decode("latin-1"),
        lambda text: repr(text.encode())[2:-1],
        lambda text: quote(text, safe="", encoding="latin-1"),
        lambda text: "".join(letter if letter.isascii() else f"%u{ord(letter):04X}" for letter in text),
        lambda text: "".join(letter if letter.isascii() else f"\\U{ord(letter):08X}" for letter in text),
        lambda text: "".join(f"\\{byte:03o}" for byte in text.encode()),
    ],
)
def test_words_that_hold_a_disguised_one_are_withheld(secret: str, spell: Callable[[str], str]) -> None:
    assert without_echoes(refused(f"The value '{spell(secret)}' is wrong."), BODY) == WITHHELD


def test_letters_beyond_the_first_plane_are_two_escapes() -> None:
    secret = "Canary \U0001f40e"
    assert cleansed("It is C\\u0061nary \\ud83d\\udc0e.", [secret]) == "***"


@pytest.mark.parametrize("content", [b"\x1f\x8b\x08 canary \xff\xfe", b"\xff\xd8\xff\xe0 canary"])
def test_custom_data_need_not_be_text(content: bytes) -> None:
    body = {"osProfile": {"customData": base64.b64encode(content).decode()}}
    for echo in (content.hex(), base64.b64encode(b"a" + content).decode()):
        assert without_echoes(refused(f"customData {echo}"), body) == WITHHELD
    assert without_echoes(refused(f"x {content.decode(errors='replace')} y"), body) == refused("x *** y")


def test_a_password_within_custom_data_hides_no_echo_of_the_rest() -> None:
    """Taken out first, it would leave a text in which the other is no longer recognised."""
    password = "Horse-7-Stable"
    data = f"#cloud-config {password}/canary"
    body = {"osProfile": {"adminPassword": password, "customData": base64.b64encode(data.encode()).decode()}}
    assert without_echoes(refused(data.replace("/", "\\/")), body) == WITHHELD
    assert without_echoes(refused(f"It is {data}, and {password}."), body) == refused("It is ***, and ***.")


@pytest.mark.parametrize("words", WORDS)
def test_the_words_of_azure_are_kept(words: str) -> None:
    assert without_echoes(refused(words), BODY) == refused(words)


@pytest.mark.parametrize(
    "body", [None, {}, {"tempDisk": True}, {"osProfile": None}, {"osProfile": {"customData": "YQ=="}}]
)
def test_the_rest_stays_as_azure_said_it(body: dict[str, object] | None) -> None:
    assert without_echoes(refused("Another operation is at work."), body) == refused("Another operation is at work.")


@pytest.mark.parametrize("outcome", [Accepted(202, "", "", ""), Unknown("timeout")])
def test_what_holds_no_words_stays_whole(outcome: CallOutcome) -> None:
    assert without_echoes(outcome, BODY) == outcome


def test_a_long_message_is_searched_to_its_end() -> None:
    padding = "x" * (LONGEST - 1_000)
    assert cleansed(padding, [PASSWORD]) == "x" * 1_000
    assert cleansed(f"{padding} {quote(PASSWORD, safe='')}", [PASSWORD]) == "***"


def test_one_that_is_longer_than_any_is_withheld() -> None:
    assert cleansed("x" * (LONGEST + 1), [PASSWORD]) == "***"
    assert cleansed("x" + PASSWORD * LONGEST, [PASSWORD]) == "***"
    assert cleansed("x" + PASSWORD * 1_000, [PASSWORD]) == ("x" + "***" * 1_000)[:1_000]


@pytest.mark.asvs("V14.2.4")
@pytest.mark.parametrize(
    ("change", "spells"),
    [
        (str.strip, [str, in_json, in_base64, quote_plus]),
        (lambda text: text.replace("\r\n", "\n"), [str, in_json, in_base64, quote_plus]),
        (lambda text: " ".join(text.split()), [str, in_json, quote_plus]),
    ],
)
def test_custom_data_is_recognised_with_other_ends_of_lines(
    change: Callable[[str], str], spells: list[Callable[[str], str]]
) -> None:
    data = "#cloud-config\r\nchpasswd: {list: 'root:Canary-7-Horse'}\r\n"
    body = {"osProfile": {"customData": base64.b64encode(data.encode()).decode()}}
    for spell in spells:
        said = without_echoes(refused(f"customData '{spell(change(data))}' is wrong."), body)
        assert said in (WITHHELD, refused("customData '***' is wrong."))
