// A partner as typed on the command line, checked before anything is stored: what is wrong is told
// while the person who knows the right value still sits there. Checks of form come first, then
// those that look outside (the logo's file, the name's address in the DNS).

import { readFile, stat } from 'node:fs/promises';
import { checkLogo, LOGO_BYTES_MAX } from '#adapters/logo.ts';
import { logoWarnings } from '#adapters/logo-looks.ts';
import { checkPartnerHost, checkPartnerUrl } from '#adapters/partner/partner-url.ts';
import type { ResolveHost } from '#adapters/partner/resolve-host.ts';
import type { PartnerChanges } from '#adapters/postgres/partner-registry.ts';
import { isSingleEmail } from '#domain/customer.ts';
import {
  API_KEY_CHARACTERS_MIN,
  contrastOnWhite,
  isColor,
  type Logo,
  type PartnerSlug,
  parsePartnerSlug,
  readableOnWhite,
} from '#domain/partner.ts';
import { plainLine } from '#domain/text.ts';
import { misuse } from './faults.ts';
import { fr } from './layout.ts';
import { readStdin } from './read-password.ts';

export type PartnerOptions = {
  readonly name?: string;
  readonly stagingUrl?: string;
  readonly productionUrl?: string;
  readonly apiKey?: string;
  readonly logo?: string;
  readonly color?: string;
  readonly contactEmail?: string;
  readonly contactPhone?: string;
  readonly website?: string;
};

export type CheckedPartner = {
  readonly changes: PartnerChanges;
  /** Taken, but worth a look. One sentence each. */
  readonly warnings: readonly string[];
};

const NAME_CHARACTERS_MAX = 100;
const API_KEY_CHARACTERS_MAX = 1024;

export function slugOf(text: string): PartnerSlug {
  const slug = parsePartnerSlug(text);
  if (slug !== null) return slug;
  throw misuse(
    fr`« ${text} » n’est pas un slug : lettres minuscules, chiffres et traits d’union, 63 au plus.`,
  );
}

/**
 * What was given; an empty value is null, but for the name. Throws a Fault for the first fault.
 * `resolve` stands in for the machine's DNS. A name that it does not know is a warning: a partner
 * may be registered before its server is there, and each call asks again.
 */
export async function checkPartnerOptions(
  options: PartnerOptions,
  guard: { readonly allowInsecure: boolean; readonly resolve?: ResolveHost },
): Promise<CheckedPartner> {
  const { name, color, logo, contactEmail, contactPhone, website } = options;
  const apiKey = options.apiKey === '-' ? (await readStdin()).trim() : options.apiKey;
  const urls = {
    ...(options.stagingUrl !== undefined && { stagingUrl: options.stagingUrl }),
    ...(options.productionUrl !== undefined && { productionUrl: options.productionUrl }),
  };
  const texts = {
    ...(name !== undefined && { name: nameOf(name) }),
    ...(color !== undefined && { color: orNull(color, colorOf) }),
    ...(contactEmail !== undefined && { contactEmail: orNull(contactEmail, emailOf) }),
    ...(contactPhone !== undefined && { contactPhone: orNull(contactPhone, phoneOf) }),
    ...(website !== undefined && { website: orNull(website, websiteOf) }),
    ...(apiKey !== undefined && { apiKey: orNull(apiKey, apiKeyOf) }),
  };
  const warnings: string[] = color ? colorWarning(colorOf(color)) : [];
  const checked: Record<string, string | null> = {};
  for (const [field, text] of Object.entries(urls)) {
    checked[field] = orNull(text, (it) => urlOf(it, guard.allowInsecure));
  }
  for (const url of new Set(Object.values(checked))) {
    if (url === null) continue;
    const host = await checkPartnerHost(url, guard);
    if (host.kind === 'private') throw misuse(host.problem);
    if (host.kind === 'unresolved') warnings.push(host.problem);
  }
  const file = logo === undefined ? {} : { logo: logo === '' ? null : await logoOf(logo) };
  if (file.logo) warnings.push(...logoWarnings(file.logo));
  return { changes: { ...texts, ...checked, ...file }, warnings };
}

function orNull(text: string, read: (text: string) => string): string | null {
  return text.trim() === '' ? null : read(text.trim());
}

function nameOf(text: string): string {
  const name = plainLine(text, NAME_CHARACTERS_MAX);
  if (name === '') throw misuse('Le nom du partenaire ne peut pas être vide.');
  return name;
}

function colorOf(text: string): string {
  if (!isColor(text)) throw misuse(fr`La couleur « ${text} » n’est pas de la forme #rrggbb.`);
  return text.toLowerCase();
}

function colorWarning(color: string): string[] {
  const darker = readableOnWhite(color);
  if (darker === color) return [];
  const ratio = contrastOnWhite(color).toFixed(1).replace('.', ',');
  return [
    fr`${color} se voit mal sur du blanc (contraste ${ratio}) : les factures prendront ${darker}.`,
  ];
}

function emailOf(text: string): string {
  if (!isSingleEmail(text)) throw misuse(fr`« ${text} » n’est pas une adresse e-mail.`);
  return text;
}

function phoneOf(text: string): string {
  if (/^\+?[\d\s().-]{4,30}$/.test(text)) return plainLine(text, 30);
  throw misuse(fr`« ${text} » n’est pas un numéro de téléphone.`);
}

function websiteOf(text: string): string {
  const url = /^https?:\/\/\S+$/i.test(text) ? URL.parse(text) : null;
  if (url && url.username === '' && text.length <= 200) return text;
  throw misuse(fr`« ${text} » n’est pas l’adresse d’un site, comme https://exemple.fr.`);
}

// The key itself is never repeated, right or wrong.
function apiKeyOf(text: string): string {
  if (!/^[\x21-\x7e]+$/.test(text)) {
    throw misuse('La clé d’API ne peut contenir que des caractères ASCII visibles, sans espace.');
  }
  if (text.length < API_KEY_CHARACTERS_MIN || text.length > API_KEY_CHARACTERS_MAX) {
    throw misuse(
      fr`La clé d’API a ${text.length} caractères : il en faut au moins ${API_KEY_CHARACTERS_MIN}.`,
    );
  }
  return text;
}

function urlOf(text: string, allowInsecure: boolean): string {
  const check = checkPartnerUrl(text, { allowInsecure });
  if (!check.ok) throw misuse(check.problem);
  return check.url;
}

async function logoOf(path: string): Promise<Logo> {
  try {
    // A file is looked at before it is read: it may be a disk image.
    const { size } = await stat(path);
    const kibibytes = Math.ceil(size / 1024);
    if (size > LOGO_BYTES_MAX) throw misuse(fr`Le logo pèse ${kibibytes} ko : 512 au plus.`);
    return checkLogo(await readFile(path));
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    throw misuse(code ? fr`Le logo ${path} ne peut pas être lu (${code}).` : message);
  }
}
