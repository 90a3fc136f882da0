"""Relevance: what is known of sectors and brands, own labelled examples, and the model that ships."""
