"""What makes two entries the same person, project or work, and what a campaign does about it. Pure."""
