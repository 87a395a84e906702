"""From models to messages."""
