"""Answers read for what they are: their shapes, the states they name, and what an error is about."""
