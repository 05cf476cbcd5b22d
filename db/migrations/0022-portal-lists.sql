-- apart
-- What the partners' pull API reads by: one partner's notifications in the order in which they were
-- released.
drop index concurrently if exists notification_feed;
create index concurrently notification_feed on notification (partner_slug, released_at, id)
  where channel = 'webhook' and released_at is not null;
