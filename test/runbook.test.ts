// Every command that the runbook tells a person to type exists, with those options and as many
// arguments; and its table of contents leads to its pages.

import { readFileSync } from 'node:fs';
import type { Command, Option } from 'commander';
import { expect, test } from 'vitest';
import type { Cli } from '#adapters/cli/cli.ts';
import { commandTree } from '#adapters/cli/commands.ts';

const RUNBOOK = readFileSync(new URL('../docs/runbook.md', import.meta.url), 'utf8');
const silent = { onAnswer: () => {}, writeOut: () => {}, writeErr: () => {} };
const tree = commandTree({ version: '0' } as Cli, silent);

/** Lines of the blocks, and what stands between backquotes in the text. */
function commandsIn(markdown: string): string[] {
  const blocks = [...markdown.matchAll(/```sh\n([\s\S]*?)```/g)].flatMap((it) =>
    it[1]?.split('\n'),
  );
  const inline = [...markdown.matchAll(/`(comptappart [^`]+)`/g)].map((it) => it[1]);
  return [...blocks, ...inline].filter((line) => line?.startsWith('comptappart ')) as string[];
}

/** What is wrong with a command line; null when it could be typed. */
function faultOf(line: string): string | null {
  const words = (line.replace(/\s#.*$/, '').match(/"[^"]*"|\S+/g) ?? []).slice(1);
  let command: Command = tree;
  while (words[0] !== undefined) {
    const next = command.commands.find((it) => it.name() === words[0]);
    if (!next) break;
    command = next;
    words.shift();
  }
  if (command.commands.length > 0) return `no command ${words[0] ?? ''}`;
  const args: string[] = [];
  const given: Option[] = [];
  while (words.length > 0) {
    const word = words.shift() as string;
    if (!/^--?[a-z]/.test(word)) args.push(word);
    else {
      const option = [...command.options, ...tree.options].find((it) =>
        [it.long, it.short].includes(word),
      );
      if (!option) return `no option ${word}`;
      given.push(option);
      if (option.required && !takes(option, words.shift())) return `no value for ${word}`;
    }
  }
  const missing = command.options.find((it) => it.mandatory && !given.includes(it));
  if (missing) return `without ${missing.flags}`;
  const known = command.registeredArguments;
  const atMost = known.at(-1)?.variadic ? Number.POSITIVE_INFINITY : known.length;
  const atLeast = known.filter((it) => it.required).length;
  return args.length < atLeast || args.length > atMost ? `${args.length} arguments` : null;
}

function takes(option: Option, value: string | undefined): boolean {
  if (value === undefined) return false;
  if (option.argChoices) return option.argChoices.includes(value);
  try {
    option.parseArg?.(value.replaceAll('"', ''), undefined);
    return true;
  } catch {
    return false;
  }
}

test('every command in the runbook can be typed', () => {
  const commands = commandsIn(RUNBOOK);
  expect(commands.length).toBeGreaterThan(40);
  const faults = commands
    .map((line) => [line, faultOf(line)])
    .filter(([, fault]) => fault !== null);
  expect(faults).toEqual([]);
});

test('every page has an entry in the table, and every entry a page', () => {
  const pages = [...RUNBOOK.matchAll(/^## (.+)$/gm)].map(([, title = '']) =>
    title
      .toLowerCase()
      .replace(/[^\p{L}\p{N} -]/gu, '')
      .replaceAll(' ', '-'),
  );
  const entries = [...RUNBOOK.matchAll(/\]\(#([^)]+)\)/g)].map((it) => it[1]);
  expect(entries).toEqual(pages);
});

test.each([
  'comptappart',
  'comptappart doctors',
  'comptappart partner',
  'comptappart doctor --fix',
  'comptappart orders show',
  'comptappart orders show 1 2',
  'comptappart payments dismiss pi_1',
  'comptappart notifications list --state lost',
  'comptappart partner rotate-secret SLUG --keep',
  'comptappart partner rotate-secret SLUG --keep forever',
])('%s is caught', (line) => {
  expect(faultOf(`${line} `)).not.toBeNull();
});
