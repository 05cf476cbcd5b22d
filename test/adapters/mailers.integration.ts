// The mailers against what they really meet: a folder on disk, and an SMTP server on a socket. Both
// hold the same claims about the mail that arrives; the folder is also read back as the sandbox's
// mailbox page does, and EMAIL_URL is shown to choose between the two.

import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { beforeEach, describe, expect, onTestFinished, test } from 'vitest';
import { fileMailer } from '#adapters/email/file-mailer.ts';
import { mailbox } from '#adapters/email/mailbox.ts';
import { folderOfUrl, mailerOfUrl } from '#adapters/email/mailer-of-url.ts';
import { smtpMailer } from '#adapters/email/smtp-mailer.ts';
import { mailerContract } from '#test/contracts/mailer.ts';
import { invoiceMail, pngLogo, pricedLines } from '#test/support/mail-orders.ts';
import { smtpServer } from '#test/support/mail-servers.ts';

const FROM = 'factures@comptappart.example';
const clock = { now: () => new Date('2026-11-22T13:32:21.500Z') };

async function newFolder(): Promise<string> {
  const dir = await mkdtemp(join(tmpdir(), 'comptappart-mail-'));
  onTestFinished(() => rm(dir, { recursive: true, force: true }));
  return dir;
}

mailerContract('the file mailer', async () => {
  const dir = await mkdtemp(join(tmpdir(), 'comptappart-mail-'));
  return {
    mailer: fileMailer({ dir: join(dir, 'made', 'when missing'), from: FROM, clock }),
    from: FROM,
    async arrived() {
      const folder = join(dir, 'made', 'when missing');
      const names = (await readdir(folder)).sort();
      return Promise.all(names.map((name) => readFile(join(folder, name))));
    },
    close: () => rm(dir, { recursive: true, force: true }),
  };
});

mailerContract('the SMTP mailer', async () => {
  const server = await smtpServer();
  const mailer = smtpMailer({ url: `smtp://127.0.0.1:${server.port}`, from: FROM });
  return {
    mailer,
    from: FROM,
    arrived: async () => server.messages,
    close: async () => mailer.close(),
  };
});

describe('the mailbox', () => {
  let dir: string;
  beforeEach(async () => {
    dir = await newFolder();
  });

  test('of a folder that is not there yet is empty', async () => {
    expect(await mailbox(join(dir, 'later')).list()).toEqual([]);
    expect(await mailbox(join(dir, 'later')).read('20261122T133221500Z-n-1')).toBeNull();
  });

  test('lists the newest mails first, and repeated ones twice', async () => {
    const mailer = fileMailer({ dir, from: FROM, clock });
    for (const notificationId of ['n-1', 'n-2', 'n-2']) {
      await mailer.send(invoiceMail({ notificationId, lines: pricedLines(2) }));
    }
    await writeFile(join(dir, 'notes.txt'), 'not a mail');
    await writeFile(join(dir, '.20261122T133221500Z-n-9.eml.part'), 'half a mail');
    const list = await mailbox(dir).list();
    expect(list.map((mail) => mail.id)).toEqual([
      '20261122T133221502Z-n-2',
      '20261122T133221501Z-n-2',
      '20261122T133221500Z-n-1',
    ]);
    expect(list[2]).toMatchObject({
      subject: 'Votre facture Fiscalia n°\u00A0FQCA-2026-000156 – 20,00\u00A0€',
      from: '"Fiscalia via ComptAppart" <factures@comptappart.example>',
      to: '"Marie Martin" <marie.martin@client.example>',
      date: new Date('2026-11-22T13:32:21.500Z'),
    });
    expect(list[2]?.sizeBytes).toBeGreaterThan(5_000);
    expect(await mailbox(dir).list(1)).toHaveLength(1);
  });

  test('shows one mail whole, its picture inside', async () => {
    await fileMailer({ dir, from: FROM, clock }).send(invoiceMail({ logo: pngLogo(100, 40) }));
    const [first] = await mailbox(dir).list();
    const mail = await mailbox(dir).read(first?.id ?? '');
    expect(mail).toMatchObject(first ?? {});
    expect(mail?.html).toContain('src="data:image/png;base64,');
    expect(mail?.html).not.toContain('cid:');
    expect(mail?.text).toContain('Bonjour Marie,');
    expect(mail?.attachments.map(({ filename, inline }) => [filename, inline])).toEqual([
      ['logo.png', true],
      ['Facture-FQCA-2026-000156.pdf', false],
    ]);
    expect(mail?.headers).toContainEqual({ name: 'Auto-Submitted', value: 'auto-generated' });
    expect(mail?.source.equals(await readFile(join(dir, `${first?.id}.eml`)))).toBe(true);
  });

  test('gives nothing outside its folder', async () => {
    await fileMailer({ dir: join(dir, 'box'), from: FROM, clock }).send(invoiceMail());
    await writeFile(join(dir, 'secret.eml'), 'Subject: secret\r\n\r\nsecret');
    for (const id of [
      '../secret',
      '..%2Fsecret',
      '/etc/passwd',
      '',
      '.',
      '20261122T133221500Z-../x',
    ]) {
      expect(await mailbox(join(dir, 'box')).read(id)).toBeNull();
    }
  });

  test('that cannot be written is a fault of ours, told and not thrown', async () => {
    await writeFile(join(dir, 'a file'), '');
    const mailer = fileMailer({ dir: join(dir, 'a file'), from: FROM, clock });
    const { result, report } = await mailer.send(invoiceMail());
    expect(result).toBe('unavailable');
    expect(report).toMatchObject({ outcome: 'not-configured', messageId: null });
    expect(report.detail).toContain('EEXIST');
  });
});

describe('the mailer that EMAIL_URL means', () => {
  test('is a folder for file:', async () => {
    const dir = await newFolder();
    for (const url of [`file:${dir}/a b`, `file://${dir}/a%20b`]) {
      const mailer = mailerOfUrl(url, { from: FROM, clock });
      expect((await mailer.send(invoiceMail())).result).toBe('accepted');
      await mailer.close();
    }
    expect(await readdir(join(dir, 'a b'))).toHaveLength(1);
    expect(folderOfUrl('file:.data/mailbox')).toBe(resolve('.data/mailbox'));
  });

  test('is a server for smtp:', async () => {
    const server = await smtpServer();
    const mailer = mailerOfUrl(`smtp://127.0.0.1:${server.port}`, { from: FROM, clock });
    expect((await mailer.send(invoiceMail())).result).toBe('accepted');
    await mailer.close();
  });

  test.each([
    ['ses://', 'must name a region'],
    ['ses://ours:s3cret@eu-west-3', 'must hold no keys'],
    ['ses://eu-west-3?endpoint=http://u:s3cret@h', 'endpoint'],
    ['https://mail.example', 'must begin with file:'],
    ['mailbox', 'must begin with file:'],
    ['file:', 'folder is missing'],
    ['smtp://', 'must look like smtp://'],
    ['smtp://ours:s3cret@mail.example/path', 'nothing after the port'],
    ['smtp://ours:s3cret@mail.example?pool=true', 'unknown option: pool'],
    ['smtp://ours:s3cret@mail.example?requireTLS=yes', 'must be true or false'],
    ['smtp://ours:s3cret%@mail.example', 'must be written %25'],
  ])('is none for %s, and says why without the password', (url, why) => {
    const wrong = faultOf(() => mailerOfUrl(url, { from: FROM, clock }));
    expect(wrong).toContain('EMAIL_URL');
    expect(wrong).toContain(why);
    expect(wrong).not.toContain('s3cret');
  });

  test('wants one bare address to send from', () => {
    for (const from of ['', 'Us <us@example.com>', 'a@example.com, b@example.com']) {
      expect(faultOf(() => mailerOfUrl('file:x', { from, clock }))).toContain('EMAIL_FROM');
    }
  });
});

function faultOf(make: () => unknown): string {
  try {
    make();
  } catch (error) {
    return (error as Error).message;
  }
  throw new Error('nothing was wrong with it');
}
