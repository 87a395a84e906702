"""Brainstorms: what is planned, what is made and voted on, and what came of it."""
