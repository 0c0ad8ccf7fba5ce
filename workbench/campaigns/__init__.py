"""Campaign syncs: Salesforce is master of the members, our mail side of the campaign's course."""
