"""Facts of the apps below that the line answers to."""
