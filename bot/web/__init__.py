"""How the bot is seen from outside, over HTTP: whether it is well, and its figures for Prometheus."""
