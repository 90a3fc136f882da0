"""``listener demo``: the whole product on this machine, from files through Kafka, workers and a board to numbers."""
