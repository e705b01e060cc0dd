"""Metrics and structured logs, for every process."""
