"""The moderators' commands."""
