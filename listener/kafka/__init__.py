"""Kafka around the product: settings, the embedded broker, topics."""
