// A partner as typed on the command line: the fields' rules are those of every way in
// (partner-fields.ts); what is of the command line alone is here: a logo is a path, a key may come by
// standard input, and the first fault ends the command.

import { readFile, stat } from 'node:fs/promises';
import { LOGO_BYTES_MAX } from '#adapters/logo.ts';
import {
  type PartnerGuard,
  readLogo,
  readPartner,
  SLUG_RULE,
  type TypedPartner,
} from '#adapters/partner-fields.ts';
import type { PartnerChanges } from '#adapters/postgres/partner-registry.ts';
import { type PartnerSlug, parsePartnerSlug } from '#domain/partner.ts';
import { misuse } from './faults.ts';
import { fr } from './layout.ts';
import { readStdin } from './read-password.ts';

export type PartnerOptions = TypedPartner & {
  /** A path; empty: none any more. */
  readonly logo?: string;
};

export type CheckedPartner = {
  readonly changes: PartnerChanges;
  /** Taken, but worth a look. One sentence each. */
  readonly warnings: readonly string[];
};

export function slugOf(text: string): PartnerSlug {
  const slug = parsePartnerSlug(text);
  if (slug !== null) return slug;
  throw misuse(fr`« ${text} » n’est pas un slug : ${SLUG_RULE}.`);
}

/**
 * What was given; an empty value is null, but for the name. Throws a Fault for the first fault. A
 * name that the DNS does not know is a warning: each call asks again.
 */
export async function checkPartnerOptions(
  { logo: path, ...typed }: PartnerOptions,
  guard: PartnerGuard,
): Promise<CheckedPartner> {
  const apiKey = typed.apiKey === '-' ? (await readStdin()).trim() : typed.apiKey;
  const { changes, faults, warnings } = await readPartner({ ...typed, apiKey }, guard);
  const [fault] = Object.values(faults);
  if (fault !== undefined) throw misuse(fault);
  const told = [...new Set(warnings.map(({ text }) => text))];
  if (path === undefined) return { changes, warnings: told };
  if (path === '') return { changes: { ...changes, logo: null }, warnings: told };
  const read = readLogo(await fileOf(path));
  if ('fault' in read) throw misuse(read.fault);
  return { changes: { ...changes, logo: read.logo }, warnings: [...told, ...read.warnings] };
}

async function fileOf(path: string): Promise<Uint8Array> {
  try {
    // A file is looked at before it is read: it may be a disk image.
    const { size } = await stat(path);
    if (size <= LOGO_BYTES_MAX) return await readFile(path);
    throw misuse(fr`Le logo pèse ${Math.ceil(size / 1024)} ko : 512 au plus.`);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === undefined) throw error;
    throw misuse(fr`Le logo ${path} ne peut pas être lu (${code}).`);
  }
}
