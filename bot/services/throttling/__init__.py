"""When the video service may be asked, and what the operator is told when it may not."""
