-- Partners and what they sold. Amounts are integers of the currency's minor unit; the checks say
-- what the domain says: net + vat = gross, for each line and for the order.

create table partner (
  slug text primary key check (slug ~ '^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$'),
  name text not null check (name <> ''),
  color text check (color ~ '^#[0-9a-f]{6}$'),
  logo bytea,
  logo_media_type text check (logo_media_type in ('image/png', 'image/svg+xml')),
  contact_email text,
  contact_phone text,
  website text,
  staging_url text,
  production_url text,
  -- Both encrypted with SECRETS_KEY (AES-256-GCM).
  api_key bytea,
  signing_secret bytea not null,
  created_at timestamptz not null,
  updated_at timestamptz not null,
  check ((logo is null) = (logo_media_type is null))
);

create table orders (
  id bigint generated always as identity primary key,
  payment_key text not null references payment,
  partner_slug text not null references partner,
  event_id text not null references stripe_event,
  event_created_at timestamptz not null,
  customer jsonb not null,
  customer_email text not null,
  currency text not null check (currency ~ '^[A-Z]{3}$'),
  paid_at timestamptz not null,
  payment_method text,
  net bigint not null,
  vat bigint not null,
  gross bigint not null check (gross >= 0),
  recorded_at timestamptz not null,
  unique (payment_key, partner_slug),
  check (net + vat = gross)
);
create index orders_by_partner on orders (partner_slug, id);
create index orders_by_payment_time on orders (paid_at);
create index orders_by_email on orders (lower(customer_email), id);

create table order_line (
  order_id bigint not null references orders,
  position integer not null check (position >= 1),
  product_id text,
  product_name text not null,
  quantity bigint,
  net bigint not null,
  vat bigint not null,
  gross bigint not null,
  discount bigint not null check (discount >= 0),
  rate_basis_points integer not null check (rate_basis_points between 0 and 10000),
  treatment text not null check (treatment in ('standard', 'reverse-charge', 'exempt')),
  primary key (order_id, position),
  check (net + vat = gross)
);

create trigger orders_are_kept before update or delete on orders
  for each row execute function refuse_change();
create trigger order_lines_are_kept before update or delete on order_line
  for each row execute function refuse_change();
