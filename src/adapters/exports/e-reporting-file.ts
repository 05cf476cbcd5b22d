// The e-reporting data of a month as JSON or CSV, for the plateforme agréée. Flux 10.3 and 10.4 hold
// the sales to consumers in France alone; all others stand beside, under a name that nobody can take
// for part of them.

import type { Audience, EReport } from '#domain/e-reporting.ts';
import { add, sum, toDecimalText } from '#domain/money.ts';
import type { Seller } from '#domain/seller.ts';
import { CSV_START, csv, decimalCell } from './csv.ts';

export type EReportHead = {
  readonly seller: Pick<Seller, 'siren' | 'name' | 'vatOnDebits'>;
  /** `2026-11`. */
  readonly month: string;
  readonly isTest: boolean;
};

/** Amounts are decimal texts with a point; rates are percentages. */
export function eReportJson(report: EReport, { seller, month, isTest }: EReportHead): object {
  return {
    ...(isTest && { test: true }),
    siren: seller.siren,
    seller: seller.name,
    month,
    vatOnDebits: seller.vatOnDebits,
    flux10_3: transactionsOf(report, 'consumer'),
    flux10_4: paymentsOf(report, 'consumer'),
    notInThoseFlows: (['business', 'business-abroad', 'consumer-abroad'] as const).map(
      (audience) => ({
        audience,
        transactions: transactionsOf(report, audience),
        payments: paymentsOf(report, audience),
      }),
    ),
  };
}

function transactionsOf({ counts, transactions }: EReport, audience: Audience): object[] {
  return counts
    .filter((it) => it.audience === audience)
    .map(({ day, category, currency, invoices, creditNotes }) => {
      const rows = transactions.filter(
        (it) =>
          it.audience === audience &&
          it.day === day &&
          it.category === category &&
          it.currency === currency,
      );
      const total = (what: 'net' | 'vat') =>
        toDecimalText(sum(rows.map((it) => it[what])), currency);
      return {
        ...{ day, category, currency, net: total('net'), vat: total('vat') },
        ...{ transactions: invoices, creditNotes },
        byRate: rows.map((it) => ({
          rate: rateText(it.rate),
          net: toDecimalText(it.net, currency),
          vat: toDecimalText(it.vat, currency),
        })),
      };
    });
}

function paymentsOf({ payments }: EReport, audience: Audience): object[] {
  const ours = payments.filter((it) => it.audience === audience);
  const days = new Set(ours.map((it) => `${it.day} ${it.currency}`));
  return [...days].map((place) => {
    const rows = ours.filter((it) => `${it.day} ${it.currency}` === place);
    const [day, currency] = place.split(' ');
    return {
      ...{ day, currency },
      byRate: rows.map((it) => ({
        rate: rateText(it.rate),
        gross: toDecimalText(it.gross, it.currency),
      })),
    };
  });
}

const COLUMNS = [
  ...['Flux', 'Clientèle', 'Jour', 'Catégorie', 'Devise', 'Taux'],
  ...['HT', 'TVA', 'TTC', 'Factures', 'Avoirs'],
];
const AUDIENCES: Readonly<Record<Audience, string>> = {
  consumer: 'particuliers',
  'consumer-abroad': 'particuliers hors de France',
  business: 'entreprises',
  'business-abroad': 'entreprises hors de France',
};

/** One row a flow, day, category, currency and rate. */
export function eReportCsv({ transactions, payments }: EReport): string {
  const flow = (audience: Audience, name: string) => (audience === 'consumer' ? name : null);
  return (
    CSV_START +
    csv([
      COLUMNS,
      ...transactions.map((it) => [
        flow(it.audience, '10.3'),
        ...[AUDIENCES[it.audience], it.day, it.category, it.currency, rateText(it.rate, ',')],
        decimalCell(it.net, it.currency),
        decimalCell(it.vat, it.currency),
        decimalCell(add(it.net, it.vat), it.currency),
        ...[it.invoices, it.creditNotes],
      ]),
      ...payments.map((it) => [
        flow(it.audience, '10.4'),
        ...[AUDIENCES[it.audience], it.day, it.category, it.currency, rateText(it.rate, ',')],
        ...[null, null, decimalCell(it.gross, it.currency), null, null],
      ]),
    ])
  );
}

/** 550 → `5.50`. */
function rateText(rate: number, point = '.'): string {
  return (rate / 100).toFixed(2).replace('.', point);
}
