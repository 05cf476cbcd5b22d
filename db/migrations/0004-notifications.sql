-- Notifications and their attempts. The checks say which facts exist in which state and the trigger
-- which moves are legal: the same machine as src/domain/notification.ts, and a test compares them.
-- An attempt has its row before anything is sent; it is closed once and never changes again.

create table notification (
  id uuid primary key,
  order_id bigint not null references orders,
  channel text not null check (channel in ('email', 'webhook')),
  state text not null
    check (state in ('queued', 'sending', 'completed', 'failed', 'exhausted', 'quarantined')),
  round integer not null check (round >= 1),
  round_attempts integer not null check (round_attempts >= 0),
  attempts integer not null check (attempts >= round_attempts),
  interruptions integer not null check (interruptions >= 0),
  next_attempt_at timestamptz,
  lease_token uuid,
  -- The process that sends; it holds an advisory lock (7301, hashtext(lease_holder)) while it lives.
  lease_holder text,
  lease_until timestamptz,
  completed_at timestamptz,
  ended_at timestamptz,
  created_at timestamptz not null,
  unique (order_id, channel),
  check ((state = 'queued') = (next_attempt_at is not null)),
  check ((state = 'sending') = (lease_token is not null)),
  check ((state = 'sending') = (lease_holder is not null)),
  check ((state = 'sending') = (lease_until is not null)),
  check ((state = 'completed') = (completed_at is not null)),
  check ((state in ('failed', 'exhausted', 'quarantined')) = (ended_at is not null))
);
create index notification_due on notification (next_attempt_at) where state = 'queued';
create index notification_leased on notification (lease_until) where state = 'sending';
create index notification_ended on notification (ended_at)
  where state in ('failed', 'exhausted', 'quarantined');

create function notification_moves_along_an_edge() returns trigger language plpgsql as $$
begin
  if tg_op = 'INSERT' then
    if new.state <> 'queued' then
      raise exception 'a notification is born queued' using errcode = 'restrict_violation';
    end if;
    return new;
  end if;
  if tg_op = 'DELETE' or (new.id, new.order_id, new.channel)
      is distinct from (old.id, old.order_id, old.channel) then
    raise exception 'a notification is never deleted and never another' using
      errcode = 'restrict_violation';
  end if;
  if (old.state, new.state) not in (
    ('queued', 'sending'),
    ('sending', 'completed'), ('sending', 'failed'), ('sending', 'queued'),
    ('sending', 'exhausted'), ('sending', 'quarantined'),
    ('failed', 'queued'), ('exhausted', 'queued'), ('quarantined', 'queued')
  ) then
    raise exception 'a notification does not move from % to %', old.state, new.state using
      errcode = 'restrict_violation';
  end if;
  return new;
end $$;
create trigger notification_moves_along_an_edge before insert or update or delete on notification
  for each row execute function notification_moves_along_an_edge();

create table attempt (
  notification_id uuid not null references notification,
  number integer not null check (number >= 1),
  round integer not null check (round >= 1),
  lease_token uuid not null,
  started_at timestamptz not null,
  ended_at timestamptz,
  outcome text check (outcome in ('accepted', 'refused', 'redirect', 'server-error', 'timeout',
    'dns', 'connection-refused', 'connection-lost', 'tls', 'blocked-address', 'bad-answer',
    'deferred', 'not-configured', 'interrupted', 'unreachable')),
  status_code integer,
  detail text,
  duration_ms integer,
  request_url text,
  request_headers jsonb,
  request_body text,
  response_headers jsonb,
  response_body text,
  response_truncated boolean,
  message_id text,
  primary key (notification_id, number),
  check ((ended_at is null) = (outcome is null)),
  check ((ended_at is null) = (duration_ms is null))
);

create function attempt_is_closed_once() returns trigger language plpgsql as $$
begin
  if tg_op = 'DELETE' or old.ended_at is not null
     or (new.notification_id, new.number, new.round, new.lease_token, new.started_at)
        is distinct from (old.notification_id, old.number, old.round, old.lease_token, old.started_at)
  then
    raise exception 'an attempt is closed once and never changes' using
      errcode = 'restrict_violation';
  end if;
  return new;
end $$;
create trigger attempt_is_closed_once before update or delete on attempt
  for each row execute function attempt_is_closed_once();
