-- Runs of the reconciliation with Stripe. An unfinished run keeps the cursor of the last page whose
-- events were all taken in, so that it goes on there after a crash. The last finished automatic run
-- says from when the next one looks; one that a person asked for leaves what lies before it open.

create table reconciliation (
  id bigint generated always as identity primary key,
  since timestamptz not null,
  until timestamptz not null,
  automatic boolean not null,
  -- The event id that Stripe's list goes on after; null before the first page.
  cursor text,
  looked integer not null default 0,
  received integer not null default 0,
  started_at timestamptz not null,
  finished_at timestamptz,
  check (since < until)
);
create index reconciliation_finished on reconciliation (until desc) where automatic and finished_at is not null;
create index reconciliation_open on reconciliation (id desc) where finished_at is null;
