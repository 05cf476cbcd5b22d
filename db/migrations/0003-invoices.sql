-- Invoices: issued once, never changed, never deleted. The counter row of a series and year is
-- locked by the transaction that takes a number, so a rollback leaves no gap, and it remembers the
-- last instant and hash, so that dates never run backwards and the chain has no fork.

create table invoice_series (
  series text not null check (series in ('FQCA', 'AQCA')),
  year integer not null check (year between 2000 and 9999),
  last_ordinal integer not null check (last_ordinal between 1 and 9999999),
  last_issued_at timestamptz not null,
  last_hash text not null check (last_hash ~ '^[0-9a-f]{64}$'),
  primary key (series, year)
);

create table invoice (
  number text primary key,
  series text not null,
  year integer not null,
  ordinal integer not null check (ordinal >= 1),
  order_id bigint not null unique references orders,
  issued_at timestamptz not null,
  issue_day date not null,
  -- The canonical text of the whole document; every other column repeats a part of it.
  content text not null,
  -- sha256 of the invoice before it in the series (64 zeros for the first), and of both together.
  previous_hash text not null check (previous_hash ~ '^[0-9a-f]{64}$'),
  hash text not null unique check (hash ~ '^[0-9a-f]{64}$'),
  unique (series, year, ordinal),
  check (number = series || '-' || year || '-'
    || lpad(ordinal::text, greatest(6, length(ordinal::text)), '0')),
  check (extract(year from issue_day) = year),
  check (hash = encode(sha256(convert_to(previous_hash || content, 'UTF8')), 'hex'))
);

create table invoice_pdf (
  invoice_number text primary key references invoice,
  key text not null unique,
  sha256 text not null check (sha256 ~ '^[0-9a-f]{64}$'),
  size_bytes integer not null check (size_bytes > 0),
  template_version text not null,
  chromium_version text not null,
  stored_at timestamptz not null
);

create trigger invoice_is_immutable before update or delete on invoice
  for each row execute function refuse_change();
create trigger invoice_is_kept before truncate on invoice
  for each statement execute function refuse_change();
create trigger invoice_pdf_is_immutable before update or delete on invoice_pdf
  for each row execute function refuse_change();
create trigger invoice_pdf_is_kept before truncate on invoice_pdf
  for each statement execute function refuse_change();

-- A counter only ever moves forward by one.
create function invoice_series_goes_up() returns trigger language plpgsql as $$
begin
  if tg_op = 'DELETE' or new.last_ordinal not in (old.last_ordinal, old.last_ordinal + 1)
     or new.last_issued_at < old.last_issued_at
     or (new.series, new.year) is distinct from (old.series, old.year) then
    raise exception 'an invoice series never goes back' using errcode = 'restrict_violation';
  end if;
  return new;
end $$;
create trigger invoice_series_goes_up before update or delete on invoice_series
  for each row execute function invoice_series_goes_up();
