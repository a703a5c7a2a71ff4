"""The webhook sink: rows in signed JSON bodies, each with an idempotency key."""
