// The tables of the people who look at the books by way of pages, as types: accounts and their sessions,
// partners let in by a link or a token, trials of an endpoint, and what open pages are told.

import type { Generated } from 'kysely';

export type AccountTable = {
  email: string;
  name: string;
  role: 'reader' | 'operator' | 'admin';
  password_hash: string;
  created_at: Date;
  /** Sealed; a second factor only once it is confirmed. */
  totp_secret: Generated<Buffer | null>;
  totp_confirmed_at: Generated<Date | null>;
  totp_last_step: Generated<number | null>;
  disabled_at: Generated<Date | null>;
  password_changed_at: Generated<Date | null>;
  preferences: Generated<unknown>;
};

export type AccountSessionTable = {
  token_hash: Buffer;
  account_email: string;
  csrf_token: string;
  /** Said once, on the next page that is shown. */
  notice: unknown;
  user_agent: string | null;
  created_at: Date;
  seen_at: Date;
  expires_at: Date;
};

export type AccountLinkTable = {
  token_hash: Buffer;
  account_email: string;
  made_by: string;
  created_at: Date;
  expires_at: Date;
};

export type SignInFailureTable = {
  subject: string;
  failures: number;
  last_at: Date;
  blocked_until: Date | null;
};

export type PortalLinkTable = {
  token_hash: Buffer;
  partner_slug: string;
  made_by: string;
  created_at: Date;
  expires_at: Date;
  spent_at: Date | null;
};

export type PortalSessionTable = {
  token_hash: Buffer;
  partner_slug: string;
  csrf_token: string;
  created_at: Date;
  expires_at: Date;
};

export type PortalTokenTable = {
  id: Generated<number>;
  token_hash: Buffer;
  partner_slug: string;
  label: string;
  last_four: string;
  made_by: string;
  created_at: Date;
  used_at: Date | null;
  revoked_at: Date | null;
};

export type PartnerTrialTable = {
  id: Generated<number>;
  partner_slug: string;
  kind: 'call' | 'conformance';
  requested_by: string;
  url: string;
  passed: boolean;
  report: unknown;
  at: Date;
};

export type LiveWatchTable = {
  only_row: Generated<boolean>;
  until: Date;
};

export type ReplayTable = {
  id: Generated<number>;
  partner_slug: string;
  channel: 'email' | 'webhook';
  since: Date;
  until: Date;
  rate_per_second: number;
  state: 'running' | 'paused' | 'cancelled' | 'done';
  requested_by: string;
  why: string | null;
  cursor_at: Date | null;
  cursor_id: string | null;
  looked: Generated<number>;
  retried: Generated<number>;
  created_at: Date;
  updated_at: Date;
};

export type OperatorActionTable = {
  id: Generated<number>;
  at: Date;
  actor: string;
  action: string;
  subject: string;
  why: string | null;
};
