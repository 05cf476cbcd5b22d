-- Rows that change with every order leave dead versions, and the indexes of what is open collect dead
-- entries at exactly the end where they are read. PostgreSQL cleans a table when a fifth of it is dead:
-- with a million orders that is never. These are cleaned after a hundredth, and looked at for the
-- planner as often, since what it must know is the newest.

alter table notification set (autovacuum_vacuum_scale_factor = 0.01,
  autovacuum_analyze_scale_factor = 0.02, autovacuum_vacuum_cost_delay = 1);
alter table printing set (autovacuum_vacuum_scale_factor = 0.01,
  autovacuum_analyze_scale_factor = 0.02, autovacuum_vacuum_cost_delay = 1);
alter table event_outcome set (autovacuum_vacuum_scale_factor = 0.01,
  autovacuum_analyze_scale_factor = 0.02, autovacuum_vacuum_cost_delay = 1);
alter table payment set (autovacuum_vacuum_scale_factor = 0.01,
  autovacuum_analyze_scale_factor = 0.02);
alter table attempt set (fillfactor = 90, autovacuum_vacuum_scale_factor = 0.02,
  autovacuum_analyze_scale_factor = 0.02);

-- Never changed, but read by what is newest. A tenth of each page stays free, so that a small row does
-- not go into the last hole of a page of years ago: one page touched for each row is one page written to
-- the log for each row (80 kB an order with a million of them, 29 so).
alter table orders set (fillfactor = 90, autovacuum_analyze_scale_factor = 0.02);
alter table invoice set (fillfactor = 90, autovacuum_analyze_scale_factor = 0.02);
alter table stripe_event set (fillfactor = 90, autovacuum_analyze_scale_factor = 0.02);

-- The one row that every order waits for. Its versions stay on its page, where they are cleaned in
-- passing.
alter table invoice_series set (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 200);
