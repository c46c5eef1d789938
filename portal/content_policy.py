"""What a page may load, run and send: its own origin's files, and nothing inline.

https://www.w3.org/TR/CSP3/
"""

from csp.constants import NONE, SELF

REPORT_PATH = "/csp-report"
DIRECTIVES = {
    "default-src": [NONE],
    "script-src": [SELF],
    "style-src": [SELF],
    "img-src": [SELF, "data:"],  # Bootstrap's icons are data: images in its style sheet
    "font-src": [SELF],
    "connect-src": [SELF],
    "form-action": [SELF],
    "frame-ancestors": [NONE],
    "base-uri": [NONE],
    "report-uri": REPORT_PATH,  # deprecated, and the only one that Firefox knows
    "report-to": "csp",
}
