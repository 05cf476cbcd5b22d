// The tables as types: one per table of db/migrations, column by column, and the rows they make.

import type { Generated, Insertable, Selectable } from 'kysely';
import type {
  AccountLinkTable,
  AccountSessionTable,
  AccountTable,
  LiveWatchTable,
  OperatorActionTable,
  PartnerTrialTable,
  PortalLinkTable,
  PortalSessionTable,
  PortalTokenTable,
  ReplayTable,
  SignInFailureTable,
} from './people-tables.ts';

export type StripeEventTable = {
  id: string;
  type: string;
  api_version: string | null;
  livemode: boolean;
  account: string | null;
  object_id: string | null;
  created_at: Date;
  received_at: Date;
  /** Null once it was purged. */
  body: string | null;
  purged_at: Date | null;
  trace_parent: string | null;
};

export type PaymentTable = {
  key: string;
  state: 'waiting' | 'quarantined' | 'recorded' | 'dismissed';
  reason: string | null;
  detail: string | null;
  event_id: string;
  dismissed_by: string | null;
  dismissed_why: string | null;
  created_at: Date;
  updated_at: Date;
};

export type EventOutcomeTable = {
  event_id: string;
  kind: 'pending' | 'ignored' | 'wait' | 'quarantine' | 'recorded' | 'already-recorded';
  reason: string | null;
  payment_key: string | null;
  tries: number;
  concluded_at: Date;
};

export type PartnerTable = {
  slug: string;
  name: string;
  color: string | null;
  logo: Buffer | null;
  logo_media_type: 'image/png' | 'image/svg+xml' | null;
  contact_email: string | null;
  contact_phone: string | null;
  website: string | null;
  staging_url: string | null;
  production_url: string | null;
  api_key: Buffer | null;
  signing_secret: Buffer;
  /** Signs beside the present one until then; null until: until the next rotation. */
  previous_signing_secret: Generated<Buffer | null>;
  previous_signing_secret_until: Generated<Date | null>;
  created_at: Date;
  updated_at: Date;
};

export type OrdersTable = {
  id: Generated<number>;
  payment_key: string;
  partner_slug: string;
  event_id: string;
  event_created_at: Date;
  /** Null, like the address below, once they were purged. */
  customer: unknown;
  customer_email: string | null;
  currency: string;
  paid_at: Date;
  payment_method: string | null;
  net: number;
  vat: number;
  gross: number;
  recorded_at: Date;
  purged_at: Date | null;
};

export type OrderLineTable = {
  order_id: number;
  position: number;
  product_id: string | null;
  product_name: string;
  quantity: number | null;
  net: number;
  vat: number;
  gross: number;
  discount: number;
  rate_basis_points: number;
  treatment: 'standard' | 'reverse-charge' | 'exempt';
};

export type InvoiceSeriesTable = {
  series: string;
  year: number;
  last_ordinal: number;
  last_issued_at: Date;
  last_hash: string;
};

export type InvoiceTable = {
  number: string;
  series: string;
  year: number;
  ordinal: number;
  order_id: number;
  /** Null for an invoice. */
  credit_note_id: number | null;
  issued_at: Date;
  issue_day: string;
  content: string;
  previous_hash: string;
  hash: string;
};

export type InvoicePdfTable = {
  invoice_number: string;
  key: string;
  sha256: string;
  size_bytes: number;
  template_version: string;
  chromium_version: string;
  stored_at: Date;
  /** Written by a trigger: sha256 over the document's hash and these columns. */
  seal: Generated<string>;
};

export type NotificationTable = {
  id: string;
  order_id: number;
  credit_note_id: number | null;
  partner_slug: string;
  released_at: Date | null;
  channel: 'email' | 'webhook';
  state: 'queued' | 'sending' | 'completed' | 'failed' | 'exhausted' | 'quarantined';
  round: number;
  round_attempts: number;
  attempts: number;
  interruptions: number;
  next_attempt_at: Date | null;
  lease_token: string | null;
  lease_holder: string | null;
  lease_until: Date | null;
  completed_at: Date | null;
  ended_at: Date | null;
  created_at: Date;
  trace_parent: string | null;
};

export type AttemptTable = {
  notification_id: string;
  number: number;
  round: number;
  lease_token: string;
  started_at: Date;
  ended_at: Date | null;
  outcome: string | null;
  status_code: number | null;
  detail: string | null;
  duration_ms: number | null;
  request_url: string | null;
  request_headers: unknown;
  request_body: string | null;
  response_headers: unknown;
  response_body: string | null;
  response_truncated: boolean | null;
  message_id: string | null;
  purged_at: Date | null;
};

export type CorrectionTable = {
  key: string;
  payment_key: string;
  cause: 'refund' | 'dispute' | 'credit-note';
  event_id: string;
  currency: string;
  amount: number;
  corrected_at: Date;
  recorded_at: Date;
};

export type CreditNoteTable = {
  id: Generated<number>;
  correction_key: string;
  order_id: number;
  net: number;
  vat: number;
  gross: number;
};

export type CreditNoteLineTable = {
  credit_note_id: number;
  position: number;
  net: number;
  vat: number;
  gross: number;
};

export type PrintingTable = {
  number: string;
  state: 'queued' | 'printing' | 'printed' | 'failed';
  round: number;
  failures: number;
  interruptions: number;
  next_attempt_at: Date | null;
  lease_token: string | null;
  lease_holder: string | null;
  lease_until: Date | null;
  last_error: string | null;
  ended_at: Date | null;
  trace_parent: string | null;
};

export type ReconciliationTable = {
  id: Generated<number>;
  since: Date;
  until: Date;
  automatic: boolean;
  cursor: string | null;
  looked: number;
  received: number;
  started_at: Date;
  finished_at: Date | null;
};

export type AuditRunTable = {
  id: Generated<number>;
  automatic: boolean;
  with_files: boolean;
  started_at: Date;
  finished_at: Date;
  documents: number;
  findings: number;
  first_findings: unknown;
  heads: unknown;
};

export type Tables = {
  stripe_event: StripeEventTable;
  payment: PaymentTable;
  event_outcome: EventOutcomeTable;
  partner: PartnerTable;
  orders: OrdersTable;
  order_line: OrderLineTable;
  invoice_series: InvoiceSeriesTable;
  invoice: InvoiceTable;
  invoice_pdf: InvoicePdfTable;
  notification: NotificationTable;
  attempt: AttemptTable;
  correction: CorrectionTable;
  credit_note: CreditNoteTable;
  credit_note_line: CreditNoteLineTable;
  printing: PrintingTable;
  replay: ReplayTable;
  operator_action: OperatorActionTable;
  account: AccountTable;
  account_session: AccountSessionTable;
  account_link: AccountLinkTable;
  sign_in_failure: SignInFailureTable;
  portal_link: PortalLinkTable;
  portal_session: PortalSessionTable;
  portal_token: PortalTokenTable;
  partner_trial: PartnerTrialTable;
  live_watch: LiveWatchTable;
  reconciliation: ReconciliationTable;
  audit_run: AuditRunTable;
};

export type Row<T extends keyof Tables> = Selectable<Tables[T]>;
export type NewRow<T extends keyof Tables> = Insertable<Tables[T]>;
