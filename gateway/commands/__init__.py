"""The commands of `waypost`, one module each. Data goes to stdout, messages to stderr; see gateway/exits.py."""
