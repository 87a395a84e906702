"""The moderators' settings panel."""
