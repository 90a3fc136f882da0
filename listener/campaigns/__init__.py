"""Campaign files: YAML that a brand team keeps under version control."""
