"""The central store: a schema in TimescaleDB or PostgreSQL, and the sink that writes there exactly once."""
