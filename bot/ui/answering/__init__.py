"""How interactions are answered."""
