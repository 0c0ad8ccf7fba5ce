"""The analyst workbench: pull Pendo data, sync predictions into Pendo, sync Salesforce campaigns.

This package is what the pages, the notebooks, the command line and the scheduler all run.
"""

__version__ = "0.1.0"
