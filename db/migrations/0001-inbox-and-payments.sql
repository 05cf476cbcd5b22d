-- The inbox holds Stripe's events as received, for ever and unchanged. What came of an event is kept
-- beside it, not in it. A payment is one row under its payment key: the row lock on it makes the
-- events of one payment pass one by one.

create function refuse_change() returns trigger language plpgsql as $$
begin
  raise exception '% of % is refused: its rows never change', lower(tg_op), tg_table_name
    using errcode = 'restrict_violation';
end $$;

create table stripe_event (
  id text primary key check (id <> ''),
  type text not null check (type <> ''),
  api_version text,
  livemode boolean not null,
  account text,
  object_id text,
  created_at timestamptz not null,
  received_at timestamptz not null,
  -- Text, not jsonb: valid JSON may hold \u0000 or a lone surrogate, which jsonb refuses.
  body text not null
);
create trigger stripe_event_is_immutable before update or delete on stripe_event
  for each row execute function refuse_change();
create trigger stripe_event_is_kept before truncate on stripe_event
  for each statement execute function refuse_change();

create table payment (
  key text primary key check (key <> ''),
  state text not null check (state in ('waiting', 'quarantined', 'recorded', 'dismissed')),
  reason text,
  detail text,
  -- The event whose resolution set the state.
  event_id text not null references stripe_event,
  -- Who set it aside and why; the reason of its quarantine stays beside.
  dismissed_by text,
  dismissed_why text,
  created_at timestamptz not null,
  updated_at timestamptz not null,
  check ((state = 'recorded') = (reason is null)),
  check ((state = 'dismissed') = (dismissed_by is not null)),
  check ((state = 'dismissed') = (dismissed_why is not null))
);
create index payment_by_state on payment (state, updated_at);

-- One row per event from the moment it is stored, so that what is still open is a small index and
-- never a search through the whole inbox.
create table event_outcome (
  event_id text primary key references stripe_event,
  kind text not null check (kind in
    ('pending', 'ignored', 'wait', 'quarantine', 'recorded', 'already-recorded')),
  reason text,
  payment_key text,
  tries integer not null default 0 check (tries >= 0),
  concluded_at timestamptz not null
);
create index event_outcome_open on event_outcome (concluded_at) where kind in ('pending', 'wait');
create index event_outcome_by_payment on event_outcome (payment_key);
