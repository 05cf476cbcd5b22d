// Servers that speak the API of SES v2, on sockets of this machine: aws-ses-v2-local from npm,
// written by others, behind a post that keeps the bytes of each request; and one that answers what
// it is told.

import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { createRequire } from 'node:module';
import type { AddressInfo } from 'node:net';

export const SES_KEYS = { accessKeyId: 'AKIATEST', secretAccessKey: 'a-secret-of-the-tests' };

/** The body of a SendEmail request, as far as we send one. */
export type SentToSes = {
  readonly FromEmailAddress: string;
  readonly Destination: { readonly ToAddresses: readonly string[] };
  readonly Content: { readonly Raw: { readonly Data: string } };
  readonly ConfigurationSetName?: string;
  readonly EmailTags: readonly { readonly Name: string; readonly Value: string }[];
};

export type SesStage = {
  readonly origin: string;
  readonly sent: SentToSes[];
  close(): Promise<void>;
};

type Answer = (
  response: ServerResponse,
  request: IncomingMessage,
  body: string,
) => void | Promise<void>;

/** Answers every request as told; what was asked is kept first. */
export async function stubSes(answer: Answer): Promise<SesStage> {
  const sent: SentToSes[] = [];
  const server = createServer(async (request, response) => {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk);
    const body = Buffer.concat(chunks).toString('utf8');
    if (request.url === '/v2/email/outbound-emails') sent.push(JSON.parse(body));
    await answer(response, request, body);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    origin: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    sent,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

/** aws-ses-v2-local. */
export async function npmSes(): Promise<SesStage> {
  const { default: start } = createRequire(import.meta.url)('aws-ses-v2-local') as {
    readonly default: (where: { host: string; port: number }) => Promise<Server>;
  };
  const ses = await start({ host: '127.0.0.1', port: 0 });
  const { port } = ses.address() as AddressInfo;
  const door = await stubSes(async (response, { method, url, headers }, body) => {
    const answer = await fetch(`http://127.0.0.1:${port}${url}`, {
      method: method ?? 'GET',
      headers: {
        'content-type': 'application/json',
        authorization: headers.authorization ?? '',
      },
      ...(body !== '' && { body }),
    });
    response.writeHead(answer.status, { 'content-type': 'application/json' });
    response.end(await answer.text());
  });
  return {
    ...door,
    async close() {
      await door.close();
      await new Promise((resolve) => ses.close(resolve));
    },
  };
}

/** An error as SES v2 writes it. */
export function sesError(response: ServerResponse, status: number, name: string, message: string) {
  response.writeHead(status, { 'content-type': 'application/json', 'x-amzn-errortype': name });
  response.end(JSON.stringify({ message }));
}
