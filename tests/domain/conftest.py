"""Properties judge what a rule answers, never how long a busy machine took."""

from hypothesis import settings

settings.register_profile("untimed", deadline=None)
settings.load_profile("untimed")
