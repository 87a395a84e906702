"""What prompts may not hold."""
