// How PostgreSQL plans for connections whose every statement finds what it touches by keys: along indexes,
// and once. Left to itself it chooses by statistics, and those of a new or suddenly grown table are a
// minute late: plans made meanwhile read all of it for each order. It would also plan most statements
// anew at each call, a quarter of its work on an order's path, because how many keys it is given
// varies. What is planned once sees no values: a partial index is used only by a statement that
// spells its condition out.

/** For the beginning of a session. Changes how long an answer takes, never the answer. */
export const BY_KEYS_ALONE = [
  ...['seqscan', 'bitmapscan', 'hashjoin', 'mergejoin'].map((way) => `set enable_${way} = off`),
  'set plan_cache_mode = force_generic_plan',
].join('; ');
