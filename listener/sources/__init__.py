"""Sources: what networks and the press send, made into records of our topics."""
