"""Throw-away RabbitMQ and PostgreSQL servers, for the tests and for ``make services``."""
