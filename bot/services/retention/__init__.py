"""The end of what is stored."""
