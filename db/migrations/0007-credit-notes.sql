-- Money that went back. A correction is one thing that Stripe did (a refund, a lost dispute, a credit
-- note); a credit note is what it takes back from one order, and its legal document stands beside the
-- invoices, in a series of its own. Orders and invoices stay as they are.

create table correction (
  -- Stripe's id: re_…, du_… or dp_…, cn_….
  key text primary key check (key <> ''),
  payment_key text not null references payment,
  cause text not null check (cause in ('refund', 'dispute', 'credit-note')),
  event_id text not null references stripe_event,
  currency text not null check (currency ~ '^[A-Z]{3}$'),
  amount bigint not null check (amount > 0),
  corrected_at timestamptz not null,
  recorded_at timestamptz not null
);
create index correction_by_payment on correction (payment_key);

create table credit_note (
  id bigint generated always as identity primary key,
  correction_key text not null references correction,
  order_id bigint not null references orders,
  net bigint not null check (net >= 0),
  vat bigint not null check (vat >= 0),
  gross bigint not null check (gross > 0),
  unique (correction_key, order_id),
  check (net + vat = gross)
);
create index credit_note_by_order on credit_note (order_id);

create table credit_note_line (
  credit_note_id bigint not null references credit_note,
  -- The line of the order that it takes back from.
  position integer not null check (position >= 1),
  net bigint not null,
  vat bigint not null,
  gross bigint not null,
  primary key (credit_note_id, position),
  check (net + vat = gross)
);

create trigger corrections_are_kept before update or delete on correction
  for each row execute function refuse_change();
create trigger credit_notes_are_kept before update or delete on credit_note
  for each row execute function refuse_change();
create trigger credit_note_lines_are_kept before update or delete on credit_note_line
  for each row execute function refuse_change();

alter table invoice
  add column credit_note_id bigint unique references credit_note,
  add constraint invoice_series_says_what_it_is
    check ((series = 'AQCA') = (credit_note_id is not null)),
  drop constraint invoice_order_id_key;
create unique index invoice_of_order on invoice (order_id) where credit_note_id is null;
create index invoice_by_order on invoice (order_id);
