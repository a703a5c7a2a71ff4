"""`waypost discover`: what is attached, what answers in the network, who calls, who publishes. See README.md here."""
