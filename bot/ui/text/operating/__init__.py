"""What the operator reads who does something by hand: on the command line, and in ``/operator``."""
