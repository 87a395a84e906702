"""The demo's page: the channels and threads of its community, side by side."""
