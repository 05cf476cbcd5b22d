// `partner rotate-secret`: another signing secret for a partner. It is shown once; the one before signs
// beside it for a while, so that the partner changes its side when it likes and no call is refused.

import { newSigningSecret } from '#adapters/partner/standard-webhooks.ts';
import { systemClock } from '#adapters/system-clock.ts';
import type { Answer, Cli } from './cli.ts';
import { Fault } from './faults.ts';
import { fr, moment } from './layout.ts';
import { operator } from './operator.ts';
import { unknownPartner, withRegistry } from './partner-commands.ts';
import { slugOf } from './partner-options.ts';

export type RotationWish = {
  /** Milliseconds that the old secret signs on; Infinity: until the next rotation. */
  readonly keep?: number;
  readonly dropOld?: boolean;
  readonly why?: string;
};

const KEPT_MS = 24 * 60 * 60 * 1000;

export async function rotateSecret(
  cli: Cli,
  typedSlug: string,
  { keep = KEPT_MS, dropOld = false, why }: RotationWish,
): Promise<Answer> {
  const { config } = cli.configure();
  const slug = slugOf(typedSlug);
  const by = operator(why);
  return withRegistry(config, async (registry) => {
    if (dropOld) {
      const outcome = await registry.dropOldSecret(slug, by);
      if (outcome === 'not-found') throw unknownPartner(slug);
      if (outcome === 'none') throw new Fault(fr`Le partenaire ${slug} n’a pas d’ancien secret.`);
      const text = fr`L’ancien secret de ${slug} ne signe plus.`;
      return { json: { slug, dropped: true }, text };
    }
    const secret = newSigningSecret();
    const now = systemClock.now();
    const oldUntil = Number.isFinite(keep) ? new Date(now.getTime() + keep) : null;
    const outcome = await registry.rotateSecret(slug, { secret, oldUntil }, by);
    if (outcome === 'not-found') throw unknownPartner(slug);
    const old =
      oldUntil === null
        ? fr`L’ancien signe à côté de lui jusqu’à la prochaine rotation.`
        : keep === 0
          ? fr`L’ancien ne signe plus : les appels sont refusés tant que le partenaire ne l’a pas changé.`
          : fr`L’ancien signe à côté de lui jusqu’au ${moment(oldUntil, now)} ; --drop-old y met fin avant.`;
    const text = [
      fr`Nouveau secret de signature de ${slug}, montré cette seule fois :`,
      `\n  ${secret}\n`,
      old,
    ].join('\n');
    return { json: { slug, signingSecret: secret, oldUntil: keep === 0 ? now : oldUntil }, text };
  });
}
