"""A worker of the counting plane: owns partitions, counts them, makes the counts durable."""
