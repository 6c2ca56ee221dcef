"""SQL, and nothing else: each module reads and writes one table's worth, in a transaction that others own."""
