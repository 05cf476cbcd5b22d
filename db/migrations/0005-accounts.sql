-- The people who use the dashboard. Passwords are kept as scrypt hashes with their parameters.

create table account (
  email text primary key check (email = lower(email)),
  name text not null,
  role text not null check (role in ('reader', 'operator', 'admin')),
  password_hash text not null,
  created_at timestamptz not null
);
