// What the dashboard's pages work with. They read through queries of their own (`postgres/dashboard`),
// and change things through the use cases only, as the command line does.

import type { PartnerClient } from '#adapters/partner/partner-client.ts';
import type { ChromiumPrinter } from '#adapters/pdf/chromium-printer.ts';
import type { Database } from '#adapters/postgres/database.ts';
import type { SecretBox } from '#adapters/secret-box.ts';
import type { Clock, FileStore, Transact } from '#application/ports.ts';
import type { Seller } from '#domain/seller.ts';

export type DashboardNeeds = {
  readonly environment: 'sandbox' | 'staging' | 'production';
  readonly publicUrl: string;
  readonly databaseUrl: string;
  readonly db: Database;
  readonly transact: Transact;
  readonly secrets: SecretBox;
  readonly clock: Clock;
  readonly files: FileStore;
  /** Calls partners with the guard of production: for trials of an address. */
  readonly partner: PartnerClient;
  readonly printer: ChromiumPrinter;
  readonly seller: Seller;
  readonly housePartner: string | null;
  readonly allowInsecurePartnerUrls: boolean;
  /** Requests and answers are kept for so long. */
  readonly personalDataDays: number;
  /** Attempts of one round of calls to a partner; three when absent. */
  readonly partnerTries?: number;
  readonly isStopping: () => boolean;
  readonly log: {
    error(fields: object, message: string): void;
    warn(fields: object, message: string): void;
    info(fields: object, message: string): void;
  };
};
