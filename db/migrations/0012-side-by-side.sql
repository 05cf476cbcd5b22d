-- What lets two releases work on one database, and two secrets of a partner at a time. During a rolling
-- restart programs of the release before (its last migration is 0006) go on recording, printing and
-- sending: triggers of 0008 write for them what they do not know, and the one below keeps from them what
-- they would get wrong. They are no burden to the present release, and go with the next one.

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
