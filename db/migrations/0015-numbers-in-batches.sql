-- Numbers for many invoices under one lock: the counter may pass over several at once, but only over
-- numbers whose documents are there, the last of them with the hash that it is told. One step at a time,
-- before its document, is allowed as ever: the release before takes its numbers so.
create or replace function invoice_series_goes_up() returns trigger language plpgsql as $$
begin
  if tg_op = 'DELETE' or new.last_issued_at < old.last_issued_at
     or (new.series, new.year) is distinct from (old.series, old.year)
     or new.last_ordinal < old.last_ordinal then
    raise exception 'an invoice series never goes back' using errcode = 'restrict_violation';
  end if;
  if new.last_ordinal > old.last_ordinal + 1 and (
    select count(*) <> new.last_ordinal - old.last_ordinal
      or max(hash) filter (where ordinal = new.last_ordinal) is distinct from new.last_hash
    from invoice where series = new.series and year = new.year
      and ordinal > old.last_ordinal and ordinal <= new.last_ordinal
  ) then
    raise exception 'an invoice series does not pass over numbers' using
      errcode = 'restrict_violation';
  end if;
  return new;
end $$;
