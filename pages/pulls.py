"""Define a pull, preview it, run it, and see how its runs went."""

from workbench.ui.pull_list import pull_list
from workbench.ui.pull_page import pull_page
from workbench.ui.session import services, shown

name, new = shown("pull"), shown("new")
if name:
    pull_page(name)
elif new and services().documents.names("connection"):
    pull_page(None, copied=new if new in services().documents.names("pull") else None)
else:
    pull_list()
