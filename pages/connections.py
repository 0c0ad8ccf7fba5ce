"""Add, test and edit the connections to Pendo."""

from workbench.ui import frame
from workbench.ui.connection_form import connection_form
from workbench.ui.connection_list import connection_list
from workbench.ui.session import shown

name = shown("connection")
if name or shown("new"):
    about = "Where a Pendo subscription answers, the key to it, and what a day means there."
    frame.header(name or "New connection", about, back=("connections", "All connections"))
    connection_form(name)
else:
    connection_list()
