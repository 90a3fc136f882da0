"""The reading plane: merges the cells of all workers and answers HTTP."""
