// A program that meets a database of a later release: it works on while that one supports it, so that a
// release can be taken back, and says so clearly when it may not.

import { Client } from 'pg';
import { expect, onTestFinished, test } from 'vitest';
import { migrate } from '#db/migrate.ts';
import { NewerDatabase } from '#db/migration-faults.ts';
import { commandLine } from '#test/support/command-line.ts';
import { testDatabase } from '#test/support/database.ts';

test('a newer database is worked on while it supports this release, then no longer', async () => {
  const database = await testDatabase();
  const client = new Client({ connectionString: database.url });
  await client.connect();
  onTestFinished(() => client.end());
  await client.query(`insert into kysely_migration values ('9999-later', now()::text)`);
  const heard: string[] = [];
  expect(await migrate(database.url, { tell: (it) => void heard.push(it) })).toEqual([]);
  expect(heard).toEqual([expect.stringMatching(/newer than this program.*9999-later/)]);
  await client.query(`update schema_support set oldest_program = '9999-later'`);
  await expect(migrate(database.url)).rejects.toBeInstanceOf(NewerDatabase);

  const cli = commandLine({ DATABASE_URL: database.url });
  const [list, check] = await Promise.all([
    cli.run(['orders', 'list']),
    cli.json<{ newer: string[] }>(['migrate', '--check']),
  ]);
  expect([list.code, list.stdout]).toEqual([1, '']);
  expect(list.stderr).toMatch(/plus récente que ce programme.*9999-later/);
  expect(check).toMatchObject({ code: 1, document: { newer: ['9999-later'] } });
});
