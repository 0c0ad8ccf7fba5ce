"""The app, for ``streamlit run app.py``; its frame is ``workbench/ui/main.py``."""

from pathlib import Path

import streamlit as st

app = st.App(Path(__file__).parent / "workbench" / "ui" / "main.py")
