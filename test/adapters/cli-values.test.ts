// What the command line makes of the values that people type and of the errors that programs throw,
// without running a command.

import { expect, test } from 'vitest';
import { databaseSentence, Fault, reportOf } from '#adapters/cli/faults.ts';
import { frenchUsageFault } from '#adapters/cli/french-help.ts';
import { fr, moment, printable, table, wrapped } from '#adapters/cli/layout.ts';
import { checkPartnerOptions, slugOf } from '#adapters/cli/partner-options.ts';
import { explainQuarantine, QUARANTINE_WORDS } from '#adapters/quarantine-words.ts';

const API_KEY = 'k3y-0123456789-abcdefghij-0123456789';

test.each([
  { options: { apiKey: 'court' }, says: /au moins 32/ },
  { options: { apiKey: 'é'.repeat(40) }, says: /ASCII/ },
  { options: { apiKey: `${API_KEY}\r\nX-Evil: 1` }, says: /ASCII/ },
  { options: { color: 'red' }, says: /#rrggbb/ },
  { options: { contactEmail: 'a@b@c' }, says: /adresse e-mail/ },
  { options: { contactPhone: 'appelez-moi' }, says: /téléphone/ },
  { options: { website: 'javascript:alert(1)' }, says: /adresse d’un site/ },
  { options: { stagingUrl: 'ftp://x.example' }, says: /L’URL/ },
  { options: { stagingUrl: 'https://me:pw@x.example' }, says: /mot de passe/ },
  { options: { productionUrl: 'http://x.example' }, says: /HTTPS/ },
  { options: { logo: '/nowhere/logo.png' }, says: /logo.*ENOENT/ },
  { options: { logo: import.meta.filename }, says: /PNG ou SVG/ },
  { options: { name: ' \u200B ' }, says: /nom/ },
])('a partner’s value that cannot be taken is refused: $options', async ({ options, says }) => {
  const checked = checkPartnerOptions(options, { allowInsecure: false });
  await expect(checked).rejects.toMatchObject({
    exitCode: 2,
    message: expect.stringMatching(says),
  });
});

test('a key is not repeated when it is refused', async () => {
  const refused = checkPartnerOptions({ apiKey: 'too-short-a-key' }, { allowInsecure: false });
  await expect(refused).rejects.not.toMatchObject({ message: expect.stringContaining('short') });
});

test('a partner’s values are taken in their normal form, and empty ones clear', async () => {
  const { changes, warnings } = await checkPartnerOptions(
    {
      ...{ name: '  Fiscalia\u202E ', color: '#0B7A75', apiKey: API_KEY },
      ...{ stagingUrl: 'http://127.0.0.1:8080', website: '', logo: '', contactEmail: '' },
    },
    { allowInsecure: true },
  );
  expect(changes).toEqual({
    ...{ name: 'Fiscalia', color: '#0b7a75', apiKey: API_KEY },
    ...{ stagingUrl: 'http://127.0.0.1:8080/', website: null, logo: null, contactEmail: null },
  });
  expect(warnings).toEqual([]);
  expect(slugOf(' Fiscalia ')).toBe('fiscalia');
});

test('a colour too pale for paper is taken, with the one that will be printed', async () => {
  const { warnings } = await checkPartnerOptions({ color: '#FFD400' }, { allowInsecure: true });
  expect(warnings).toEqual([expect.stringMatching(/#ffd400 .*1,4.* #a68a00/)]);
});

test('an error becomes one sentence, whatever its shape', () => {
  const away = Object.assign(new Error('connect ECONNREFUSED'), {
    ...{ code: 'ECONNREFUSED', syscall: 'connect', address: '::1', port: 5432 },
  });
  const wrapper = new Error('The migrations failed: ', { cause: new AggregateError([away], '') });
  expect(reportOf(wrapper).sentence).toMatch(
    /^La base de données ne répond pas \(ECONNREFUSED ::1/,
  );
  const wrongPassword = Object.assign(new Error('no'), { code: '28P01' });
  expect(databaseSentence(wrongPassword)).toMatch(/^La base refuse l’utilisateur ou le mot/);
  expect(databaseSentence(new Error('no'))).toBeNull();
  expect(reportOf(new Fault('Non.', 2))).toMatchObject({ exitCode: 2, sentence: 'Non.' });
  expect(reportOf(new Error('two\n  lines')).sentence).toBe('two lines');
  expect(reportOf(new TypeError('x is undefined')).sentence).toMatch(/^Erreur inattendue/);
  expect(reportOf('a text')).toMatchObject({ exitCode: 1, sentence: 'a text' });
});

test('a complaint about a command line is French, with its suggestion', () => {
  const said = frenchUsageFault("error: unknown option '--jsom'\n(Did you mean --json?)");
  expect(said).toBe('Option inconnue\u00A0: --jsom. Vouliez-vous dire --json\u202F?');
  expect(frenchUsageFault('error: something new')).toBe('something new');
});

test('a table keeps to 80 columns by cutting what may be cut', () => {
  const columns = [
    { head: 'N°', align: 'right' as const },
    { head: 'NOM', shrinkTo: 10 },
    { head: 'X' },
  ];
  const [head = '', row = ''] = table(columns, [['7', 'n'.repeat(100), 'fin']]).split('\n');
  expect(head).toMatch(/^N° {2}NOM/);
  expect([...row]).toHaveLength(80);
  expect(row).toMatch(/^ 7 {2}n+… {2}fin$/);
});

test('text from outside cannot steer a terminal, and sentences break at spaces', () => {
  expect(printable('a\u001b[2Jb\u009b1mc\u202Ed\ne\tf')).toBe('a\uFFFD[2Jb\uFFFD1mc\uFFFDd\ne  f');
  const lines = wrapped('mot '.repeat(60).trim(), '    ').split('\n');
  expect(Math.max(...lines.map((line) => line.length))).toBeLessThanOrEqual(80);
  expect(lines.every((line) => line.startsWith('    mot'))).toBe(true);
});

test('French spacing is put into our words and never into values', () => {
  expect(fr`Quoi : « ${'a : b'} » !`).toBe('Quoi\u00A0: «\u00A0a : b\u00A0»\u202F!');
  const now = new Date('2026-11-23T10:00:00Z');
  expect(moment(new Date('2026-11-22T13:32:18Z'), now)).toBe('22 nov. 14:32');
  expect(moment(new Date('2025-12-31T23:30:00Z'), now)).toBe('1 janv. 00:30');
  expect(moment(new Date('2025-06-01T10:00:00Z'), now)).toBe('1 juin 2025 12:00');
});

test('every reason for quarantine has a sentence and an action, set in French', () => {
  for (const reason of Object.keys(QUARANTINE_WORDS)) {
    const { sentence, detail, action } = explainQuarantine(reason, 'x');
    for (const text of [sentence, detail ?? '', action]) {
      expect(text).not.toMatch(/ [:;!?»]|« |'/);
    }
    expect(sentence).toMatch(/\.$/);
    expect(action).toMatch(/\.$/);
  }
  expect(explainQuarantine('from-the-future', null).sentence).toContain('from-the-future');
});
