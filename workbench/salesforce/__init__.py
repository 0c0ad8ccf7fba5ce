"""Salesforce: the connection, the logins, and one method for each endpoint the workbench uses."""
