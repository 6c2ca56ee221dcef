"""The gateway: verifies what agencies submit, enforces reciprocity, logs every verdict, and routes."""
