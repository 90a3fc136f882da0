"""What every connector needs: a cursor, records that are judged and acknowledged, patience, and numbers to watch."""
