"""Sources with a list that is asked for now and then: YouTube channels, Aparat, GDELT."""
