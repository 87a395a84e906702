"""Finished clips: what was made, and what is made of them."""
