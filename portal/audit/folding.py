"""Folds texts for searches as Unicode 14 does, whichever Unicode the running Python has.

The log stores what this makes of labels and ids, and audit_verify makes it anew, perhaps years later and under another
Python: a letter that only one of them knows must not look like tampering. What Unicode has assigned once, it folds and
normalises alike ever after (https://www.unicode.org/policies/stability_policy.html). Python 3.11 has Unicode 14.
"""

import re
import unicodedata

# All that folding or form NFC changes in Unicode 14, or that its neighbours change with, and nothing that was assigned
# later. Each range is as long as can be, so that a text is seldom more than one run of such characters.
UNICODE_14 = re.compile(
    r"["
    r"\u0000-\u0377\u037a-\u037f\u0384-\u038a\u038c\u038e-\u03a1\u03a3-\u052f\u0531-\u0556\u0559-\u058a\u0591-\u05c7"
    r"\u05d0-\u05ea\u05ef-\u05f4\u0600-\u070d\u070f-\u074a\u07c0-\u07fa\u07fd-\u082d\u0840-\u085b\u0898-\u0983"
    r"\u0993-\u09a8\u09aa-\u09b0\u09bc-\u09c4\u09c7-\u09c8\u09cb-\u09ce\u09d7\u09dc-\u09dd\u09df-\u09e3\u09e6-\u09fe"
    r"\u0a13-\u0a28\u0a2a-\u0a30\u0a32-\u0a33\u0a35-\u0a36\u0a38-\u0a39\u0a3c\u0a4b-\u0a4d\u0a59-\u0a5c\u0a5e"
    r"\u0abc-\u0ac5\u0acb-\u0acd\u0b13-\u0b28\u0b3c-\u0b44\u0b47-\u0b48\u0b4b-\u0b4d\u0b55-\u0b57\u0b5c-\u0b5d"
    r"\u0b92-\u0b95\u0bbe-\u0bc2\u0bc6-\u0bc8\u0bca-\u0bcd\u0bd7\u0c3c-\u0c44\u0c46-\u0c48\u0c4a-\u0c4d\u0c55-\u0c56"
    r"\u0cbc-\u0cc4\u0cc6-\u0cc8\u0cca-\u0ccd\u0cd5-\u0cd6\u0d12-\u0d44\u0d46-\u0d48\u0d4a-\u0d4f\u0d54-\u0d63\u0dca"
    r"\u0dcf-\u0dd4\u0dd8-\u0ddf\u0e01-\u0e3a\u0e3f-\u0e5b\u0ea7-\u0ebd\u0ec8-\u0ecd\u0f00-\u0f47\u0f49-\u0f6c"
    r"\u0f71-\u0f97\u0f99-\u0fbc\u0fbe-\u0fcc\u1000-\u10c5\u10c7\u10cd\u10d0-\u1248\u135d-\u137c\u13f8-\u13fd"
    r"\u1700-\u1715\u171f-\u1736\u1780-\u17dd\u1880-\u18aa\u1930-\u193b\u19de-\u1a1b\u1a60-\u1a7c\u1a7f-\u1a89"
    r"\u1ab0-\u1ace\u1b00-\u1b4c\u1b50-\u1b7e\u1b80-\u1bf3\u1bfc-\u1c37\u1c4d-\u1c88\u1c90-\u1cba\u1cbd-\u1cc7"
    r"\u1cd0-\u1cfa\u1d00-\u1f15\u1f18-\u1f1d\u1f20-\u1f45\u1f48-\u1f4d\u1f50-\u1f57\u1f59\u1f5b\u1f5d\u1f5f-\u1f7d"
    r"\u1f80-\u1fb4\u1fb6-\u1fc4\u1fc6-\u1fd3\u1fd6-\u1fdb\u1fdd-\u1fef\u1ff2-\u1ff4\u1ff6-\u1ffe\u2000-\u2064"
    r"\u20d0-\u20f0\u2100-\u218b\u2190-\u2426\u2460-\u2b73\u2b97-\u2cf3\u2d7f-\u2d96\u2de0-\u2e5d\u3000-\u303f"
    r"\u3041-\u3096\u3099-\u30ff\u3220-\ua48c\ua640-\ua6f7\ua700-\ua7ca\ua7d0-\ua7d1\ua7d5-\ua7d9\ua7f2-\ua82c"
    r"\ua880-\ua8c5\ua8e0-\ua953\ua980-\ua9cd\uaa5c-\uaac2\uaadb-\uaaf6\uab70-\uabed\uac00-\ud7a3\ud800-\ufa6d"
    r"\ufa70-\ufad9\ufb00-\ufb06\ufb13-\ufb17\ufb1d-\ufb36\ufb38-\ufb3c\ufb3e\ufb40-\ufb41\ufb43-\ufb44\ufb46-\ufbc2"
    r"\ufe20-\ufe52\uff01-\uffbe\U000101d0-\U000101fd\U000102e0-\U000102fb\U00010350-\U0001037a\U00010400-\U0001049d"
    r"\U000104b0-\U000104d3\U0001056f-\U0001057a\U0001057c-\U0001058a\U0001058c-\U00010592\U00010594-\U00010595"
    r"\U00010a0c-\U00010a13\U00010a38-\U00010a3a\U00010a3f-\U00010a48\U00010ac0-\U00010ae6\U00010c80-\U00010cb2"
    r"\U00010cfa-\U00010d27\U00010eab-\U00010ead\U00010f30-\U00010f59\U00010f70-\U00010f89\U00011000-\U0001104d"
    r"\U00011052-\U00011075\U0001107f-\U000110c2\U00011100-\U00011134\U00011150-\U00011176\U00011180-\U000111df"
    r"\U00011213-\U0001123e\U000112b0-\U000112ea\U0001133b-\U00011344\U00011347-\U00011348\U0001134b-\U0001134d"
    r"\U00011357\U00011366-\U0001136c\U00011370-\U00011374\U00011400-\U0001145b\U0001145d-\U00011461"
    r"\U00011480-\U000114c7\U00011580-\U000115b5\U000115b8-\U000115dd\U00011600-\U00011644\U00011680-\U000116b9"
    r"\U0001171d-\U0001172b\U00011800-\U0001183b\U000118a0-\U000118f2\U00011918-\U00011935\U00011937-\U00011938"
    r"\U0001193b-\U00011946\U000119da-\U000119e4\U00011a00-\U00011a47\U00011a50-\U00011aa2\U00011c38-\U00011c45"
    r"\U00011d3f-\U00011d47\U00011d93-\U00011d98\U00016af0-\U00016af5\U00016b00-\U00016b45\U00016e40-\U00016e9a"
    r"\U00016ff0-\U00016ff1\U0001bc9c-\U0001bca3\U0001d129-\U0001d1ea\U0001d200-\U0001d245\U0001e000-\U0001e006"
    r"\U0001e008-\U0001e018\U0001e01b-\U0001e021\U0001e023-\U0001e024\U0001e026-\U0001e02a\U0001e130-\U0001e13d"
    r"\U0001e290-\U0001e2ae\U0001e2c0-\U0001e2f9\U0001e8c7-\U0001e8d6\U0001e900-\U0001e94b\U00020000-\U0002a6df"
    r"\U0002f800-\U0002fa1d"
    r"]+"
)


def is_normalized(text: str) -> bool:
    """Whether it is in form NFC, for every Python alike: what one of them has no letters for changes nothing."""
    return unicodedata.is_normalized("NFC", text) or all(
        unicodedata.is_normalized("NFC", run) for run in UNICODE_14.findall(text)
    )


def searchable(text: str) -> str:
    """Text folded in a way that makes a search ignore case and spelling, alike on every database and every Python."""
    if text.isascii():  # as nearly all are that a verifier comes by
        return text.lower()
    return UNICODE_14.sub(lambda run: folded_by_python(run.group()), text)


def folded_by_python(text: str) -> str:
    """The same as the running Python does it, with all the letters that it knows."""
    return unicodedata.normalize("NFC", text.casefold())
