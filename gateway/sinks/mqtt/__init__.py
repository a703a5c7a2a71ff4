"""The MQTT sink: every event and gap as a message, and how everything is now as retained ones."""
