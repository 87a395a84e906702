"""What the operator is told and does: alerts, pauses, the audit of their own, and what they look at."""
