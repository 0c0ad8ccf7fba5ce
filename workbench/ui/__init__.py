"""Streamlit pieces shared by the pages; nothing here decides anything."""
