"""Evidence on standard output: UTF-8 whatever the terminal's encoding, for it is bytes that are proven."""

import codecs

from django.core.management.base import OutputWrapper


def in_utf8(output: OutputWrapper) -> codecs.StreamWriter | OutputWrapper:
    """Where to write; the same output where it takes text alone, as one in the memory does."""
    buffer = getattr(output, "buffer", None)
    if buffer is None:
        return output
    output.flush()
    return codecs.getwriter("utf-8")(buffer)
