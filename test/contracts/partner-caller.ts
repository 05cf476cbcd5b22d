// What every `PartnerCaller` must hold, whether it dials or pretends to: the partner guide's table
// of answers and what the attempt log may rely on. The real client runs these claims against a
// real server; a fake that use cases are tested with runs them too, and is honest for it.

import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { PartnerCaller, PartnerRequest } from '#application/ports.ts';

export type StagedPartner = {
  readonly caller: PartnerCaller;
  readonly url: string;
  /** What the partner does from now on: answers with this status, or takes the call in silence. */
  behave(behaviour: { readonly status: number; readonly body?: string } | 'silent'): void;
  /** The bodies that reached the partner, in order. */
  received(): readonly string[];
  close(): Promise<void>;
};

const API_KEY = 'une-cle-de-partenaire-assez-longue-8e21';
const SIGNING_SECRET = `whsec_${Buffer.alloc(32, 7).toString('base64')}`;

/** Runs the claims. `stage` is called before each; its caller must give up within two seconds. */
export function partnerCallerContract(name: string, stage: () => Promise<StagedPartner>): void {
  describe(`${name}, as a partner caller`, () => {
    let partner: StagedPartner;
    beforeEach(async () => {
      partner = await stage();
    });
    afterEach(() => partner.close());
    const post = (changes: Partial<PartnerRequest> = {}) =>
      partner.caller.post({ ...aRequest(partner.url), ...changes });

    test.each([200, 201, 202, 204, 299])('%i is an accepted notification', async (status) => {
      partner.behave({ status });
      const answer = await post();
      expect(answer.result).toBe('accepted');
      expect(answer.report).toMatchObject({ outcome: 'accepted', statusCode: status });
    });

    test.each([300, 301, 302, 304, 307, 308])('%i is refused as a redirect', async (status) => {
      partner.behave({ status });
      const answer = await post();
      expect(answer.result).toBe('refused');
      expect(answer.report).toMatchObject({ outcome: 'redirect', statusCode: status });
      expect(partner.received()).toHaveLength(1);
    });

    test.each([400, 401, 404, 408, 410, 422, 429, 499])(
      '%i is refused for good',
      async (status) => {
        partner.behave({ status });
        const answer = await post();
        expect(answer.result).toBe('refused');
        expect(answer.report).toMatchObject({ outcome: 'refused', statusCode: status });
      },
    );

    test.each([500, 502, 503, 504, 599])('%i is an error to be tried again', async (status) => {
      partner.behave({ status });
      const answer = await post();
      expect(answer.result).toBe('unavailable');
      expect(answer.report).toMatchObject({ outcome: 'server-error', statusCode: status });
    });

    test('silence is to be tried again, and has no status', async () => {
      partner.behave('silent');
      const answer = await post();
      expect(answer.result).toBe('unavailable');
      expect(answer.report).toMatchObject({ outcome: 'timeout', statusCode: null, response: null });
    });

    test('the body reaches the partner and the log as it was given', async () => {
      const body = '{"customer":{"first_name":"Zoé"},"order":{"total_amount":99.99}}';
      const { report } = await post({ body });
      expect(partner.received()).toEqual([body]);
      expect(report.request).toMatchObject({ url: partner.url, body });
    });

    test('the log shows the last four characters of the API key and no more', async () => {
      const { report } = await post({ apiKey: API_KEY });
      expect(report.request?.headers['X-API-KEY']).toMatch(/^\*+8e21$/);
      expect(JSON.stringify(report)).not.toContain(API_KEY.slice(0, -4));
    });

    test('a partner without an API key gets no such header', async () => {
      const { report } = await post({ apiKey: null });
      expect(report.request?.headers).not.toHaveProperty('X-API-KEY');
    });

    test('the answer is kept for the log', async () => {
      partner.behave({ status: 422, body: '{"error":"order_id manquant"}' });
      const { report } = await post();
      expect(report.response).toMatchObject({
        body: '{"error":"order_id manquant"}',
        truncated: false,
      });
    });

    test('everything but an acceptance is explained in a sentence', async () => {
      for (const status of [302, 404, 503]) {
        partner.behave({ status });
        expect((await post()).report.detail).toMatch(new RegExp(`${status}.*\\.$`));
      }
      partner.behave({ status: 200 });
      expect((await post()).report.detail).toBeNull();
    });

    test('the report tells how long it took and never names a mail', async () => {
      const { report } = await post();
      expect(report.durationMs).toBeGreaterThanOrEqual(0);
      expect(report.messageId).toBeNull();
    });
  });
}

/** A notification for the partner at `url`. */
export function aRequest(url: string): PartnerRequest {
  return {
    notificationId: '0d6f9c3e-5a52-4f0e-9a53-6a1f4b0f7f11',
    url,
    body: '{"event_type":"order.created","order_id":7}',
    apiKey: API_KEY,
    signingSecret: SIGNING_SECRET,
    sentAt: new Date('2026-03-05T10:20:30.400Z'),
  };
}
