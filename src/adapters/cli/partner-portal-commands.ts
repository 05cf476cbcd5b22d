// `partner portal-link` and `partner portal-token`: what lets a partner's people and programs in. Both are
// shown once; afterwards only what they open can be ended, not read back.

import { makePortalLink } from '#adapters/postgres/portal/portal-access.ts';
import {
  makePortalToken,
  type PortalToken,
  portalTokens,
  revokePortalToken,
  TOKEN_LABEL_CHARACTERS_MAX,
} from '#adapters/postgres/portal/portal-tokens.ts';
import { systemClock } from '#adapters/system-clock.ts';
import { plainLine } from '#domain/text.ts';
import { withBooks } from './books.ts';
import type { Answer, Cli } from './cli.ts';
import { Fault } from './faults.ts';
import { fr, moment, table } from './layout.ts';
import { operator } from './operator.ts';
import { unknownPartner } from './partner-commands.ts';
import { slugOf } from './partner-options.ts';

export async function portalLink(
  cli: Cli,
  typedSlug: string,
  { why }: { readonly why?: string },
): Promise<Answer> {
  const { config } = cli.configure();
  const slug = slugOf(typedSlug);
  return withBooks(config, async (db) => {
    const now = systemClock.now();
    const made = await makePortalLink(db, slug, operator(why), now);
    if (made === 'not-found') throw unknownPartner(slug);
    const url = `${config.publicUrl}/portal/open/${made.token}`;
    const until = moment(made.expiresAt, now);
    const text = [
      fr`Lien du portail de ${slug}, montré cette seule fois :`,
      `\n  ${url}\n`,
      fr`Il sert une fois, jusqu’au ${until}, et ouvre une session de 7 jours.`,
    ].join('\n');
    return { json: { slug, url, expiresAt: made.expiresAt }, text };
  });
}

export async function portalToken(
  cli: Cli,
  typedSlug: string,
  options: {
    readonly label: string;
    readonly list?: boolean;
    readonly revoke?: number;
    readonly why?: string;
  },
): Promise<Answer> {
  const { config } = cli.configure();
  const slug = slugOf(typedSlug);
  const by = operator(options.why);
  return withBooks(config, async (db) => {
    const now = systemClock.now();
    if (options.list) return listed(await portalTokens(db, slug), now);
    if (options.revoke !== undefined) {
      const id = options.revoke;
      const outcome = Number.isSafeInteger(id)
        ? await revokePortalToken(db, { slug, id }, by, now)
        : 'not-found';
      if (outcome === 'not-found') {
        throw new Fault(fr`${slug} n’a pas de jeton valable n° ${id} : voyez --list.`);
      }
      return {
        json: { slug, revoked: id },
        text: fr`Le jeton n° ${id} de ${slug} n’ouvre plus rien.`,
      };
    }
    const label = plainLine(options.label, TOKEN_LABEL_CHARACTERS_MAX) || 'Sans nom';
    const made = await makePortalToken(db, { slug, label }, by, now);
    if (made === 'not-found') throw unknownPartner(slug);
    const text = [
      fr`Jeton d’API n° ${made.id} de ${slug} (${label}), montré cette seule fois :`,
      `\n  ${made.token}\n`,
      fr`À envoyer dans « Authorization: Bearer … » à ${config.publicUrl}/api/partner/v1/notifications.`,
    ].join('\n');
    return { json: { slug, label, ...made }, text };
  });
}

function listed(tokens: readonly PortalToken[], now: Date): Answer {
  const json = { tokens };
  if (tokens.length === 0) return { json, text: fr`Aucun jeton.` };
  const columns = [
    { head: 'N°', align: 'right' as const },
    { head: 'NOM', shrinkTo: 12 },
    { head: 'FIN' },
    { head: 'CRÉÉ' },
    { head: 'DERNIER USAGE' },
    { head: 'ÉTAT' },
  ];
  const rows = tokens.map(({ id, label, lastFour, createdAt, usedAt, revokedAt }) => [
    String(id),
    label,
    `…${lastFour}`,
    moment(createdAt, now),
    usedAt ? moment(usedAt, now) : 'jamais',
    revokedAt ? `révoqué ${moment(revokedAt, now)}` : 'valable',
  ]);
  return { json, text: table(columns, rows) };
}
