"""What the operator does by hand, from the command line or by ``/operator``."""
