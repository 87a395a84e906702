"""What the operator does in Discord."""
