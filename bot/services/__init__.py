"""The rules: what may happen to a job, and when."""
