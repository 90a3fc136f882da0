"""Shapes and knowledge: records, cells, entities, campaigns, Persian text. Imports nothing of ours but itself."""
