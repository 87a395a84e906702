"""Backups that the bot makes by itself, and jobs that come from one."""
