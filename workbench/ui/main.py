"""The script that every session runs: page configuration and the menu; nothing else.

It does not lie beside ``pages/``, for Streamlit would take that folder for its old kind of app
and show the first visitor with a deep link another menu.
"""

import streamlit as st

from workbench.ui.frame import PAGES
from workbench.ui.session import keep_address

# Reasons stand in comments here: Streamlit would print a string that stands by itself.

# Page, title and icon, by group; a page's name is its address.
MENU = {
    "": (("home", "Home", "home"),),
    "Data": (("pulls", "Pulls", "download"), ("explore", "Explore", "table")),
    "Activate": (
        ("automations", "Automations", "sync_alt"),
        ("campaigns", "Campaigns", "campaign"),
    ),
    "Operate": (
        ("runs", "Runs & schedules", "schedule"),
        ("connections", "Connections", "cable"),
    ),
}
# Pixels: the longest title fits, and the tables have the rest.
SIDEBAR_WIDTH = 220

st.set_page_config(
    page_title="Analyst workbench",
    page_icon=":material/table_chart_view:",
    layout="wide",
    initial_sidebar_state=SIDEBAR_WIDTH,
)
page = st.navigation(
    {
        group: [
            st.Page(
                PAGES[name],
                title=title,
                icon=f":material/{icon}:",
                url_path=name,
                default=name == "home",
            )
            for name, title, icon in pages
        ]
        for group, pages in MENU.items()
    }
)
keep_address()
page.run()
