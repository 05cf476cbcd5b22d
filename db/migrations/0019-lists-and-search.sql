-- apart
-- What the dashboard's lists and its search go by. Each list is in the order of one instant, so a
-- page costs the same on any day of any year; ties within an instant are few and sorted as they come.
-- What is sparse (open work, credit notes) has a small index of its own, which normal work leaves again.

drop index concurrently if exists orders_by_partner_time;
create index concurrently orders_by_partner_time on orders (partner_slug, paid_at);

-- Finds the beginning of an address, too, whatever the database's collation is.
drop index concurrently if exists orders_by_email_start;
create index concurrently orders_by_email_start on orders (lower(customer_email) text_pattern_ops);

drop index concurrently if exists orders_by_amount;
create index concurrently orders_by_amount on orders (gross);

drop index concurrently if exists order_line_by_product;
create index concurrently order_line_by_product on order_line (product_id, order_id);

drop index concurrently if exists notification_by_age;
create index concurrently notification_by_age on notification (created_at);

drop index concurrently if exists notification_open;
create index concurrently notification_open on notification (state, created_at)
  where state <> 'completed';

drop index concurrently if exists invoice_by_age;
create index concurrently invoice_by_age on invoice (issued_at);

drop index concurrently if exists credit_note_by_age;
create index concurrently credit_note_by_age on invoice (issued_at) where series = 'AQCA';

drop index concurrently if exists stripe_event_by_time;
create index concurrently stripe_event_by_time on stripe_event (received_at);

drop index concurrently if exists stripe_event_by_object;
create index concurrently stripe_event_by_object on stripe_event (object_id);

drop index concurrently if exists event_outcome_quarantined;
create index concurrently event_outcome_quarantined on event_outcome (event_id)
  where kind = 'quarantine';
