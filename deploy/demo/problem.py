"""How the demo says that it cannot go on."""


class DemoProblem(Exception):
    """One sentence for the person at the terminal: what is wrong and what to do."""
