// What the sandbox's first page shows, as plain values for its templates: what can be bought, the
// last purchase in five steps, the purchases before it, and where to go from here. Pure.

import { FIXED, longDate, NARROW, parisTime } from '#adapters/french.ts';
import { parisDay } from '#domain/invoice-number.ts';
import { plainLine } from '#domain/text.ts';
import type { SandboxProduct } from './catalogue.ts';
import { BEHAVIOURS, type Behaviour } from './demo-partner.ts';
import {
  BEHAVIOUR_WORDS,
  elapsed,
  type InstantView,
  instantView,
  price,
  productPrice,
} from './page-words.ts';
import { creditNotesOf, type PurchaseFacts } from './purchase-facts.ts';
import type { Step, StepState, Story } from './purchase-story.ts';
import type { Purchase } from './purchases.ts';

export type Told = {
  readonly purchase: Purchase;
  readonly facts: PurchaseFacts;
  readonly story: Story;
};

export type StepView = Pick<
  Step,
  'name' | 'state' | 'title' | 'badge' | 'text' | 'link' | 'command'
> & {
  readonly icon: string;
  /** For readers by ear. */
  readonly stateWord: string;
  readonly time: string | null;
  /** Thousandths of the whole time. */
  readonly bar: { readonly x: number; readonly width: number } | null;
};

export type JourneyView = {
  readonly id: string;
  readonly done: boolean;
  readonly succeeded: boolean;
  readonly heading: string;
  readonly subtitle: string;
  readonly total: string | null;
  readonly summary: string;
  readonly steps: readonly StepView[];
};

export type LatestView = {
  readonly rows: readonly {
    readonly href: string;
    readonly title: string;
    readonly at: InstantView;
    readonly amount: string;
    readonly invoice: string | null;
    readonly pdfHref: string | null;
    readonly state: StepState;
    readonly icon: string;
    readonly word: string;
  }[];
};

export type ProductView = {
  readonly id: string;
  readonly name: string;
  readonly description: string | null;
  readonly price: string;
  readonly act: string;
};

const ICONS: { readonly [S in StepState]: string } = {
  todo: 'circle',
  doing: 'loader',
  done: 'check',
  waiting: 'clock',
  trouble: 'alert',
};
const STATE_WORDS: { readonly [S in StepState]: string } = {
  todo: 'à venir',
  doing: 'en cours',
  done: 'fait',
  waiting: 'en attente',
  trouble: 'à traiter',
};
const NOT_YET: readonly (readonly [Step['name'], string])[] = [
  ['payment', 'Paiement'],
  ['order', 'Commande'],
  ['invoice', 'Facture'],
  ['email', 'E-mail au client'],
  ['webhook', 'Webhook au partenaire'],
];
const NAME_CHARACTERS_MAX = 160;

/** The five steps of a purchase; dim ones before the first. */
export function journeyView(told: Told | null): JourneyView {
  if (!told) {
    const nothing = { state: 'todo', text: null, link: null, command: null } as const;
    const dim = {
      icon: ICONS.todo,
      stateWord: STATE_WORDS.todo,
      badge: null,
      time: null,
      bar: null,
    };
    return {
      id: '',
      done: true,
      succeeded: false,
      heading: 'Le trajet d’un paiement',
      subtitle: 'Cinq étapes, qui s’allument dès le premier achat.',
      total: null,
      summary: '',
      steps: NOT_YET.map(([name, title]) => ({ ...nothing, ...dim, name, title })),
    };
  }
  const { purchase, story } = told;
  const at = new Date(purchase.boughtAt);
  return {
    id: purchase.id,
    done: story.done,
    succeeded: story.succeeded,
    heading: plainLine(purchase.title, NAME_CHARACTERS_MAX),
    subtitle: `Acheté le ${longDate(parisDay(at))} à${FIXED}${parisTime(at)}`,
    // A time that stops at the obstacle would look like a result.
    total: story.totalMs === null || isStuck(story) ? null : elapsed(story.totalMs),
    summary: summaryOf(told),
    steps: story.steps.map((step) => stepView(step, story.totalMs ?? 0)),
  };
}

function isStuck({ done, succeeded }: Story): boolean {
  return done && !succeeded;
}

function summaryOf({ story, facts }: Told): string {
  const number = facts.journey?.orders[0]?.invoiceNumber;
  const credits = creditNotesOf(facts.journey).map((note) => ` Avoir ${note.number} envoyé.`);
  if (story.succeeded && number === undefined) return 'Comme prévu, il n’y a pas de facture.';
  if (story.succeeded) return `Facture ${number} envoyée, partenaire prévenu.${credits.join('')}`;
  if (!story.done) return 'En cours.';
  return story.steps.some(({ state }) => state === 'trouble')
    ? `Arrêté ici${NARROW}; l’étape en cause dit pourquoi.`
    : `En attente${NARROW}; le programme reprendra de lui-même.`;
}

function stepView(step: Step, totalMs: number): StepView {
  const { name, state, title, badge, text, link, command, beganMs, doneMs } = step;
  const scale = 1000 / Math.max(1, totalMs);
  const x = Math.round((beganMs ?? 0) * scale);
  const end = Math.round((doneMs ?? 0) * scale);
  return {
    ...{ name, state, title, badge, link, command },
    text: text === null ? null : plainLine(text, 400),
    icon: ICONS[state],
    stateWord: STATE_WORDS[state],
    time: doneMs === null ? null : elapsed(doneMs),
    bar: doneMs === null ? null : { x: Math.min(x, 992), width: Math.max(8, end - x) },
  };
}

/** The purchases, newest first. */
export function latestView(told: readonly Told[]): LatestView {
  return {
    rows: told.map(({ purchase, facts, story }) => {
      const state = stateOf(story);
      return {
        href: `/?achat=${purchase.id}`,
        title: plainLine(purchase.title, NAME_CHARACTERS_MAX),
        at: instantView(new Date(purchase.boughtAt)),
        amount: price(purchase.amountCents, purchase.currency),
        invoice: facts.journey?.orders[0]?.invoiceNumber ?? null,
        pdfHref: facts.pdfHref,
        state,
        icon: ICONS[state],
        word: state === 'done' ? `Terminé en ${elapsed(story.totalMs ?? 0)}` : wordOf(state),
      };
    }),
  };
}

function stateOf({ steps, succeeded }: Story): StepState {
  if (succeeded) return 'done';
  const found = (['trouble', 'waiting'] as const).find((it) =>
    steps.some(({ state }) => state === it),
  );
  return found ?? 'doing';
}

function wordOf(state: StepState): string {
  const word = STATE_WORDS[state];
  return word.charAt(0).toUpperCase() + word.slice(1);
}

/** What is for sale, the first one-time product apart: it has the large button. */
export function shopView(catalogue: readonly SandboxProduct[]) {
  const once = catalogue.filter(({ interval }) => interval === null);
  const [main, ...others] = once;
  if (!main) throw new Error('the sandbox sells nothing');
  const three = once.slice(0, 3);
  const total = three.reduce((sum, product) => sum + product.unitAmountCents, 0);
  const basket: ProductView = {
    id: three.map(({ id }) => id).join(' '),
    name: 'Plusieurs produits à la fois',
    description: `Une facture de ${three.length} lignes.`,
    price: price(total, main.currency),
    act: 'Acheter',
  };
  return {
    main: productView(main),
    others: [...others.map(productView), ...(three.length > 1 ? [basket] : [])],
    subscriptions: catalogue.filter(({ interval }) => interval !== null).map(productView),
  };
}

function productView(product: SandboxProduct): ProductView {
  return {
    id: product.id,
    name: plainLine(product.name, NAME_CHARACTERS_MAX),
    description: product.description && plainLine(product.description, 300),
    price: productPrice(product),
    act: product.interval === null ? 'Acheter' : 'S’abonner',
  };
}

export function behavioursView(current: Behaviour) {
  return {
    choices: BEHAVIOURS.map((value) => ({
      value,
      label: BEHAVIOUR_WORDS[value].label,
      pressed: value === current,
    })),
    effect: BEHAVIOUR_WORDS[current].effect,
    misbehaving: current !== 'accept',
  };
}
