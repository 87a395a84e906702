"""Try it with no accounts."""
