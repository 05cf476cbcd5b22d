// What people did by hand, as rows that are only ever added.

import type { Transaction } from 'kysely';
import type { OperatorActions } from '#application/ports.ts';
import type { Tables } from './tables.ts';

export function postgresOperatorActions(trx: Transaction<Tables>): OperatorActions {
  return {
    async add(action) {
      await trx.insertInto('operator_action').values(action).execute();
    },
  };
}
