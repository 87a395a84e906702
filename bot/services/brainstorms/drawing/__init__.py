"""Which takes are made of an idea: reading its slots, and drawing from them; all of it pure."""
