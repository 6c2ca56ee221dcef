"""One agency's node: tells, asks, takes in and answers, with a database and keys of its own."""
