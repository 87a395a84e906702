"""Reelay: a Discord bot that turns a line of chat into a video."""

__version__ = "0.1.0"
