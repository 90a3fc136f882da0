"""From summed cells to KPIs: periods, sums over windows, evaluation, targets. The same code for batch and live."""
