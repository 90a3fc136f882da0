"""Alerts: closed minutes are watched, incidents explained, delivered to Alertmanager, answered, back-tested."""
