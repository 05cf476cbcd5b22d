-- What may leave the books, and what proves that nothing else did. Personal data outside the legal
-- documents is erased after a time (PERSONAL_DATA_DAYS): the triggers of immutability allow exactly
-- that one change, once a row, on old rows, and nothing else. Each run of the audit is kept, with the
-- last hash of every series: whoever rewrites a whole chain must rewrite these rows as well.

-- The record of a file, sealed to the document that it is the file of. It comes first, since it takes the
-- longest: the inbox below is locked for the shorter, and Stripe's events wait for nothing else.
alter table invoice_pdf add column seal text check (seal ~ '^[0-9a-f]{64}$');

create function invoice_pdf_seal(record invoice_pdf) returns text language sql stable as $$
  select encode(sha256(convert_to(concat_ws(e'\n', i.hash, record.invoice_number, record.key,
      record.sha256, record.size_bytes, record.template_version, record.chromium_version,
      (extract(epoch from record.stored_at) * 1000000)::bigint), 'UTF8')), 'hex')
  from invoice i where i.number = record.invoice_number
$$;

alter table invoice_pdf disable trigger invoice_pdf_is_immutable;
update invoice_pdf p
  set seal = encode(sha256(convert_to(concat_ws(e'\n', i.hash, p.invoice_number, p.key,
      p.sha256, p.size_bytes, p.template_version, p.chromium_version,
      (extract(epoch from p.stored_at) * 1000000)::bigint), 'UTF8')), 'hex')
  from invoice i where i.number = p.invoice_number;
alter table invoice_pdf enable trigger invoice_pdf_is_immutable;
alter table invoice_pdf alter column seal set not null;

create function invoice_pdf_is_sealed() returns trigger language plpgsql as $$
begin
  new.seal := invoice_pdf_seal(new);
  return new;
end $$;
create trigger invoice_pdf_is_sealed before insert on invoice_pdf
  for each row execute function invoice_pdf_is_sealed();

alter table stripe_event
  add column purged_at timestamptz,
  alter column body drop not null,
  add constraint stripe_event_is_whole_or_purged check ((body is null) = (purged_at is not null));

alter table orders
  add column purged_at timestamptz,
  alter column customer drop not null,
  alter column customer_email drop not null,
  add constraint orders_are_whole_or_purged check (
    (customer is null) = (purged_at is not null)
    and (customer_email is null) = (purged_at is not null));

alter table attempt
  add column purged_at timestamptz,
  add constraint attempt_is_whole_or_purged check (purged_at is null
    or (request_body is null and response_headers is null and response_body is null));

-- Rows come in the order of time: a few pages of index find a day among years.
create index stripe_event_by_age on stripe_event using brin (received_at);
create index orders_by_age on orders using brin (recorded_at);
create index attempt_by_age on attempt using brin (started_at);

-- Younger rows are never purged, whatever the configuration says.
create function is_old_enough_to_purge(at timestamptz) returns boolean language sql stable as
  $$ select at < now() - interval '30 days' $$;

-- Still to be resolved, or in a quarantine that nobody has ended.
create function is_open_event(event text) returns boolean language sql stable as $$
  select exists (
    select from event_outcome x left join payment p on p.key = x.payment_key
    where x.event_id = event and (x.kind = 'pending'
      or (x.kind = 'quarantine' and p.state is distinct from 'dismissed'
          and p.state is distinct from 'recorded')))
$$;

-- A message of the order is still under way, its own or that of a credit note.
create function is_open_order(of_order bigint) returns boolean language sql stable as $$
  select exists (
    select from notification n
    where n.order_id = of_order and n.credit_note_id is null and n.state in ('queued', 'sending')
  ) or exists (
    select from credit_note c join notification n on n.credit_note_id = c.id
    where c.order_id = of_order and n.state in ('queued', 'sending'))
$$;

create function stripe_event_keeps_all_but_its_body() returns trigger language plpgsql as $$
declare
  expected stripe_event := old;
begin
  expected.body := null;
  expected.purged_at := new.purged_at;
  if tg_op = 'UPDATE' and old.purged_at is null and new.purged_at is not null
     and new is not distinct from expected and is_old_enough_to_purge(old.received_at)
     and not is_open_event(old.id) then
    return new;
  end if;
  raise exception '% of % is refused: its rows never change', lower(tg_op), tg_table_name
    using errcode = 'restrict_violation';
end $$;
drop trigger stripe_event_is_immutable on stripe_event;
create trigger stripe_event_is_immutable before update or delete on stripe_event
  for each row execute function stripe_event_keeps_all_but_its_body();

create function orders_keep_all_but_the_customer() returns trigger language plpgsql as $$
declare
  expected orders := old;
begin
  expected.customer := null;
  expected.customer_email := null;
  expected.purged_at := new.purged_at;
  if tg_op = 'UPDATE' and old.purged_at is null and new.purged_at is not null
     and new is not distinct from expected and is_old_enough_to_purge(old.recorded_at)
     and not is_open_order(old.id) then
    return new;
  end if;
  raise exception '% of % is refused: its rows never change', lower(tg_op), tg_table_name
    using errcode = 'restrict_violation';
end $$;
drop trigger orders_are_kept on orders;
create trigger orders_are_kept before update or delete on orders
  for each row execute function orders_keep_all_but_the_customer();

create or replace function attempt_is_closed_once() returns trigger language plpgsql as $$
declare
  expected attempt := old;
begin
  if tg_op = 'UPDATE' and old.ended_at is not null then
    expected.request_body := null;
    expected.response_headers := null;
    expected.response_body := null;
    expected.purged_at := new.purged_at;
    if old.purged_at is null and new.purged_at is not null
       and new is not distinct from expected and is_old_enough_to_purge(old.started_at)
       and not is_open_order((select n.order_id from notification n
                              where n.id = old.notification_id)) then
      return new;
    end if;
  end if;
  if tg_op = 'DELETE' or old.ended_at is not null or new.purged_at is not null
     or (new.notification_id, new.number, new.round, new.lease_token, new.started_at)
        is distinct from (old.notification_id, old.number, old.round, old.lease_token, old.started_at)
  then
    raise exception 'an attempt is closed once and never changes' using
      errcode = 'restrict_violation';
  end if;
  return new;
end $$;

-- What was said to a customer whose data is erased cannot be said again. A credit note can: its text
-- is its own, and money may go back late.
create function notification_of_purged_order_stays() returns trigger language plpgsql as $$
begin
  if exists (select from orders o where o.id = new.order_id and o.purged_at is not null) then
    raise exception 'the personal data of order % was purged: nothing more is sent', new.order_id
      using errcode = 'restrict_violation';
  end if;
  return new;
end $$;
create trigger notification_of_purged_order_stays before update on notification
  for each row when (new.credit_note_id is null and new.state = 'queued'
    and old.state in ('failed', 'exhausted', 'quarantined'))
  execute function notification_of_purged_order_stays();

-- One row per finished run of the audit.
create table audit_run (
  id bigint generated always as identity primary key,
  -- False: a person asked for it.
  automatic boolean not null,
  with_files boolean not null,
  started_at timestamptz not null,
  finished_at timestamptz not null,
  documents bigint not null check (documents >= 0),
  findings bigint not null check (findings >= 0),
  -- The first findings, as the audit words them for programs; all of them are counted.
  first_findings jsonb not null,
  -- [{number, hash}]: the last document of each series at that time.
  heads jsonb not null,
  check (started_at <= finished_at),
  check ((findings = 0) = (jsonb_array_length(first_findings) = 0))
);
create trigger audit_runs_are_kept before update or delete on audit_run
  for each row execute function refuse_change();
create trigger audit_runs_stay before truncate on audit_run
  for each statement execute function refuse_change();
