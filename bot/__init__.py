"""Reelay: a Discord bot that turns a line of chat into a video."""
