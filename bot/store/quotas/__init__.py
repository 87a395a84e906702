"""The ledger, and the rules of quotas."""
