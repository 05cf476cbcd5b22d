// One attempt as both sides want to see it when they argue: what was asked of which address, byte for byte,
// what came back and when. Secrets are masked when an attempt is recorded, and once more here; the text of
// a partner is a stranger's, and is only ever shown.

import { duration, FIXED, plural } from '#adapters/french.ts';
import { shownTime } from '#adapters/pages/shown-time.ts';
import { attemptView } from '#adapters/pages/state-view.ts';
import type { StoryAttempt, StoryNotification } from '#adapters/postgres/dashboard/order-story.ts';
import { fr } from '#adapters/typeset.ts';
import { EMAIL_RETRY_DELAYS_MS } from '#domain/notification.ts';

type Headers = Readonly<Record<string, string>>;

const SECRET = /^(x-api-key|authorization|proxy-authorization|cookie|set-cookie)$/i;
const SIGNATURE = /^webhook-signature$/i;
const MASK = '•••';

/** How the attempt is called: « tentative 2 sur 3, 2ᵉ série ». `partnerTries`: of one round. */
export function attemptName(
  attempt: StoryAttempt,
  all: readonly StoryAttempt[],
  { channel }: Pick<StoryNotification, 'channel'>,
  partnerTries: number,
): string {
  const tries = channel === 'email' ? EMAIL_RETRY_DELAYS_MS.length + 1 : partnerTries;
  const round = attempt.round === 1 ? '' : fr`, ${ordinal(attempt.round)} série`;
  if (attempt.outcome === 'interrupted') return fr`tentative n° ${attempt.number}${round}`;
  const nth = all.filter(
    (it) =>
      it.notificationId === attempt.notificationId &&
      it.round === attempt.round &&
      it.number <= attempt.number &&
      it.outcome !== 'interrupted',
  ).length;
  const of = nth <= tries ? ` sur ${tries}` : '';
  return `tentative ${nth}${of}${round}`;
}

/** « 2ᵉ ». */
function ordinal(n: number): string {
  return n === 1 ? '1\u02B3\u1D49' : `${n}\u1D49`;
}

/** What the page shows of one attempt. */
export function attemptDetails(attempt: StoryAttempt, now: Date) {
  const { requestUrl, requestBody, responseBody, purgedAt, durationMs } = attempt;
  const requestHeaders = shownHeaders(attempt.requestHeaders);
  const responseHeaders = shownHeaders(attempt.responseHeaders);
  const id = `a-${attempt.notificationId}-${attempt.number}`;
  return {
    id,
    number: attempt.number,
    state: attemptView(attempt),
    took: durationMs === null ? '' : duration(durationMs),
    detail: attempt.detail ?? '',
    messageId: attempt.messageId ?? '',
    url: requestUrl ?? '',
    requestHeaders,
    requestBody: requestBody ?? '',
    hasAnswer: responseHeaders.length > 0 || responseBody !== null,
    responseHeaders,
    responseBody: responseBody ?? '',
    isCut: attempt.responseTruncated === true,
    size: responseBody === null ? '' : bytesText(Buffer.byteLength(responseBody)),
    curl: requestUrl === null || requestBody === null ? '' : curlOf(attempt),
    purged: purgedAt && shownTime(purgedAt, now),
    // A mail, or a call that never went out: there is nothing to unfold.
    isPlain: requestUrl === null && attempt.messageId === null && purgedAt === null,
  };
}

function shownHeaders(headers: Headers | null) {
  return Object.entries(headers ?? {}).map(([name, value]) => ({
    name,
    value: SIGNATURE.test(name)
      ? value.replace(/(v\d\w*,)\S+/g, `$1${MASK}`)
      : SECRET.test(name)
        ? maskedKey(value)
        : value,
  }));
}

// The end of a key that was masked when it was recorded tells which of two it was.
function maskedKey(value: string): string {
  const tail = /^[*•]+(.{0,4})$/.exec(value)?.[1];
  return tail === undefined ? MASK : MASK + tail;
}

/** The call for a POSIX shell. The key is a placeholder; a signature of another minute is worth nothing. */
export function curlOf(
  attempt: Pick<StoryAttempt, 'requestUrl' | 'requestHeaders' | 'requestBody'>,
) {
  const headers = Object.entries(attempt.requestHeaders ?? {})
    .filter(([name]) => !SIGNATURE.test(name) && !/^(host|content-length)$/i.test(name))
    .map(([name, value]) => `${name}: ${SECRET.test(name) ? 'VOTRE_CLE_API' : value}`);
  return [
    // Without --globoff curl gives brackets in an address a meaning of its own.
    `curl --globoff --request POST --url ${quoted(attempt.requestUrl ?? '')}`,
    ...headers.map((header) => `--header ${quoted(header)}`),
    `--data-raw ${quoted(attempt.requestBody ?? '')}`,
  ].join(' \\\n  ');
}

/** One word for sh, whatever is in it: inside single quotes only the quote itself means something. */
function quoted(text: string): string {
  return `'${text.replaceAll("'", "'\\''")}'`;
}

/** « 31,2 Kio », « 840 octets ». */
export function bytesText(bytes: number): string {
  if (bytes < 1024) return `${bytes}${FIXED}${plural(bytes, 'octet', 'octets')}`;
  const [size, unit] = bytes < 1024 * 1024 ? [bytes / 1024, 'Kio'] : [bytes / 1024 ** 2, 'Mio'];
  return `${size.toFixed(1).replace('.', ',').replace(',0', '')}${FIXED}${unit}`;
}
