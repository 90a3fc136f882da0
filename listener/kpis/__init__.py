"""KPIs outward: the command, the HTTP routes, recording rules and the reference page."""
