"""What is connected, what exists, what to do first."""

from workbench.ui.home_page import home_page

home_page()
