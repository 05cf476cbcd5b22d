-- apart
-- Indexes for what people look for among millions. Those of notifications hold only what ended without
-- success, so a delivery that goes well never touches them; the days of documents lie in the order of
-- time, and a few pages find a month.

drop index concurrently if exists notification_ended_by_order;
create index concurrently notification_ended_by_order
  on notification (state, order_id desc, channel)
  where state in ('failed', 'exhausted', 'quarantined');

drop index concurrently if exists notification_ended_of_partner;
create index concurrently notification_ended_of_partner
  on notification (partner_slug, state, order_id desc, channel)
  where state in ('failed', 'exhausted', 'quarantined');

drop index concurrently if exists notification_of_credits_of_partner;
create index concurrently notification_of_credits_of_partner
  on notification (partner_slug, order_id desc, channel)
  where credit_note_id is not null;

-- By each and not by ranges of pages: a row that goes into a hole of an old page makes its range of no
-- more use, and a mail that is told of without its name is looked for among two hours of them.
drop index concurrently if exists attempt_by_start;
create index concurrently attempt_by_start on attempt (started_at);
drop index concurrently if exists attempt_by_age;

drop index concurrently if exists invoice_by_day;
create index concurrently invoice_by_day on invoice using brin (issue_day);

-- Nine of ten events are no payment's: they had an entry each, and another when they were concluded.
drop index concurrently if exists event_outcome_of_payment;
create index concurrently event_outcome_of_payment on event_outcome (payment_key)
  where payment_key is not null;
drop index concurrently if exists event_outcome_by_payment;
