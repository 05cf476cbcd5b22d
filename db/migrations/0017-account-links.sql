-- The link by which a person sets a first password, or a new one when the old is lost: nobody else ever
-- knows it. An account has one link at most, which is gone when it has served. As with sessions,
-- only the token's digest is kept.

create table account_link (
  token_hash bytea primary key,
  account_email text not null unique references account,
  made_by text not null,
  created_at timestamptz not null,
  expires_at timestamptz not null
);
