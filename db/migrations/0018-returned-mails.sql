-- apart
-- Mails that came back, for the overview: a few among a million that did not.

drop index concurrently if exists mail_event_returned;
create index concurrently mail_event_returned on mail_event (at)
  where kind in ('bounced', 'complained', 'rejected');
