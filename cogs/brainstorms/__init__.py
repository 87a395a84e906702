"""Brainstorming: previews, rounds and their votes, and what was brainstormed before."""
