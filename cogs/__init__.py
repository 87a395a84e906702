"""What people can do: one file per command family."""
