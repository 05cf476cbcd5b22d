-- Work under way, made visible and bounded. A notification knows its partner, so that calls in flight
-- can be counted by partner; the document it brings; and whether that document's PDF is stored, before
-- which nothing may be sent. Printing gets the same claim, send, record as sending has.

alter table notification
  add column partner_slug text references partner,
  add column credit_note_id bigint references credit_note,
  add column released_at timestamptz;

-- A statement that moves nothing may only release.
create or replace function notification_moves_along_an_edge() returns trigger language plpgsql as $$
begin
  if tg_op = 'INSERT' then
    if new.state <> 'queued' then
      raise exception 'a notification is born queued' using errcode = 'restrict_violation';
    end if;
    return new;
  end if;
  if tg_op = 'DELETE' or (new.id, new.order_id, new.channel, new.credit_note_id)
      is distinct from (old.id, old.order_id, old.channel, old.credit_note_id) then
    raise exception 'a notification is never deleted and never another' using
      errcode = 'restrict_violation';
  end if;
  if old.released_at is distinct from new.released_at and old.released_at is not null then
    raise exception 'a notification is released once' using errcode = 'restrict_violation';
  end if;
  if old.state = new.state and old.partner_slug is distinct from new.partner_slug
      and old.partner_slug is null then
    return new;
  end if;
  if old.state = new.state and old.released_at is null and new.released_at is not null then
    return new;
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

-- Once over the table, without a look at each row: nothing moves.
alter table notification disable trigger notification_moves_along_an_edge;
update notification n set partner_slug = o.partner_slug, released_at = p.stored_at
  from orders o join invoice i on i.order_id = o.id
    left join invoice_pdf p on p.invoice_number = i.number
  where o.id = n.order_id;
alter table notification enable trigger notification_moves_along_an_edge;

alter table notification
  alter column partner_slug set not null,
  add constraint notification_is_sent_after_its_release
    check (state = 'queued' or released_at is not null),
  drop constraint notification_order_id_channel_key;
create unique index notification_of_order on notification (order_id, channel)
  where credit_note_id is null;
create unique index notification_of_credit_note on notification (credit_note_id, channel)
  where credit_note_id is not null;

drop index notification_due;
create index notification_mail_due on notification (next_attempt_at)
  where state = 'queued' and channel = 'email' and released_at is not null;
create index notification_call_due on notification (partner_slug, next_attempt_at)
  where state = 'queued' and channel = 'webhook' and released_at is not null;
create index notification_calling on notification (partner_slug)
  where state = 'sending' and channel = 'webhook';
create index notification_by_partner on notification (partner_slug, created_at, id);

-- One row per document from its issue on; the file itself is on record in invoice_pdf.
create table printing (
  number text primary key references invoice,
  state text not null check (state in ('queued', 'printing', 'printed', 'failed')),
  round integer not null check (round >= 1),
  failures integer not null check (failures >= 0),
  interruptions integer not null check (interruptions >= 0),
  next_attempt_at timestamptz,
  lease_token uuid,
  lease_holder text,
  lease_until timestamptz,
  last_error text,
  ended_at timestamptz,
  check ((state = 'queued') = (next_attempt_at is not null)),
  check ((state = 'printing') = (lease_token is not null)),
  check ((state = 'printing') = (lease_holder is not null)),
  check ((state = 'printing') = (lease_until is not null)),
  check ((state in ('printed', 'failed')) = (ended_at is not null))
);
create index printing_due on printing (next_attempt_at) where state = 'queued';
create index printing_leased on printing (lease_until) where state = 'printing';
create index printing_failed on printing (ended_at) where state = 'failed';

insert into printing (number, state, round, failures, interruptions, next_attempt_at, ended_at)
  select i.number, case when p.key is null then 'queued' else 'printed' end, 1, 0, 0,
    case when p.key is null then i.issued_at end, p.stored_at
  from invoice i left join invoice_pdf p on p.invoice_number = i.number;

create function printing_moves_along_an_edge() returns trigger language plpgsql as $$
begin
  if tg_op = 'INSERT' then
    if new.state <> 'queued' then
      raise exception 'a document is first queued to print' using errcode = 'restrict_violation';
    end if;
    return new;
  end if;
  if tg_op = 'DELETE' or new.number <> old.number or (old.state, new.state) not in (
    ('queued', 'printing'), ('printing', 'printed'), ('printing', 'queued'),
    ('printing', 'failed'), ('failed', 'queued')
  ) then
    raise exception 'printing does not move from % to %', old.state, new.state using
      errcode = 'restrict_violation';
  end if;
  return new;
end $$;
create trigger printing_moves_along_an_edge before insert or update or delete on printing
  for each row execute function printing_moves_along_an_edge();

-- During a rolling restart programs of the release before (its last migration is 0006) go on with these
-- tables. The triggers below write for them what they do not know, and keep from them what they would get
-- wrong. They go with the next release.

-- Workers of the release before hold their lock of life alone, those of this one share it.
create function release_before_is_alive() returns boolean language sql stable as $$
  select exists (
    select from pg_locks l join pg_database d on d.oid = l.database
    where l.locktype = 'advisory' and l.granted and d.datname = current_database()
      and l.classid = 7301 and l.objsubid = 2 and l.mode = 'ExclusiveLock')
$$;

-- It would send the invoice once more where a credit note is to be sent: that waits until it is gone.
create function notification_suits_both_releases() returns trigger language plpgsql as $$
begin
  if new.partner_slug is null then
    select o.partner_slug into new.partner_slug from orders o where o.id = new.order_id;
  end if;
  if new.credit_note_id is not null and release_before_is_alive() then
    new.next_attempt_at := greatest(new.next_attempt_at, now() + interval '10 minutes');
  end if;
  return new;
end $$;
create trigger notification_suits_both_releases before insert on notification
  for each row execute function notification_suits_both_releases();

-- Deferred, because this release writes the row itself, after the document.
create function document_is_queued_to_print() returns trigger language plpgsql as $$
begin
  insert into printing (number, state, round, failures, interruptions, next_attempt_at)
    select new.number, 'queued', 1, 0, 0, new.issued_at
    where not exists (select from printing p where p.number = new.number);
  -- It would print a credit note as an invoice.
  if new.credit_note_id is not null and release_before_is_alive() then
    update graphile_worker._private_jobs
      set run_at = greatest(run_at, now() + interval '10 minutes')
      where key = 'render-invoice:' || new.number and locked_at is null;
  end if;
  return null;
end $$;
create constraint trigger document_is_queued_to_print after insert on invoice
  deferrable initially deferred for each row execute function document_is_queued_to_print();

-- Deferred, too: this release releases by itself and must be told what it released.
create function document_releases_what_waits() returns trigger language plpgsql as $$
declare
  document invoice;
begin
  select * into document from invoice i where i.number = new.invoice_number;
  if document.credit_note_id is null then
    update notification n set released_at = new.stored_at
      where n.order_id = document.order_id and n.credit_note_id is null and n.released_at is null;
  else
    update notification n set released_at = new.stored_at
      where n.credit_note_id = document.credit_note_id and n.released_at is null;
  end if;
  return null;
end $$;
create constraint trigger document_releases_what_waits after insert on invoice_pdf
  deferrable initially deferred for each row execute function document_releases_what_waits();

-- An operator's order to call a partner again for a period, worked off at a given pace.
create table replay (
  id bigint generated always as identity primary key,
  partner_slug text not null references partner,
  channel text not null check (channel in ('email', 'webhook')),
  since timestamptz not null,
  until timestamptz not null,
  rate_per_second integer not null check (rate_per_second between 1 and 1000),
  state text not null check (state in ('running', 'paused', 'cancelled', 'done')),
  requested_by text not null check (requested_by <> ''),
  why text,
  -- The last notification looked at, in order of creation.
  cursor_at timestamptz,
  cursor_id uuid,
  looked integer not null default 0,
  retried integer not null default 0,
  created_at timestamptz not null,
  updated_at timestamptz not null,
  check (since < until)
);
create index replay_open on replay (id) where state in ('running', 'paused');

-- Who did what, when and why, by hand. Rows are only ever added.
create table operator_action (
  id bigint generated always as identity primary key,
  at timestamptz not null,
  actor text not null check (actor <> ''),
  action text not null check (action <> ''),
  subject text not null,
  why text
);
create index operator_action_by_subject on operator_action (subject, id);
create trigger operator_actions_are_kept before update or delete on operator_action
  for each row execute function refuse_change();
create trigger operator_actions_stay before truncate on operator_action
  for each statement execute function refuse_change();
