"""What people and events do to a review: load, decide in the domain, save, emit."""
