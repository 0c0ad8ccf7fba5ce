"""Where things are kept: state (documents, runs, secrets) and datasets (Delta tables)."""
