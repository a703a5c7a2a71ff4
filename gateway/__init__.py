"""The daemon: settings, supervision, journal and the command line."""
