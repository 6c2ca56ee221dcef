"""What survives when processes die: a driver outside the system keeps a ledger and does the accounting."""
