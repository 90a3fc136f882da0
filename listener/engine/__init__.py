"""Everything that touches the inside of Faust, and nothing else."""
