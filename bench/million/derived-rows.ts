// What follows from an order and its documents, made by the database itself: the events of Stripe and
// what came of them, payments, files, prints, messages and every attempt. A range of orders at a time,
// since a million orders are twenty million rows. The fates are by an order's number, so that nothing
// is left to chance.

export type DerivedStep = {
  /** What its rows are, for the progress line. */
  readonly what: string;
  /** Of invoices a range of orders at a time; of credit notes all at once, since they come when they come. */
  readonly of: 'invoices' | 'credit-notes';
  /** With `@first@`, `@last@` (orders), `@kind@`, `@orders@` (the last of all) and `@now@`. */
  readonly text: string;
};

/** Ids of orders that stand for something else than a sale without any trouble. */
const FATES = `
  fate as materialized (
    select o.*, o.id > @orders@ - 3 as is_unprinted,
      case
        when o.id > @orders@ - 3 then 'waiting'
        when o.id > @orders@ - 400 and o.id % 4 = 0 then 'queued'
        when o.id % 1000 between 1 and 14 then 'failed'
        when o.id % 1000 between 15 and 26 then 'exhausted'
        when o.id % 1000 = 27 then 'quarantined'
        else 'completed'
      end as call,
      case
        when o.id > @orders@ - 3 then 'waiting'
        when o.id % 1000 between 28 and 37 then 'failed'
        else 'completed'
      end as mail,
      case
        when o.id > @orders@ - 400 and o.id % 4 = 0 then 1 + (o.id / 4) % 2
        when o.id % 1000 between 15 and 26 or o.id % 100 = 41 then 3
        when o.id % 50 = 40 then 2
        else 1
      end as tries
    from orders o where o.id between @first@ and @last@
  )`;

const IGNORED_TYPES = [
  ...['payment_intent.created', 'payment_intent.succeeded', 'charge.succeeded', 'charge.updated'],
  ...['customer.created', 'customer.updated', 'payment_method.attached', 'balance.available'],
  'payment_link.updated',
];

/** As much as Stripe writes about a session, three quarters of it the same for everyone. */
const SESSION = JSON.stringify({
  id: '%1$s',
  object: 'event',
  api_version: '2026-10-28.endive',
  created: 0,
  data: {
    object: {
      id: 'cs_live_%2$s',
      object: 'checkout.session',
      adaptive_pricing: { enabled: true },
      after_expiration: null,
      allow_promotion_codes: false,
      amount_subtotal: 0,
      amount_total: 0,
      automatic_tax: { enabled: false, liability: null, provider: null, status: null },
      billing_address_collection: 'required',
      cancel_url: null,
      client_reference_id: null,
      collected_information: { business_name: null, individual_name: '%4$s' },
      consent: null,
      currency: 'eur',
      custom_fields: [],
      custom_text: { after_submit: null, shipping_address: null, submit: null },
      customer: 'cus_%2$s',
      customer_creation: 'always',
      customer_details: { email: '%3$s', name: '%4$s', phone: null, tax_exempt: 'none' },
      invoice_creation: { enabled: false, invoice_data: { footer: null, issuer: null } },
      livemode: true,
      locale: 'fr',
      metadata: {},
      mode: 'payment',
      payment_intent: '%5$s',
      payment_link: null,
      payment_method_configuration_details: { id: 'pmc_1Q2w3E4r5T6y7U8i', parent: null },
      payment_method_options: { card: { request_three_d_secure: 'automatic' } },
      payment_method_types: ['card', 'link', 'paypal', 'sepa_debit'],
      payment_status: 'paid',
      phone_number_collection: { enabled: true },
      saved_payment_method_options: { allow_redisplay_filters: ['always'] },
      status: 'complete',
      success_url: 'https://service-fiscalite.example/merci?session={CHECKOUT_SESSION_ID}',
      total_details: { amount_discount: 0, amount_shipping: 0, amount_tax: 0 },
      ui_mode: 'hosted',
      url: null,
    },
  },
  livemode: true,
  pending_webhooks: 1,
  request: { id: null, idempotency_key: '%2$s' },
  type: 'checkout.session.completed',
});

/** What nobody reads is kept for this long by the program (ADR 17). */
const IGNORED_BODIES = "interval '90 days'";

function events(eventsPerOrder: number): DerivedStep {
  const types = IGNORED_TYPES.map((type) => `'${type}'`).join(', ');
  return {
    what: 'events',
    of: 'invoices',
    text: `
  insert into stripe_event
    (id, type, api_version, livemode, object_id, created_at, received_at, body, purged_at)
  select x.id,
    case when j > 1 then (array[${types}])[1 + (j - 2) % ${IGNORED_TYPES.length}]
      when starts_with(o.payment_key, 'in_') then 'invoice.payment_succeeded'
      else 'checkout.session.completed' end,
    '2026-10-28.endive', true,
    case when j = 1 then 'cs_live_' || substr(o.event_id, 6)
      else 'pi_3' || substr(md5(x.id), 1, 23) end,
    o.event_created_at, o.paid_at + j * interval '40 ms',
    case when not x.purged then format($body$${SESSION}$body$, x.id, md5(x.id),
      o.customer_email, o.customer ->> 'name', o.payment_key) end,
    case when x.purged then o.paid_at + ${IGNORED_BODIES} end
  from orders o cross join generate_series(1, ${eventsPerOrder}) j
  cross join lateral (select
    case when j = 1 then o.event_id
      else substr(o.event_id, 1, 11) || substr(md5(o.event_id || j), 1, 16) end as id,
    j > 1 and o.paid_at < now() - ${IGNORED_BODIES} as purged) x
  where o.id between @first@ and @last@ order by o.id, j`,
  };
}

function outcomes(eventsPerOrder: number): DerivedStep {
  return {
    what: 'outcomes',
    of: 'invoices',
    text: `
  insert into event_outcome (event_id, kind, reason, payment_key, tries, concluded_at)
  select case when j = 1 then o.event_id
      else substr(o.event_id, 1, 11) || substr(md5(o.event_id || j), 1, 16) end,
    case when j = 1 then 'recorded' else 'ignored' end,
    case when j > 1 then 'unrelated-event' end, case when j = 1 then o.payment_key end, 0,
    o.recorded_at
  from orders o cross join generate_series(1, ${eventsPerOrder}) j
  where o.id between @first@ and @last@ order by o.id, j`,
  };
}

const PAYMENTS: DerivedStep = {
  what: 'payments',
  of: 'invoices',
  text: `
  insert into payment (key, state, event_id, created_at, updated_at)
  select payment_key, 'recorded', event_id, recorded_at, recorded_at
  from orders where id between @first@ and @last@ order by id`,
};

const PRINTS: Written = {
  what: 'prints',
  text: `
  with ${FATES}
  insert into printing (number, state, round, failures, interruptions, next_attempt_at, ended_at)
  select i.number, case when o.is_unprinted then 'queued' else 'printed' end, 1, 0, 0,
    case when o.is_unprinted then i.issued_at end,
    case when not o.is_unprinted then i.issued_at + interval '400 ms' end
  from fate o join invoice i on i.order_id = o.id and i.credit_note_id is @kind@
  order by i.issued_at`,
};

const FILES: Written = {
  what: 'files',
  text: `
  with ${FATES}, made as (
    select i.number, i.hash, f.* from fate o
    join invoice i on i.order_id = o.id and i.credit_note_id is @kind@
    left join credit_note c on c.id = i.credit_note_id
    left join correction k on k.key = c.correction_key
    cross join lateral (select
      case when c.id is null then format('partner_invoices/invoice_%s_%s.pdf', o.id,
          to_char(o.paid_at at time zone 'UTC', 'YYYYMMDD_HH24MISS'))
        else format('partner_invoices/avoir_%s_%s.pdf', c.id,
          to_char(k.corrected_at at time zone 'UTC', 'YYYYMMDD_HH24MISS')) end as key,
      encode(sha256(convert_to(i.number, 'UTF8')), 'hex') as sha256,
      31000 + (o.id % 9000)::int as size_bytes, 'invoice-3' as template_version,
      '153.0.0' as chromium_version, i.issued_at + interval '400 ms' as stored_at) f
    where not o.is_unprinted order by i.issued_at
  )
  insert into invoice_pdf (invoice_number, key, sha256, size_bytes, template_version,
    chromium_version, stored_at, seal)
  select number, key, sha256, size_bytes, template_version, chromium_version, stored_at,
    encode(sha256(convert_to(concat_ws(e'\\n', hash, number, key, sha256, size_bytes,
      template_version, chromium_version, (extract(epoch from stored_at) * 1000000)::bigint),
      'UTF8')), 'hex')
  from made`,
};

const MESSAGES: Written = {
  what: 'messages',
  text: `
  with ${FATES}, told as (
    select o.*, i.issued_at, i.credit_note_id, 'email' as channel, o.mail as fate, 1 as rounds
    from fate o join invoice i on i.order_id = o.id and i.credit_note_id is @kind@
    union all
    select o.*, i.issued_at, null, 'webhook', o.call, o.tries
    from fate o join invoice i on i.order_id = o.id and i.credit_note_id is null
    where null is @kind@
  )
  insert into notification (id, order_id, credit_note_id, partner_slug, channel, state, round,
    round_attempts, attempts, interruptions, next_attempt_at, completed_at, ended_at, released_at,
    created_at)
  select md5(channel || coalesce(credit_note_id, 0) || '/' || id)::uuid, id, credit_note_id,
    partner_slug, channel, case when fate = 'waiting' then 'queued' else fate end, 1,
    case when fate = 'waiting' then 0 else rounds end,
    case when fate = 'waiting' then 0 else rounds end, 0,
    case fate when 'waiting' then issued_at when 'queued' then timestamptz '@now@' + (id % 1800 - 300) * interval '1 s' end,
    case when fate = 'completed' then issued_at + interval '700 ms' + (array[0, 5, 35])[rounds] * interval '1 min' end,
    case when fate in ('failed', 'exhausted', 'quarantined')
      then issued_at + interval '800 ms' + (array[0, 5, 35])[rounds] * interval '1 min' end,
    case when fate <> 'waiting' then issued_at + interval '400 ms' end, issued_at
  from told order by issued_at, channel`,
};

const MAIL_ATTEMPTS: Written = {
  what: 'mails',
  text: `
  insert into attempt (notification_id, number, round, lease_token, started_at, ended_at, outcome,
    status_code, detail, duration_ms, message_id)
  select n.id, 1, 1, n.id, n.released_at, n.released_at + interval '120 ms',
    case n.state when 'completed' then 'accepted' else 'refused' end,
    case n.state when 'completed' then 250 else 550 end,
    case when n.state = 'failed' then 'Boîte inconnue.' end, 120,
    case when n.state = 'completed' then '<' || n.id || '@comptappart.example>' end
  from notification n
  where n.order_id between @first@ and @last@ and n.channel = 'email' and n.attempts > 0
    and n.credit_note_id is @kind@
  order by n.created_at`,
};

const CALL_ATTEMPTS: DerivedStep = {
  what: 'calls',
  of: 'invoices',
  text: `
  insert into attempt (notification_id, number, round, lease_token, started_at, ended_at, outcome,
    status_code, detail, duration_ms, request_url, request_headers, request_body,
    response_headers, response_body, response_truncated)
  select n.id, k, 1, n.id, a.at, a.at + interval '180 ms',
    case when k = n.attempts and n.state = 'completed' then 'accepted'
      when k = n.attempts and n.state = 'failed' then 'refused' else 'server-error' end,
    a.status, case a.status when 200 then null when 422 then 'Le partenaire a répondu 422.'
      else 'Le partenaire a répondu 503.' end, 180,
    'https://' || n.partner_slug || '.example/commandes',
    jsonb_build_object('Content-Type', 'application/json; charset=utf-8', 'Content-Length', '912',
      'User-Agent', 'ComptAppart/1', 'Accept-Encoding', 'identity', 'X-API-KEY', '••••f2a9',
      'webhook-id', n.id, 'webhook-timestamp', extract(epoch from a.at)::bigint::text,
      'webhook-signature', 'v1,' || encode(sha256(convert_to(n.id::text || k, 'UTF8')), 'base64')),
    format('{"event_type":"order.created","event_id":"%s","order_id":%s,"timestamp":"%s","customer":{"first_name":"%s","last_name":"%s","email":"%s","phone":null},"order":{"total_amount":%s,"currency":"EUR","payment_date":"%s","products":[{"product_id":"prod_Q2irpp","product_name":"Déclaration de revenus fonciers","quantity":1,"unit_price":74.17}]},"invoice":{"pdf_url":"https://factures.example/files/partner_invoices/invoice_%s.pdf?expires=%s&signature=%s","number":"%s"}}',
      o.event_id, o.id, o.event_created_at, split_part(o.customer ->> 'name', ' ', 1),
      split_part(o.customer ->> 'name', ' ', 2), o.customer_email, o.gross / 100.0, o.paid_at,
      o.id, extract(epoch from a.at)::bigint, md5(n.id::text) || md5(o.event_id), o.id),
    '{"content-type": "application/json", "date": "Mon, 05 Jan 2026 10:00:00 GMT", "server": "nginx", "connection": "keep-alive"}',
    case a.status when 200 then '{"received":true}' else '{"error":"unavailable"}' end, false
  from notification n join orders o on o.id = n.order_id
  cross join lateral generate_series(1, n.attempts) k
  cross join lateral (select n.released_at + (array[0, 5, 35])[k] * interval '1 min' as at,
    case when k = n.attempts and n.state = 'completed' then 200
      when k = n.attempts and n.state = 'failed' then 422 else 503 end as status) a
  where n.order_id between @first@ and @last@ and n.channel = 'webhook' order by n.order_id, k`,
};

const MAIL_EVENTS: Written = {
  what: 'words on mails',
  text: `
  insert into mail_event (sns_message_id, notification_id, kind, message_id, at, received_at)
  select md5(n.id::text)::uuid::text, n.id, 'delivered', '0102' || md5(n.order_id::text) || '-000000',
    n.completed_at + interval '2 s', n.completed_at + interval '3 s'
  from notification n
  where n.order_id between @first@ and @last@ and n.channel = 'email' and n.state = 'completed'
    and n.credit_note_id is @kind@
  order by n.created_at`,
};

/** What each document has, of whichever series. */
type Written = Omit<DerivedStep, 'of'>;

const WRITTEN = [PRINTS, FILES, MESSAGES, MAIL_ATTEMPTS, MAIL_EVENTS];

/** In an order in which each finds what it reads. */
export function derivedSteps(eventsPerOrder: number): readonly DerivedStep[] {
  return [
    ...[events(eventsPerOrder), outcomes(eventsPerOrder), PAYMENTS],
    ...WRITTEN.map((it) => ({ ...it, of: 'invoices' as const })),
    CALL_ATTEMPTS,
    ...WRITTEN.map((it) => ({ ...it, what: `avoirs: ${it.what}`, of: 'credit-notes' as const })),
  ];
}

export function stepText(
  { text, of }: DerivedStep,
  range: { readonly first: number; readonly last: number },
  plan: { readonly orders: number; readonly until: Date },
): string {
  return text
    .replaceAll('@first@', `${range.first}`)
    .replaceAll('@last@', `${range.last}`)
    .replaceAll('@kind@', of === 'invoices' ? 'null' : 'not null')
    .replaceAll('@orders@', `${plan.orders}`)
    .replaceAll('@now@', plan.until.toISOString());
}
