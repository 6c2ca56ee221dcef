"""A whole partnership on one machine, with the real rules, keys and log, and a story."""
