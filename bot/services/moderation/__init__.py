"""What moderators decide, and how it is written down."""
