"""The little language of filters, selects and dates (pendo-api contract, section 2.7). Pure."""

from workbench.standin.expressions.evaluate import Setting, compiled, evaluate
from workbench.standin.expressions.parser import ParseError, parse

__all__ = ["ParseError", "Setting", "compiled", "evaluate", "parse"]
