"""The frame: page configuration and the menu; nothing else."""

import streamlit as st

st.set_page_config(
    page_title="Analyst workbench",
    page_icon=":material/table_chart_view:",
    layout="wide",
    initial_sidebar_state=220,
)
st.navigation(
    {
        "": [
            st.Page(
                "pages/home.py", title="Home", icon=":material/home:", url_path="home", default=True
            )
        ],
        "Data": [
            st.Page("pages/pulls.py", title="Pulls", icon=":material/download:", url_path="pulls"),
            st.Page(
                "pages/explore.py", title="Explore", icon=":material/table:", url_path="explore"
            ),
        ],
        "Operate": [
            st.Page(
                "pages/connections.py",
                title="Connections",
                icon=":material/cable:",
                url_path="connections",
            )
        ],
    }
).run()
