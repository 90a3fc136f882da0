"""Pure steps: skim, match, normalise, fold, count. No Kafka, no clock, no randomness, no I/O."""
