"""When to poll a render, learned from those that are done."""
