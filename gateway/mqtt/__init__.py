"""What every connection to an MQTT broker is made of, whether it publishes (the sink) or listens ([[broker]])."""
