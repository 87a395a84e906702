"""Writing a video anew: around its pictures (``rewrapping``) or with new ones (``encoding``), and its ``sound``."""
