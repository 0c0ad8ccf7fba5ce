"""A Salesforce org on loopback, for rehearsal, demo and tests: HTTP outside, SQLite inside."""
