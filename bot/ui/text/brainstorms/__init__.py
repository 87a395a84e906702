"""The words of brainstorming."""
