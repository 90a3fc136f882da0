"""What others bring: records by HTTP, and files with a field map. The way in for vendors' feeds and business topics."""
