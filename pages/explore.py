"""Look at a dataset: rows, statistics, charts, SQL, versions."""

from workbench.ui.dataset_page import explore_page

explore_page()
