"""The verbs that ask and change nothing: https://www.rfc-editor.org/rfc/rfc9110#name-safe-methods"""

SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS", "TRACE"})
