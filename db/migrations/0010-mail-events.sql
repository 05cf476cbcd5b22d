-- What became of a mail after its server had taken it, as Amazon SES tells by way of SNS: put into the
-- mailbox, delayed, sent back, complained of. It stands beside the notification, whose machine is about
-- what we do: a mail that was sent back was sent, and sending it again would bring it back again.

create table mail_event (
  -- SNS delivers at least once; a message it repeats has the same id.
  sns_message_id text primary key check (sns_message_id <> ''),
  notification_id uuid not null references notification,
  kind text not null check (kind in
    ('delivered', 'delayed', 'bounced', 'bounced-for-now', 'complained', 'rejected')),
  -- SES's words and the other server's, without addresses.
  detail text,
  -- SES's name for the mail.
  message_id text not null,
  at timestamptz not null,
  received_at timestamptz not null
);
create index mail_event_of_notification on mail_event (notification_id, at);
create trigger mail_events_are_kept before update or delete on mail_event
  for each row execute function refuse_change();
create trigger mail_events_stay before truncate on mail_event
  for each statement execute function refuse_change();
