// The state of a thing as pages show it: its word, its colour family, how loud it is and its icon. Typed
// by the domain's states, so that a new one does not compile without its look. The rule of noise: a
// filled badge means that a person must act, a tint that time will settle it, a bare word that it is done.

import { attemptWords, notificationWord, PAYMENT_WORDS } from '#adapters/state-words.ts';
import type { PaymentState } from '#application/ports.ts';
import type { Channel, NotificationState } from '#domain/notification.ts';
import type { PrintingState } from '#domain/printing.ts';

export type StateView = {
  readonly word: string;
  readonly family: 'neutral' | 'active' | 'wait' | 'good' | 'bad' | 'held';
  readonly fill: 'bare' | 'tint' | 'solid';
  /** A symbol of `views/icons.hbs`. */
  readonly icon: string;
};

type Look = Omit<StateView, 'word'>;

const PAYMENT_LOOKS: Readonly<Record<PaymentState, Look>> = {
  waiting: { family: 'wait', fill: 'tint', icon: 'hourglass' },
  quarantined: { family: 'held', fill: 'solid', icon: 'shield-alert' },
  recorded: { family: 'good', fill: 'bare', icon: 'circle-check' },
  dismissed: { family: 'neutral', fill: 'bare', icon: 'circle-slash' },
};

const NOTIFICATION_LOOKS: Readonly<Record<NotificationState, Look>> = {
  queued: { family: 'wait', fill: 'tint', icon: 'clock' },
  sending: { family: 'active', fill: 'tint', icon: 'send' },
  completed: { family: 'good', fill: 'bare', icon: 'circle-check' },
  failed: { family: 'bad', fill: 'solid', icon: 'circle-x' },
  exhausted: { family: 'bad', fill: 'solid', icon: 'octagon-x' },
  quarantined: { family: 'held', fill: 'solid', icon: 'shield-alert' },
};

const PRINTING_VIEWS: Readonly<Record<PrintingState, StateView>> = {
  queued: { word: 'PDF en préparation', family: 'active', fill: 'tint', icon: 'file-clock' },
  printing: { word: 'PDF en préparation', family: 'active', fill: 'tint', icon: 'file-clock' },
  printed: { word: 'Émise', family: 'good', fill: 'bare', icon: 'file-check' },
  failed: { word: 'PDF en échec', family: 'bad', fill: 'solid', icon: 'file-warning' },
};

// What cut an attempt short; its words name the cause.
const OUTCOME_ICONS: Readonly<Record<string, string>> = {
  accepted: 'circle-check',
  timeout: 'timer-off',
  dns: 'globe',
  'connection-lost': 'unplug',
  'connection-refused': 'unplug',
  tls: 'shield-x',
  'blocked-address': 'ban',
  interrupted: 'unplug',
  deferred: 'clock',
  redirect: 'corner-up-left',
};

export function paymentView(state: PaymentState): StateView {
  return { word: PAYMENT_WORDS[state], ...PAYMENT_LOOKS[state] };
}

/** `interruptions`: how often in a row our own crash cut the sending short. */
export function notificationView(
  channel: Channel,
  state: NotificationState,
  interruptions = 0,
): StateView {
  if (state === 'queued' && interruptions > 0) {
    const word = 'Interrompue, reprise prévue';
    return { word, family: 'neutral', fill: 'tint', icon: 'unplug' };
  }
  const look = NOTIFICATION_LOOKS[state];
  const icon = state === 'completed' && channel === 'email' ? 'mail-check' : look.icon;
  return { word: notificationWord(channel, state), ...look, icon };
}

/** Of an invoice or credit note; the avoir is masculine. */
export function documentView(state: PrintingState, kind: 'invoice' | 'credit-note'): StateView {
  const view = PRINTING_VIEWS[state];
  return state === 'printed' && kind === 'credit-note' ? { ...view, word: 'Émis' } : view;
}

/** How one attempt ended; never filled, since its notification says who must act. */
export function attemptView(attempt: {
  readonly outcome: string | null;
  readonly statusCode: number | null;
}): StateView {
  const word = attemptWords(attempt);
  const { outcome } = attempt;
  if (outcome === null) return { word, family: 'active', fill: 'tint', icon: 'send' };
  const icon = OUTCOME_ICONS[outcome] ?? 'circle-x';
  if (outcome === 'accepted') return { word, family: 'good', fill: 'bare', icon };
  if (outcome === 'interrupted') return { word, family: 'neutral', fill: 'tint', icon };
  return { word, family: 'bad', fill: 'tint', icon };
}
