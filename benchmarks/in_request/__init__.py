"""The site as it was first: its home page predicts before it answers, and nothing is queued."""
