"""What becomes of a job, from the request to the clip."""
