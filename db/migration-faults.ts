// What can keep a migration from running, apart from its own mistakes. They stand by themselves, so that
// whoever words them for a person loads nothing else.

/** Others were at work all the time, or the work takes too long: nothing of that file happened. */
export class MigrationHeldUp extends Error {
  override readonly name = 'MigrationHeldUp';
  readonly migration: string;
  readonly kind: 'locked' | 'slow';
  constructor(migration: string, kind: 'locked' | 'slow', cause: unknown) {
    const why =
      kind === 'locked'
        ? 'waits for a lock that others hold; end long transactions and exports, then try again'
        : 'takes longer than it may; try again with a longer --statement-timeout when it is quiet';
    super(`Migration ${migration} ${why}`, { cause });
    this.migration = migration;
    this.kind = kind;
  }
}

/** The database is of a later release, which no longer supports this program. */
export class NewerDatabase extends Error {
  override readonly name = 'NewerDatabase';
  readonly migrations: readonly string[];
  constructor(migrations: readonly string[]) {
    super(
      `The database is newer than this program, which may not work on it any more ` +
        `(${migrations.join(', ')}): start a newer release`,
    );
    this.migrations = migrations;
  }
}
