"""``POST /aggregation``: sources, pipelines, and the answer (pendo-api contract, section 2)."""
