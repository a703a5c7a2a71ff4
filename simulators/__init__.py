"""Devices without hardware: the codecs run backwards, from one seeded world that knows the truth."""
