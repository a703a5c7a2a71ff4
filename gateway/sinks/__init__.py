"""Where events go: each sink is the far end of a cursor on the journal."""
