"""Add, test and edit the connections to Pendo and Salesforce."""

from workbench.ui import frame
from workbench.ui.connection_form import connection_form
from workbench.ui.connection_list import connection_list, leads_to_salesforce
from workbench.ui.salesforce_form import salesforce_form
from workbench.ui.session import shown

name = shown("connection")
if shown("new") == "salesforce" or (name and leads_to_salesforce(name)):
    about = "Where a Salesforce org answers, how to log in, and how many of its calls are ours."
    frame.header(
        name or "New Salesforce connection", about, back=("connections", "All connections")
    )
    salesforce_form(name)
elif name or shown("new"):
    about = "Where a Pendo subscription answers, the key to it, and what a day means there."
    frame.header(name or "New connection", about, back=("connections", "All connections"))
    connection_form(name)
else:
    connection_list()
