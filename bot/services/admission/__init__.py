"""Taking jobs in: what decides whether a member may have a clip made, and what is written when they may."""
