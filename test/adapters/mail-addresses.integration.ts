// Customers' addresses beyond the plain ones, on their way through a real mail server: domains and
// names in other scripts, odd but legal local parts, addresses as long as they may be. An address
// either arrives exactly, in envelope and header alike, or the answer says that it cannot travel.

import { type AddressObject, simpleParser } from 'mailparser';
import { describe, expect, onTestFinished, test } from 'vitest';
import { smtpMailer } from '#adapters/email/smtp-mailer.ts';
import type { DeliveryAnswer } from '#application/ports.ts';
import { invoiceMail } from '#test/support/mail-orders.ts';
import { refusal, type SmtpStage, smtpServer } from '#test/support/mail-servers.ts';

const LONGEST = `${'a'.repeat(64)}@${'b'.repeat(61)}.${'c'.repeat(61)}.${'d'.repeat(56)}.example`;

type Arrival = {
  readonly answer: DeliveryAnswer;
  /** The recipients the server was told, and whether SMTPUTF8 was asked for. */
  readonly envelope: readonly string[];
  readonly stage: SmtpStage;
};

async function sentTo(email: string, { smtpUtf8 = false } = {}): Promise<Arrival> {
  const envelope: string[] = [];
  const stage = await smtpServer({
    hideSMTPUTF8: !smtpUtf8,
    onRcptTo({ address }, { envelope: { mailFrom } }, done) {
      const inUtf8 = mailFrom !== false && 'SMTPUTF8' in (mailFrom.args || {});
      envelope.push(inUtf8 ? `${address} SMTPUTF8` : address);
      // What a server does that cannot carry such an address (RFC 6531 §3.5).
      const unable = !inUtf8 && /[^\x20-\x7e]/.test(address.slice(0, address.lastIndexOf('@')));
      done(unable ? refusal(553, `5.6.7 ${address}: non-ASCII addresses not permitted`) : null);
    },
  });
  const from = 'factures@comptappart.example';
  const mailer = smtpMailer({ url: `smtp://127.0.0.1:${stage.port}`, from });
  onTestFinished(mailer.close);
  const name = 'Zoé Müller-Lüdenscheidt '.repeat(5);
  const answer = await mailer.send(invoiceMail({ buyer: { email, name } }));
  return { answer, envelope, stage };
}

async function headerTo({ messages }: SmtpStage): Promise<string | undefined> {
  const mail = await simpleParser(messages[0] ?? Buffer.alloc(0));
  return (mail.to as AddressObject).value[0]?.address;
}

describe('an address', () => {
  test.each([
    ["o'brien+a=b@client.example"],
    ['a!#$%&*/?^`{|}~@client.example'],
    ['MARIE.Martin@client.example'],
    [LONGEST],
  ])('in ASCII arrives as it is: %s', async (email) => {
    const { answer, envelope, stage } = await sentTo(email);
    expect(answer.result).toBe('accepted');
    expect(envelope).toEqual([email]);
    expect(await headerTo(stage)).toBe(email);
    const head = stage.messages[0]?.toString('latin1').split('\r\n\r\n')[0] ?? '';
    for (const line of head.split('\r\n')) expect(line.length).toBeLessThanOrEqual(998);
  });

  test('under a domain in another script is sent to the domain’s ASCII name', async () => {
    const { answer, envelope, stage } = await sentTo('marie@exämple.example');
    expect(answer.result).toBe('accepted');
    // The server tells its own name for it; the bytes are in the header.
    expect(envelope).toEqual(['marie@exämple.example']);
    expect(stage.messages[0]?.toString('latin1')).toContain('<marie@xn--exmple-cua.example>');
  });

  test('with a local part in another script travels where the server can carry it', async () => {
    const { answer, envelope, stage } = await sentTo('andré@client.example', { smtpUtf8: true });
    expect(answer.result).toBe('accepted');
    expect(envelope).toEqual(['andré@client.example SMTPUTF8']);
    expect(stage.messages[0]?.toString('utf8')).toContain('<andré@client.example>');
  });

  test('that the server cannot carry is refused, and the log does not repeat it', async () => {
    const { answer, stage } = await sentTo('andré@client.example');
    expect(answer.result).toBe('refused');
    expect(answer.report).toMatchObject({ outcome: 'refused', statusCode: 553 });
    expect(answer.report.detail).toContain('non-ASCII addresses not permitted');
    expect(answer.report.detail).not.toMatch(/andr|client\.example/);
    expect(stage.messages).toEqual([]);
  });
});
