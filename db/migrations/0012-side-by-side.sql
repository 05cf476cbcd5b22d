-- What lets two releases work on one database, and two secrets of a partner at a time. During a rolling
-- restart programs of the release before (its last migration is 0006) go on recording, printing and
-- sending: the triggers below write for them what they do not know, and keep from them what they would
-- get wrong. They are no burden to the present release, and go with the next one.

-- A partner's signing secret during its rotation: the old one signs beside the new one until then,
-- or until the next rotation when no time is given.
alter table partner
  add column previous_signing_secret bytea,
  add column previous_signing_secret_until timestamptz,
  -- online: a table of some dozens of rows
  add constraint partner_previous_secret_is_there
    check (previous_signing_secret_until is null or previous_signing_secret is not null);

-- The last migration known to the oldest program that may still run here. A migration that takes
-- something away raises it; whoever finds its own last migration before it does not start.
create table schema_support (
  is_only_row boolean primary key default true check (is_only_row),
  oldest_program text not null
);
insert into schema_support (oldest_program) values ('0006-reconciliation');

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

-- It would put aside, as none of its business, an event of money that went back. Refused, the job
-- comes again until somebody of this release takes it.
create function correction_is_not_ignored() returns trigger language plpgsql as $$
begin
  if exists (
    select from stripe_event e
    where e.id = new.event_id and e.account is null and e.type in (
      'charge.refunded', 'refund.created', 'refund.updated', 'refund.failed',
      'charge.dispute.closed', 'credit_note.created', 'credit_note.voided')
  ) then
    raise exception 'event % tells of money that went back: a newer release resolves it', new.event_id
      using errcode = 'restrict_violation';
  end if;
  return new;
end $$;
create trigger correction_is_not_ignored before update on event_outcome
  for each row when (new.kind = 'ignored' and new.reason = 'unrelated-event')
  execute function correction_is_not_ignored();
