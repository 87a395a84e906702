"""Brainstorms: many takes of one idea in a thread, and a vote among them."""
