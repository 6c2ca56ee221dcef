"""The database engines that a node can keep its messages in."""
