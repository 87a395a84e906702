"""What is one engine's own: SQLite's connections and its log of what is written ahead."""
