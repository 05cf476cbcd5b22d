// What a migration may not do without a word: statements that hold up or break programs of the release
// before, found by their form. The reasons and the ways around stand in docs/migrations.md.

import { type MigrationFile, statementsOf } from '#db/migration-files.ts';

type Rule = { readonly breaks: RegExp; readonly why: string };

/** Held against a whole statement, or against each part of an `alter table`. */
const RULES: readonly Rule[] = [
  { breaks: /^add column\b(?!.*\bdefault\b).*\bnot null\b/s, why: 'a column that must be filled' },
  { breaks: /\bset not null\b/, why: 'a column that must be filled' },
  { breaks: /^add column\b.*(?:\bdefault\b[^,;]*\(|\bgenerated\b)/s, why: 'rewrites the table' },
  { breaks: /^alter column \w+ (?:set data )?type\b/, why: 'rewrites the table' },
  {
    breaks: /^add constraint\b.*\b(?:check|foreign key)\b(?!.*\bnot valid\b)/s,
    why: 'reads the whole table',
  },
  { breaks: /^add (?:constraint \w+ )?(?:unique|primary key)\b/, why: 'builds an index' },
  { breaks: /^add column\b.*\bunique\b/s, why: 'builds an index' },
  { breaks: /^create (?:unique )?index (?!concurrently)/, why: 'builds an index' },
  { breaks: /^(?:update|delete|insert into \w+.*\bselect\b)/s, why: 'grows with the books' },
  {
    breaks: /^(?:drop (?:table|column|constraint)|rename|alter table \w+ rename)\b/,
    why: 'takes something away',
  },
  { breaks: /^(?:truncate|lock table|vacuum full|cluster)\b/, why: 'makes everybody wait' },
];

/** Sentences, `0012-x: reads the whole table: alter table …`; empty when the file keeps the rules. */
export function migrationFaults(file: MigrationFile): string[] {
  const made = new Set(
    [...file.text.matchAll(/create (?:unlogged )?table (?:if not exists )?(\w+)/g)].map(
      (it) => it[1],
    ),
  );
  const faults: string[] = [];
  for (const statement of statementsOf(file.text)) {
    const comments = statement.match(/^\s*--.*$/gm) ?? [];
    const bare = withoutBodies(statement.replace(/--.*$/gm, '')).trim().toLowerCase();
    const isExplained = comments.some((it) => /--\s*online: \S/.test(it));
    if (/\bconcurrently\b/.test(bare) && !file.isApart) {
      faults.push(`${file.name}: concurrently needs a file that goes apart`);
    }
    if (isExplained || made.has(tableOf(bare))) continue;
    for (const part of partsOf(bare)) {
      for (const { breaks, why } of RULES) {
        if (breaks.test(part)) faults.push(`${file.name}: ${why}: ${part.split('\n')[0]}`);
      }
    }
  }
  if (file.isApart && file.text.includes('$$'))
    faults.push(`${file.name}: a function goes not apart`);
  return faults;
}

// « alter table a add column b …, drop column c » does two things.
function partsOf(statement: string): string[] {
  const [, parts] =
    /^alter table(?: if exists)?\s+\w+\s+(?!rename)([\s\S]*)$/.exec(statement) ?? [];
  return parts?.split(/,\s*(?=(?:add|alter|drop)\b)/) ?? [statement];
}

// What a function does is done by its callers, later.
function withoutBodies(statement: string): string {
  return statement.replace(/\$\$[\s\S]*\$\$/g, '');
}

function tableOf(statement: string): string | undefined {
  return /^(?:alter table(?: if exists)?|update|delete from|insert into|create (?:unique )?index[\s\S]*? on) (\w+)/.exec(
    statement,
  )?.[1];
}
