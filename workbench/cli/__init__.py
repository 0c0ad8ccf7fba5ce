"""The command line: arguments in, functions called, text or JSON out. Decides nothing.

``main`` runs a command and turns its end into an exit code; ``parser`` knows the words; the other
modules hold one group of commands each and are loaded only when one of them is asked for.
"""
