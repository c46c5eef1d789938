"""Spoiled copies of true evidence, each breaking one promise: what the judge must not let pass."""
