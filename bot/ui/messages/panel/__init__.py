"""The settings panel, section by section: one message that shows and changes everything."""
