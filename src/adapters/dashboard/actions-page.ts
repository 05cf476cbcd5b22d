// « Journal des actions », for administrators: who did what, when and why, by hand. Rows are only ever
// added. Filters stand in the address, so that a look can be handed to a colleague.

import type Router from '@koa/router';
import { shownTime } from '#adapters/pages/shown-time.ts';
import { listAccounts } from '#adapters/postgres/accounts.ts';
import {
  actionPage,
  type JournalEntry,
  type JournalPlace,
} from '#adapters/postgres/dashboard/action-list.ts';
import { actionWords } from './action-words.ts';
import type { DashboardNeeds } from './needs.ts';
import { page, type Visit } from './visit.ts';

const HERE = '/dashboard/actions';

export function actionsRoutes(router: Router, needs: DashboardNeeds): void {
  router.get(
    HERE,
    page(needs, 'admin', async (visit) => {
      const [who, about] = [visit.query('who'), visit.query('about')];
      const filter = { actor: who || null, subject: about || null };
      const [found, accounts] = await Promise.all([
        actionPage(needs.db, filter, placeOf(visit)),
        listAccounts(needs.db),
      ]);
      const { entries, hasNewer, hasOlder } = found;
      const [first, last] = [entries.at(0), entries.at(-1)];
      return {
        view: 'actions',
        title: 'Journal des actions',
        place: null,
        model: {
          ...{ who, about, isFiltered: who !== '' || about !== '' },
          people: accounts.map(({ email }) => email),
          entries: entries.map((entry) => entryView(entry, visit.now)),
          newer: first && hasNewer ? hrefOf({ who, about, after: `${first.id}` }) : null,
          older: last && hasOlder ? hrefOf({ who, about, before: `${last.id}` }) : null,
        },
      };
    }),
  );
}

function entryView({ at, actor, action, subject, why }: JournalEntry, now: Date) {
  const isAccount = /^(account|password|second-factor|signed|sign-in)\b/.test(action);
  const target = isAccount
    ? `/dashboard/people/${encodeURIComponent(subject)}`
    : `/dashboard/search?${new URLSearchParams({ q: subject })}`;
  return {
    ...{ at: shownTime(at, now), actor, action: actionWords(action), subject, why: why ?? '' },
    byActor: hrefOf({ who: actor }),
    onSubject: hrefOf({ about: subject }),
    target: subject.includes(' ') ? null : target,
  };
}

function placeOf(visit: Visit): JournalPlace {
  const [before, after] = [idOf(visit.query('before')), idOf(visit.query('after'))];
  if (before !== null) return { before };
  return after === null ? null : { after };
}

function idOf(text: string): number | null {
  return /^\d{1,15}$/.test(text) ? Number(text) : null;
}

function hrefOf(fields: Readonly<Record<string, string>>): string {
  const given = Object.entries(fields).filter(([, value]) => value !== '');
  return given.length === 0 ? HERE : `${HERE}?${new URLSearchParams(given)}`;
}
