"""Facts of the apps below that people are told of."""
