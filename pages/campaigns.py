"""Salesforce campaigns: who is in them, what they did, what was synced, what it cost."""

from workbench.ui.campaign_list import campaign_list
from workbench.ui.campaign_page import campaign_page
from workbench.ui.session import shown

campaign = shown("campaign")
if campaign:
    campaign_page(campaign, shown("sync"))
else:
    campaign_list(shown("sync"))
