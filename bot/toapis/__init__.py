"""The video service: HTTP, and JSON to models and back."""
