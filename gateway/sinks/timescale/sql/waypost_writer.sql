-- What a gateway needs: it only ever inserts. ON CONFLICT DO NOTHING needs no SELECT; it asks how far the ledger has
-- its lines, and of which level the schema is.
GRANT USAGE ON SCHEMA waypost TO waypost_writer;
GRANT INSERT ON waypost.event, waypost.gap, waypost.read, waypost.fix TO waypost_writer;
GRANT SELECT ON waypost.ledger, waypost.migration, waypost.site, waypost.gateway, waypost.device, waypost.edition
    TO waypost_writer;
-- for `waypost db status` and `verify`
GRANT SELECT ON waypost.proof, waypost.gaps, waypost.expired TO waypost_writer;
GRANT EXECUTE ON FUNCTION waypost.account, waypost.settle, waypost.present, waypost.layout, waypost.upkeep
    TO waypost_writer;
