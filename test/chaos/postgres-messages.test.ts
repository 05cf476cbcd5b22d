// The framing that the cutting proxy relies on: messages are whole however the bytes arrive.

import { expect, test } from 'vitest';
import {
  commandTag,
  messageCutter,
  startupParameter,
  statementOf,
} from '#chaos/postgres-messages.ts';

function message(type: string, body: string): Buffer {
  const length = Buffer.alloc(4);
  length.writeInt32BE(4 + Buffer.byteLength(body));
  return Buffer.concat([Buffer.from(type), length, Buffer.from(body)]);
}

const STARTUP = message('', '\0\u0003\0\0user\0chaos\0application_name\0worker-2\0\0');
const PARSE = message('P', '\0select $1\0\0\0');
const BIND = message('B', '\0\0valeur\0');
const SYNC = message('S', '');

test('messages are cut the same in one piece and byte by byte', () => {
  const bytes = Buffer.concat([STARTUP, PARSE, BIND, SYNC]);
  const whole = messageCutter(false)(bytes);
  const cutter = messageCutter(false);
  const single = [...bytes].flatMap((byte) => cutter(Buffer.from([byte])));
  expect(whole.map(({ type }) => type)).toEqual(['', 'P', 'B', 'S']);
  expect(single).toEqual(whole);
});

test('a connection says who it is', () => {
  const [first] = messageCutter(false)(STARTUP);
  expect(first && startupParameter(first, 'application_name')).toBe('worker-2');
  expect(first && startupParameter(first, 'database')).toBeNull();
});

test('a statement is read with its values, prepared or simple', () => {
  const cut = messageCutter(true);
  expect(statementOf(cut(Buffer.concat([PARSE, BIND, SYNC])), new Map())).toMatchObject({
    text: 'select $1',
    values: expect.stringContaining('valeur'),
  });
  expect(statementOf(cut(message('Q', 'commit\0')), new Map())?.text).toBe('commit');
  expect(statementOf(cut(SYNC), new Map())).toBeNull();
});

test('the server’s word of a commit is recognised', () => {
  const [done] = messageCutter(true)(message('C', 'COMMIT\0'));
  expect(done && commandTag(done)).toBe('COMMIT');
});

test('what was prepared before is known by its name', () => {
  const cut = messageCutter(true);
  const prepared = new Map<string, string>();
  const parse = message('P', 'often-1\0select $1\0\0\0');
  const bind = message('B', '\0often-1\0valeur\0');
  statementOf(cut(Buffer.concat([parse, bind, SYNC])), prepared);
  expect(statementOf(cut(Buffer.concat([bind, SYNC])), prepared)).toMatchObject({
    text: 'select $1',
    values: expect.stringContaining('valeur'),
  });
});
