// A day and an hour as people type them into a page: Paris, without a zone. Twice a year an hour is
// missing or comes twice; the missing one is taken as it would have been, the double one as the first.

const FIELD = new Intl.DateTimeFormat('sv-SE', {
  timeZone: 'Europe/Paris',
  year: 'numeric',
  month: '2-digit',
  day: '2-digit',
  hour: '2-digit',
  minute: '2-digit',
});

/** `2026-11-22T14:30`, as the field `datetime-local` takes it. */
export function parisField(at: Date): string {
  return FIELD.format(at).replace(' ', 'T');
}

/** The instant of `2026-11-22T14:30` (seconds allowed) in Paris; null when the text is none. */
export function parisInstant(text: string): Date | null {
  const match = /^(\d{4}-\d{2}-\d{2})[T ](\d{2}:\d{2})(?::\d{2})?$/.exec(text);
  if (!match) return null;
  const wanted = Date.parse(`${match[1]}T${match[2]}:00Z`);
  if (Number.isNaN(wanted) || new Date(wanted).toISOString().slice(0, 10) !== match[1]) return null;
  // Paris is one hour or two ahead: the earlier instant that reads so, else the hour that is missing.
  const readings = [2, 1].map((hours) => new Date(wanted - hours * 3_600_000));
  const asTyped = `${match[1]}T${match[2]}`;
  return readings.find((at) => parisField(at) === asTyped) ?? readings[1] ?? null;
}
