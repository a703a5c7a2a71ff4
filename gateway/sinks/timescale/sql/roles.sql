-- After the migrations, at each `waypost db migrate`: who may do what. The two are group roles without a login.
REVOKE ALL ON ALL TABLES IN SCHEMA waypost FROM PUBLIC;
REVOKE ALL ON ALL FUNCTIONS IN SCHEMA waypost FROM PUBLIC;

GRANT USAGE ON SCHEMA waypost TO waypost_writer, waypost_reader;
-- ON CONFLICT DO NOTHING needs no SELECT; a gateway asks how far the ledger has its lines, and what level this is
GRANT INSERT ON waypost.event, waypost.gap, waypost.read, waypost.fix TO waypost_writer;
GRANT SELECT ON waypost.ledger, waypost.migration, waypost.site, waypost.gateway, waypost.device TO waypost_writer;
GRANT EXECUTE ON FUNCTION waypost.account, waypost.settle, waypost.present TO waypost_writer;

GRANT SELECT ON ALL TABLES IN SCHEMA waypost TO waypost_reader;
