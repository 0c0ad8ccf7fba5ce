"""What ran, what is due, what was missed; one run with its log."""

from workbench.ui.run_page import run_page
from workbench.ui.runs_page import runs_page
from workbench.ui.session import shown

run_id = shown("run")
if run_id and run_id.isdecimal():
    run_page(int(run_id))
else:
    runs_page()
