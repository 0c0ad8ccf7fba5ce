"""Define a prediction sync, see exactly what it would write, write that, and take it back."""

from workbench.ui.automation_list import automation_list
from workbench.ui.automation_page import automation_page
from workbench.ui.session import services, shown

name, new = shown("automation"), shown("new")
if name:
    automation_page(name)
elif new and services().documents.names("connection") and services().datasets.names():
    copied = new if new in services().documents.names("automation") else None
    automation_page(None, copied=copied)
else:
    automation_list()
