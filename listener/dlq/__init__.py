"""Dead letters: looked at, produced again, or put away."""
