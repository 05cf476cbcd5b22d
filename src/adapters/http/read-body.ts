// The bytes of a request's body, up to a limit. It is on the way of every webhook, which is why it is
// written here: Node's parser has checked by then that the body is as long as it says it is.

import type { IncomingMessage } from 'node:http';

/**
 * The whole body. `too-large`: more than `bytesMax`, and the rest was not read; answer and hang up.
 * `cut-short`: the client left before its end. Never rejects.
 */
export function readBody(
  request: IncomingMessage,
  bytesMax: number,
): Promise<Buffer | 'too-large' | 'cut-short'> {
  if (Number(request.headers['content-length']) > bytesMax) return Promise.resolve('too-large');
  return new Promise((resolve) => {
    const chunks: Buffer[] = [];
    let length = 0;
    const take = (chunk: Buffer): void => {
      length += chunk.length;
      chunks.push(chunk);
      if (length <= bytesMax) return;
      request.off('data', take).pause();
      resolve('too-large');
    };
    request.on('data', take);
    request.on('end', () => resolve(Buffer.concat(chunks)));
    // Also follows a whole body, when the promise is settled.
    request.on('close', () => resolve('cut-short'));
    request.on('error', () => resolve('cut-short'));
  });
}
