"""The command line: one file per verb, and the only code that prints.

Heavy packages are imported inside the verbs, so that ``--help`` is quick and a core install suffices for all
verbs that need no training or conversion.
"""
