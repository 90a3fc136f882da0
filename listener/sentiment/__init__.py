"""``listener sentiment`` and ``listener train sentiment``: the filter, the trainer and the artefacts."""
