-- Where a trace goes on. A notification is sent, a document printed and an event looked at again by
-- whoever comes by, perhaps hours later: each remembers the step that brought it about, as W3C's
-- `traceparent`. Null where nothing was traced.

alter table stripe_event add column trace_parent text;
alter table printing add column trace_parent text;
alter table notification add column trace_parent text;
