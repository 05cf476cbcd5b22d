// The rules of docs/migrations.md, held against every migration since the first release. What older ones
// do is on a list that may only shrink; a new one explains itself in the file, or goes another way.

import { expect, test } from 'vitest';
import { type MigrationFile, migrationFiles, statementsOf } from '#db/migration-files.ts';
import { migrationFaults } from './support/migration-rules.ts';

const FIRST_HELD = '0007';

/** Written before the rules, for books that were small then. */
const BEFORE_THE_RULES: Readonly<Record<string, number>> = {
  '0007-credit-notes': 5,
  '0008-delivery': 10,
  '0009-retention': 8,
};

test('no migration holds up or breaks the release before without a word', async () => {
  const held = (await migrationFiles()).filter(({ name }) => name >= FIRST_HELD);
  expect(held.length).toBeGreaterThan(4);
  for (const file of held) {
    const faults = migrationFaults(file);
    const allowed = BEFORE_THE_RULES[file.name] ?? 0;
    expect(faults, faults.join('\n')).toHaveLength(allowed);
  }
});

const fileOf = (text: string): MigrationFile => ({
  name: '0099-x',
  text,
  isApart: text.startsWith('-- apart'),
});

test.each([
  ['alter table orders add column a text not null;'],
  ['alter table orders add column a text, add column b text not null;'],
  ['alter table orders alter column a set not null;'],
  ['alter table orders add column a timestamptz default now();'],
  ['alter table orders alter column net type numeric;'],
  ['alter table orders add constraint x check (net > 0);'],
  ['alter table orders add constraint x foreign key (a) references b;'],
  ['alter table orders add unique (a);'],
  ['create index a on orders (b);'],
  ['create unique index a on orders (b);'],
  ['create index concurrently a on orders (b);'],
  ['update orders set a = 1;'],
  ['insert into printing (a) select a from orders;'],
  ['alter table orders drop column a;'],
  ['alter table orders rename column a to b;'],
  ['truncate orders;'],
])('%s is caught', (text) => {
  expect(migrationFaults(fileOf(text))).toHaveLength(1);
});

test.each([
  ['alter table orders add column a text;'],
  ["alter table orders add column a text not null default 'x', alter column b drop not null;"],
  ['alter table orders add constraint x check (net > 0) not valid;'],
  ['create table a (b text not null);\ncreate index c on a (b);\nupdate a set b = 1;'],
  ['-- online: a dozen rows\nupdate partner set color = null;'],
  ['-- apart\ndrop index concurrently if exists a;\ncreate index concurrently a on orders (b);'],
  [
    'create function f() returns trigger language plpgsql as $$\nbegin\n  update a set b = 1;\nend $$;',
  ],
])('%s is fine', (text) => {
  expect(migrationFaults(fileOf(text))).toEqual([]);
});

test('statements are told apart, each with its comment; a function stays whole', () => {
  const body = 'create function f() returns int language sql as $$\n  select 1;\n$$;';
  expect(statementsOf(`-- why\ncreate index a on b (c);\n\n${body}\nselect 1;\n`)).toEqual([
    '-- why\ncreate index a on b (c);',
    body,
    'select 1;',
  ]);
});
