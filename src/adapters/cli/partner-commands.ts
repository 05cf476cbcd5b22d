// `partner add|set|list|show|remove`: the register of partners from the command line. The signing
// secret is made here and shown once; afterwards neither it nor the API key can be read back.

import { newSigningSecret } from '#adapters/partner/standard-webhooks.ts';
import type { Database } from '#adapters/postgres/database.ts';
import {
  type PartnerRegistry,
  type PartnerSecrets,
  postgresPartnerRegistry,
  type RegisteredPartner,
} from '#adapters/postgres/partner-registry.ts';
import { systemClock } from '#adapters/system-clock.ts';
import type { PartnerSlug } from '#domain/partner.ts';
import { openSecretBox, withBooks } from './books.ts';
import type { Answer, Cli, CliConfig } from './cli.ts';
import { Fault, misuse } from './faults.ts';
import { facts, fr, moment, table } from './layout.ts';
import { operator } from './operator.ts';
import { checkPartnerOptions, type PartnerOptions, slugOf } from './partner-options.ts';

export async function addPartner(
  cli: Cli,
  typedSlug: string,
  options: PartnerOptions & { readonly name: string },
): Promise<Answer> {
  const { config } = cli.configure();
  const slug = slugOf(typedSlug);
  const { changes, warnings } = await checked(cli, config, options);
  return withRegistry(config, async (registry) => {
    const signingSecret = newSigningSecret();
    const name = changes.name ?? slug;
    const added = { ...changes, name, signingSecret };
    if ((await registry.add(slug, added, operator(undefined))) === 'exists') {
      throw new Fault(fr`Le partenaire ${slug} existe déjà : changez-le avec « partner set ».`);
    }
    const partner = await mustExist(registry, slug);
    const text = [
      fr`Le partenaire ${slug} est ajouté.`,
      `\n${sheet(partner)}\n`,
      fr`Secret de signature, montré cette seule fois : transmettez-le au partenaire.`,
      `\n  ${signingSecret}\n`,
      fr`Dans Stripe, donnez à ses produits la métadonnée partner = ${slug}.`,
    ].join('\n');
    return { json: { partner: asJson(partner), signingSecret, warnings }, text };
  });
}

export async function setPartner(
  cli: Cli,
  typedSlug: string,
  { why, ...options }: PartnerOptions & { readonly why?: string },
): Promise<Answer> {
  const { config } = cli.configure();
  const slug = slugOf(typedSlug);
  const { changes, warnings } = await checked(cli, config, options);
  if (Object.keys(changes).length === 0) {
    throw misuse(fr`Rien à changer : donnez au moins une option, comme --color "#0b7a75".`);
  }
  return withRegistry(config, async (registry) => {
    if ((await registry.set(slug, changes, operator(why))) === 'not-found')
      throw unknownPartner(slug);
    const partner = await mustExist(registry, slug);
    const text = `${fr`Le partenaire ${slug} est à jour.`}\n\n${sheet(partner)}`;
    return { json: { partner: asJson(partner), warnings }, text };
  });
}

export async function listPartners(cli: Cli): Promise<Answer> {
  const { config } = cli.configure();
  return withRegistry(config, async (registry) => {
    const partners = await registry.list();
    const json = { partners: partners.map(asJson) };
    if (partners.length === 0) {
      return { json, text: fr`Aucun partenaire. Le premier s’ajoute avec « partner add ».` };
    }
    const columns = [
      { head: 'SLUG' },
      { head: 'NOM', shrinkTo: 12 },
      { head: 'CLÉ' },
      { head: `ADRESSE (${environmentWord(config)})`, shrinkTo: 20 },
    ];
    const rows = partners.map((partner) => [
      partner.slug,
      partner.branding.name,
      partner.hasApiKey ? 'oui' : 'non',
      urlHere(config, partner) ?? 'aucune',
    ]);
    return { json, text: table(columns, rows) };
  });
}

export async function showPartner(cli: Cli, typedSlug: string): Promise<Answer> {
  const { config } = cli.configure();
  const slug = slugOf(typedSlug);
  return withRegistry(config, async (registry) => {
    const partner = await mustExist(registry, slug);
    return { json: { partner: asJson(partner) }, text: sheet(partner) };
  });
}

export async function removePartner(cli: Cli, typedSlug: string): Promise<Answer> {
  const { config } = cli.configure();
  const slug = slugOf(typedSlug);
  return withRegistry(config, async (registry) => {
    const outcome = await registry.remove(slug, operator(undefined));
    switch (outcome) {
      case 'removed':
        return { json: { removed: slug }, text: fr`Le partenaire ${slug} est retiré.` };
      case 'not-found':
        throw unknownPartner(slug);
      case 'in-use':
        throw new Fault(
          fr`Le partenaire ${slug} a des commandes : elles le gardent pour toujours.`,
        );
      default:
        return outcome satisfies never;
    }
  });
}

async function checked(cli: Cli, config: CliConfig, options: PartnerOptions) {
  const allowInsecure = config.allowInsecurePartnerUrls;
  const result = await checkPartnerOptions(options, { allowInsecure });
  for (const warning of result.warnings) cli.remark(fr`Attention : ${warning}`);
  return result;
}

/** Lends the register, the books open and up to date. */
export function withRegistry<T>(
  config: CliConfig,
  work: (registry: PartnerRegistry) => Promise<T>,
): Promise<T> {
  return withBooks(config, async (db: Database) => {
    const secrets = await openSecretBox(config);
    return work(postgresPartnerRegistry(db, { secrets, clock: systemClock }));
  });
}

async function mustExist(registry: PartnerRegistry, slug: PartnerSlug): Promise<Shown> {
  const partner = await registry.get(slug);
  if (!partner) throw unknownPartner(slug);
  return partner;
}

export function unknownPartner(slug: PartnerSlug): Fault {
  return new Fault(fr`Le partenaire ${slug} est inconnu : voyez « partner list ».`);
}

function environmentWord({ environment }: CliConfig): string {
  return environment === 'production' ? 'production' : 'préproduction';
}

function urlHere({ environment }: CliConfig, partner: RegisteredPartner): string | null {
  return environment === 'production' ? partner.productionUrl : partner.stagingUrl;
}

type Shown = RegisteredPartner & PartnerSecrets;

function sheet(partner: Shown): string {
  const { branding, logo } = partner;
  const none = 'aucune';
  return facts(
    [
      ['Slug', partner.slug],
      ['Nom', branding.name],
      ['Préproduction', partner.stagingUrl ?? none],
      ['Production', partner.productionUrl ?? none],
      ['Clé d’API', partner.hasApiKey ? endShown(partner.apiKeyEnd) : none],
      ['Signature', signatureShown(partner)],
      ['Logo', logo ? `${logo.mediaType}, ${Math.ceil(logo.bytes.length / 1024)} ko` : 'aucun'],
      ['Couleur', branding.color ?? none],
      ['Contact', branding.contactEmail ?? 'aucun'],
      ['Téléphone', branding.contactPhone ?? 'aucun'],
      ['Site', branding.website ?? 'aucun'],
    ],
    '  ',
  );
}

function endShown(end: string | null): string {
  return end === null ? fr`scellée avec une clé absente : voyez « secrets status »` : `…${end}`;
}

function signatureShown({ signingSecretEnd, previous }: Shown): string {
  const present = endShown(signingSecretEnd);
  if (previous === null) return present;
  const until =
    previous.until === null
      ? 'jusqu’à la prochaine rotation'
      : fr`jusqu’au ${moment(previous.until, systemClock.now())}`;
  return `${present}, et ${endShown(previous.end)} ${until}`;
}

function asJson(partner: RegisteredPartner): object {
  const { slug, branding, logo, ...rest } = partner;
  const size = logo && { mediaType: logo.mediaType, sizeBytes: logo.bytes.length };
  return { slug, ...branding, ...rest, logo: size };
}
