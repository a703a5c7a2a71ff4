-- For dashboards and reports.
GRANT USAGE ON SCHEMA waypost TO waypost_reader;
GRANT SELECT ON ALL TABLES IN SCHEMA waypost TO waypost_reader;
GRANT EXECUTE ON FUNCTION waypost.was_in, waypost.dwell TO waypost_reader;
