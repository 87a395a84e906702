"""The words about clips that were delivered, and about those on the way."""
