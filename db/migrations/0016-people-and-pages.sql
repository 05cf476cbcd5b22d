-- The people who look at the books by way of pages: what their accounts need beyond a password, who is
-- signed in, what was tried in vain; the partners who are let in by a link; and the word that pages wait
-- for, so that they show what happens while it happens. Tokens are kept as digests: whoever reads these
-- tables can sign in nowhere.

alter table account
  add column totp_secret bytea,
  add column totp_confirmed_at timestamptz,
  -- A code counts once: the last 30-second step that was used.
  add column totp_last_step bigint,
  add column disabled_at timestamptz,
  add column password_changed_at timestamptz,
  add column preferences jsonb not null default '{}';

create table account_session (
  token_hash bytea primary key,
  account_email text not null references account,
  -- In every form of its pages; a request without it changes nothing.
  csrf_token text not null,
  -- Said once, on the next page that is shown.
  notice jsonb,
  user_agent text,
  created_at timestamptz not null,
  seen_at timestamptz not null,
  expires_at timestamptz not null
);
create index account_session_of on account_session (account_email);
create index account_session_ends on account_session (expires_at);

-- Counted by address typed and by address dialled from, known or not.
create table sign_in_failure (
  subject text primary key,
  failures integer not null check (failures > 0),
  last_at timestamptz not null,
  blocked_until timestamptz
);

create table portal_link (
  token_hash bytea primary key,
  partner_slug text not null references partner,
  made_by text not null,
  created_at timestamptz not null,
  expires_at timestamptz not null,
  spent_at timestamptz
);
create table portal_session (
  token_hash bytea primary key,
  partner_slug text not null references partner,
  csrf_token text not null,
  created_at timestamptz not null,
  expires_at timestamptz not null
);
-- For programs of a partner; valid until it is revoked.
create table portal_token (
  id bigint generated always as identity primary key,
  token_hash bytea not null unique,
  partner_slug text not null references partner,
  label text not null,
  last_four text not null,
  made_by text not null,
  created_at timestamptz not null,
  used_at timestamptz,
  revoked_at timestamptz
);
create index portal_token_of on portal_token (partner_slug);

-- Calls that a person made to see whether an endpoint works; none of them is a notification.
create table partner_trial (
  id bigint generated always as identity primary key,
  partner_slug text not null references partner,
  kind text not null check (kind in ('call', 'conformance')),
  requested_by text not null,
  url text not null,
  passed boolean not null,
  report jsonb not null,
  at timestamptz not null
);
create index partner_trial_of on partner_trial (partner_slug, id);

-- NOTIFY makes commits take turns, so nothing is told while nobody watches. Whoever shows pages moves
-- `until` on; unlogged, since a watcher that comes back writes the row again.
create unlogged table live_watch (
  only_row boolean primary key default true check (only_row),
  until timestamptz not null
);

-- What is told is never more than a kind and an id: 'order:156', 'payment:pi_…', 'replay:3'.
create function is_watched() returns boolean language sql stable as $$
  select exists (select from live_watch where until > now())
$$;

create function tell_of_order() returns trigger language plpgsql as $$
begin
  if is_watched() then
    perform pg_notify('comptappart_live', 'order:' || case tg_table_name
      when 'orders' then to_jsonb(new) ->> 'id' else to_jsonb(new) ->> 'order_id' end);
  end if;
  return null;
end $$;
create trigger orders_are_told after insert on orders
  for each row execute function tell_of_order();
create trigger notifications_are_told after insert or update on notification
  for each row execute function tell_of_order();

create function tell_of_document() returns trigger language plpgsql as $$
begin
  if is_watched() then
    perform pg_notify('comptappart_live', 'order:' || i.order_id)
      from invoice i where i.number = new.number;
  end if;
  return null;
end $$;
create trigger printings_are_told after insert or update on printing
  for each row execute function tell_of_document();

create function tell_of_mail() returns trigger language plpgsql as $$
begin
  if is_watched() then
    perform pg_notify('comptappart_live', 'order:' || n.order_id)
      from notification n where n.id = new.notification_id;
  end if;
  return null;
end $$;
create trigger mail_events_are_told after insert on mail_event
  for each row execute function tell_of_mail();

create function tell_of_payment() returns trigger language plpgsql as $$
begin
  if is_watched() then
    perform pg_notify('comptappart_live', 'payment:' || new.key);
  end if;
  return null;
end $$;
create trigger payments_are_told after insert or update on payment
  for each row execute function tell_of_payment();

create function tell_of_replay() returns trigger language plpgsql as $$
begin
  if is_watched() then
    perform pg_notify('comptappart_live', 'replay:' || new.id);
  end if;
  return null;
end $$;
create trigger replays_are_told after insert or update on replay
  for each row execute function tell_of_replay();
