"""Documents: connections and pulls as people write them, in YAML, checked before anything is kept.

Reading YAML, telling faults by file and line, and the catalogue of what is stored.
"""

from workbench.documents.applying import Applied
from workbench.documents.catalogue import Catalogue
from workbench.documents.faults import DocumentsError, Fault
from workbench.documents.kinds import KINDS, Kind
from workbench.documents.yaml_text import Text

__all__ = ["KINDS", "Applied", "Catalogue", "DocumentsError", "Fault", "Kind", "Text"]
