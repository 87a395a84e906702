"""What moderators decide, the audit, and the modlog's cards."""
