"""Real posts and articles for ``listener demo --source``: no account, no configuration, only a network."""
