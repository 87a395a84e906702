"""Sending a job, and knowing what became of it."""
