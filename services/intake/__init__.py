"""Campaigns, units, people, works, uploads, quotas, recommendation lists and receipts."""
