// What a partner's server has sent so far. It is filled while it arrives, not returned at the end,
// so that a call cut by the deadline or by a reset can still show in the log what there was. The
// sender is not trusted: 16 KiB are kept whatever comes, and the text is made fit for PostgreSQL.

import type { Dispatcher } from 'undici';
import type { AttemptReport, Headers } from '#application/ports.ts';

/** As much of the body as the attempt log keeps. */
export const ANSWER_BYTES_MAX = 16 * 1024;

export type PartnerAnswer = {
  /** A connection was there, and the request has begun to go out. */
  isAwaited: boolean;
  statusCode: number | null;
  headers: Headers;
  /** Together ANSWER_BYTES_MAX at most. */
  readonly chunks: Buffer[];
  /** The body went on after what was kept. */
  truncated: boolean;
  /** Read to its end, or to the limit: nothing is missing that would have been kept. */
  complete: boolean;
};

/** A server may send interim answers (103 and its like), but not for ever. */
export class EndlessPrelude extends Error {
  override readonly name = 'EndlessPrelude';
}

const INTERIM_ANSWERS_MAX = 50;

export function noAnswerYet(): PartnerAnswer {
  const nothing = { statusCode: null, headers: {}, chunks: [] };
  return { isAwaited: false, ...nothing, truncated: false, complete: false };
}

/**
 * Stands between undici and a call: notes that the request goes out, which undici does in one go
 * once it has a connection, and ends a call whose interim answers do not end.
 */
export function watchedBy(answer: PartnerAnswer): Dispatcher.DispatcherComposeInterceptor {
  let interimAnswers = 0;
  return (dispatch) => (options, handler) =>
    dispatch(options, {
      onRequestStart(controller, context) {
        answer.isAwaited = true;
        handler.onRequestStart?.(controller, context);
      },
      onRequestUpgrade: (...it) => handler.onRequestUpgrade?.(...it),
      onResponseStart(controller, statusCode, ...rest) {
        if (statusCode >= 200) return handler.onResponseStart?.(controller, statusCode, ...rest);
        interimAnswers += 1;
        if (interimAnswers > INTERIM_ANSWERS_MAX)
          controller.abort(new EndlessPrelude(`${interimAnswers} interim answers and no other`));
      },
      onResponseData: (...it) => handler.onResponseData?.(...it),
      onResponseEnd: (...it) => handler.onResponseEnd?.(...it),
      onResponseError: (...it) => handler.onResponseError?.(...it),
    });
}

/** Reads the response into `answer`; hangs up at the limit. Rejects when the body breaks off. */
export async function readAnswer(
  { statusCode, headers, body }: Dispatcher.ResponseData,
  answer: PartnerAnswer,
): Promise<void> {
  answer.statusCode = statusCode;
  answer.headers = headersOf(headers);
  let room = ANSWER_BYTES_MAX;
  for await (const chunk of body as AsyncIterable<Buffer>) {
    // A copy: the slice would keep the socket's whole buffer alive.
    if (room > 0) answer.chunks.push(Buffer.from(chunk.subarray(0, room)));
    answer.truncated = chunk.length > room;
    if (answer.truncated) break;
    room -= chunk.length;
  }
  answer.complete = true;
}

/**
 * The answer for the attempt log; null when not even a status came. `conceal` takes our secrets
 * out of what a server that echoes its request sent back.
 */
export function answerReport(
  answer: PartnerAnswer,
  conceal: (text: string) => string,
): AttemptReport['response'] {
  if (answer.statusCode === null) return null;
  const truncated = answer.truncated || !answer.complete;
  const bytes = Buffer.concat(answer.chunks);
  // A stream decoder leaves out a character that the cut went through.
  const text = new TextDecoder().decode(bytes, { stream: truncated });
  const headers = Object.entries(answer.headers).map(([name, value]) => [name, conceal(value)]);
  return { headers: Object.fromEntries(headers), body: conceal(storable(text)), truncated };
}

// A header may come several times; a list is how HTTP itself would have joined them.
function headersOf(headers: Dispatcher.ResponseData['headers']): Headers {
  const entries = Object.entries(headers).map(([name, value]) => {
    return [name, storable(Array.isArray(value) ? value.join(', ') : (value ?? ''))];
  });
  return Object.fromEntries(entries);
}

// PostgreSQL's text and jsonb hold every character but NUL.
function storable(text: string): string {
  return text.replaceAll('\0', '');
}
