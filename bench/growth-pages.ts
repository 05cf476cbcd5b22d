// The pages and questions whose time must not follow the books: a line each. Add a page by adding its
// line; `ask` is whatever the page asks of the database, or a request to a server on the same books.

import { randomUUID } from 'node:crypto';
import {
  listOrders,
  listPayments,
  orderContents,
  queueHealth,
} from '#adapters/postgres/book-lists.ts';
import type { Database } from '#adapters/postgres/database.ts';
import { listDocuments } from '#adapters/postgres/document-lists.ts';
import { listNotifications } from '#adapters/postgres/notification-lists.ts';
import { journeyOfEvents } from '#adapters/postgres/payment-journey.ts';
import { queueFigures } from '#adapters/postgres/queue-figures.ts';
import { workHealth } from '#adapters/postgres/work-health.ts';
import { PARTNERS } from './million/sold-orders.ts';

export type Asked = {
  readonly db: Database;
  /** Ids of orders that are there, anywhere in the books, one more at each call. */
  readonly anyOrder: () => { readonly id: number; readonly eventId: string };
};

export type GrowthPage = {
  readonly name: string;
  readonly ask: (asked: Asked) => Promise<unknown>;
};

const LARGE = PARTNERS[0]?.slug ?? '';
const SMALL = PARTNERS.at(-1)?.slug ?? '';

export const PAGES: readonly GrowthPage[] = [
  { name: 'orders', ask: ({ db }) => listOrders(db, { limit: 50 }) },
  {
    name: 'orders further back',
    ask: ({ db, anyOrder }) => listOrders(db, { limit: 50, before: anyOrder().id }),
  },
  {
    name: 'orders of the largest partner',
    ask: ({ db }) => listOrders(db, { limit: 50, partner: LARGE }),
  },
  {
    name: 'orders of a small partner, further back',
    ask: ({ db, anyOrder }) => listOrders(db, { limit: 50, partner: SMALL, before: anyOrder().id }),
  },
  {
    name: 'an order’s story',
    ask: async ({ db, anyOrder }) => {
      const { id, eventId } = anyOrder();
      return [await orderContents(db, id), await journeyOfEvents(db, [eventId])];
    },
  },
  { name: 'payments', ask: ({ db }) => listPayments(db, { limit: 50 }) },
  {
    name: 'payments in quarantine',
    ask: ({ db }) => listPayments(db, { limit: 50, state: 'quarantined' }),
  },
  { name: 'notifications', ask: ({ db }) => listNotifications(db, { limit: 50 }) },
  {
    name: 'notifications refused',
    ask: ({ db }) => listNotifications(db, { limit: 50, state: 'failed' }),
  },
  {
    name: 'notifications exhausted, of a small partner',
    ask: ({ db }) => listNotifications(db, { limit: 50, state: 'exhausted', partner: SMALL }),
  },
  {
    name: 'notifications waiting',
    ask: ({ db }) => listNotifications(db, { limit: 50, state: 'queued' }),
  },
  { name: 'documents', ask: ({ db }) => listDocuments(db, { limit: 50 }) },
  { name: 'an event that is not there', ask: ({ db }) => journeyOfEvents(db, [randomUUID()]) },
  {
    name: 'how it stands',
    ask: async ({ db }) => [await queueFigures(db), await workHealth(db), await queueHealth(db)],
  },
];
