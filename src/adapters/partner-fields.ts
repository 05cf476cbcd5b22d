// A partner as people type it, on the command line or in a form, checked before anything is stored: what
// is wrong is told while the person who knows the right value still sits there, field by field. Checks
// of form come first, then the one that looks outside (where the name of an address leads).

import { checkLogo } from '#adapters/logo.ts';
import { logoWarnings } from '#adapters/logo-looks.ts';
import { checkPartnerHost, checkPartnerUrl } from '#adapters/partner/partner-url.ts';
import type { ResolveHost } from '#adapters/partner/resolve-host.ts';
import { fr } from '#adapters/typeset.ts';
import { isSingleEmail } from '#domain/customer.ts';
import {
  API_KEY_CHARACTERS_MIN,
  contrastOnWhite,
  isColor,
  type Logo,
  readableOnWhite,
} from '#domain/partner.ts';
import { plainLine } from '#domain/text.ts';

/** What is typed as text; a field that is absent is not asked about. */
export type TypedPartner = {
  readonly name?: string | undefined;
  readonly color?: string | undefined;
  readonly contactEmail?: string | undefined;
  readonly contactPhone?: string | undefined;
  readonly website?: string | undefined;
  readonly stagingUrl?: string | undefined;
  readonly productionUrl?: string | undefined;
  readonly apiKey?: string | undefined;
};
export type PartnerField = keyof TypedPartner;

export type ReadPartner = {
  /** The fields that may be stored, in their normal form; null clears one. */
  readonly changes: {
    readonly name?: string;
    readonly color?: string | null;
    readonly contactEmail?: string | null;
    readonly contactPhone?: string | null;
    readonly website?: string | null;
    readonly stagingUrl?: string | null;
    readonly productionUrl?: string | null;
    readonly apiKey?: string | null;
  };
  /** One French sentence for each field that cannot be taken. */
  readonly faults: Readonly<Partial<Record<PartnerField, string>>>;
  /** Taken, but worth a look: one sentence each. */
  readonly warnings: readonly { readonly field: PartnerField; readonly text: string }[];
};

export type PartnerGuard = {
  readonly allowInsecure: boolean;
  /** Stands in for the machine's DNS. */
  readonly resolve?: ResolveHost;
};

export const NAME_CHARACTERS_MAX = 100;
const API_KEY_CHARACTERS_MAX = 1024;
export const SLUG_RULE = 'lettres minuscules, chiffres et traits d’union, 63 au plus';

/** A value, or the sentence that says why it is none. */
type Read = { readonly value: string } | { readonly fault: string };
type Rule = (text: string, guard: PartnerGuard) => Read;

const RULES: readonly (readonly [PartnerField, Rule])[] = [
  ['name', nameOf],
  ['color', colorOf],
  ['contactEmail', emailOf],
  ['contactPhone', phoneOf],
  ['website', websiteOf],
  ['apiKey', apiKeyOf],
  ['stagingUrl', urlOf],
  ['productionUrl', urlOf],
];

/**
 * What was typed, field by field; an empty text is null, but for the name. Waits for the DNS when there
 * is an address, which a partner may have registered before its server is there: a name that is not
 * known is a warning, one that leads to a private address a fault.
 */
export async function readPartner(typed: TypedPartner, guard: PartnerGuard): Promise<ReadPartner> {
  const changes: Record<string, string | null> = {};
  const faults: Partial<Record<PartnerField, string>> = {};
  for (const [field, rule] of RULES) {
    const text = typed[field];
    if (text === undefined) continue;
    const read = text.trim() === '' && field !== 'name' ? null : rule(text.trim(), guard);
    if (read && 'fault' in read) faults[field] = read.fault;
    else changes[field] = read === null ? null : read.value;
  }
  const warnings = changes.color ? colorWarnings(changes.color) : [];
  const urls = (['stagingUrl', 'productionUrl'] as const).flatMap((field) => {
    const url = changes[field];
    return url ? [{ field, url }] : [];
  });
  const hosts = await Promise.all(urls.map(({ url }) => checkPartnerHost(url, guard)));
  for (const [index, { field }] of urls.entries()) {
    const host = hosts[index];
    if (host?.kind === 'unresolved') warnings.push({ field, text: host.problem });
    if (host?.kind !== 'private') continue;
    delete changes[field];
    faults[field] = host.problem;
  }
  return { changes, faults, warnings };
}

export type ReadLogo =
  | { readonly logo: Logo; readonly warnings: readonly string[] }
  | { readonly fault: string };

/** The file as a logo, with what is worth a look (« presque invisible sur fond blanc »). */
export function readLogo(bytes: Uint8Array): ReadLogo {
  try {
    const logo = checkLogo(bytes);
    return { logo, warnings: logoWarnings(logo) };
  } catch (error) {
    return { fault: (error as Error).message };
  }
}

function nameOf(text: string): Read {
  const name = plainLine(text, NAME_CHARACTERS_MAX);
  return name === '' ? fault('Le nom du partenaire ne peut pas être vide.') : { value: name };
}

function colorOf(text: string): Read {
  if (isColor(text)) return { value: text.toLowerCase() };
  return fault(fr`La couleur « ${text} » n’est pas de la forme #rrggbb.`);
}

function colorWarnings(color: string): { readonly field: PartnerField; readonly text: string }[] {
  const darker = readableOnWhite(color);
  if (darker === color) return [];
  const ratio = contrastOnWhite(color).toFixed(1).replace('.', ',');
  const text = fr`${color} se voit mal sur du blanc (contraste ${ratio}) : les factures prendront ${darker}.`;
  return [{ field: 'color', text }];
}

function emailOf(text: string): Read {
  return isSingleEmail(text)
    ? { value: text }
    : fault(fr`« ${text} » n’est pas une adresse e-mail.`);
}

function phoneOf(text: string): Read {
  if (/^\+?[\d\s().-]{4,30}$/.test(text)) return { value: plainLine(text, 30) };
  return fault(fr`« ${text} » n’est pas un numéro de téléphone.`);
}

function websiteOf(text: string): Read {
  const url = /^https?:\/\/\S+$/i.test(text) ? URL.parse(text) : null;
  if (url && url.username === '' && text.length <= 200) return { value: text };
  return fault(fr`« ${text} » n’est pas l’adresse d’un site, comme https://exemple.fr.`);
}

// The key itself is never repeated, right or wrong.
function apiKeyOf(text: string): Read {
  if (!/^[\x21-\x7e]+$/.test(text)) {
    return fault('La clé d’API ne peut contenir que des caractères ASCII visibles, sans espace.');
  }
  if (text.length < API_KEY_CHARACTERS_MIN || text.length > API_KEY_CHARACTERS_MAX) {
    return fault(
      fr`La clé d’API a ${text.length} caractères : il en faut au moins ${API_KEY_CHARACTERS_MIN}.`,
    );
  }
  return { value: text };
}

function urlOf(text: string, { allowInsecure }: PartnerGuard): Read {
  const check = checkPartnerUrl(text, { allowInsecure });
  return check.ok ? { value: check.url } : fault(check.problem);
}

function fault(sentence: string): Read {
  return { fault: sentence };
}
