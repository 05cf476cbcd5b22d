// COPY into a table from rows made on the way: what fills a million rows in seconds where inserts take
// minutes. pg speaks COPY's part of the protocol but offers no call for it, so the query that does is
// written here: it waits while the server is slower than we are.

import { once } from 'node:events';
import type pg from 'pg';
import type { Connection, Submittable } from 'pg';

/** Dates become UTC instants, null an SQL null, anything else its text. */
export type Cell = string | number | boolean | Date | null;

export type RowCopy = {
  /** Resolves when the server is ready for more. Throws what the server refused so far. */
  add(row: readonly Cell[]): Promise<void> | undefined;
  /** Throws what the server refused. */
  end(): Promise<void>;
};

const CHUNK_CHARACTERS = 64 * 1024;

/** `columns` in the order of each row's cells. The client does nothing else until `end`. */
export async function copyRows(
  client: pg.Client,
  table: string,
  columns: readonly string[],
): Promise<RowCopy> {
  const copy = copyQuery(`copy ${table} (${columns.join(', ')}) from stdin`);
  client.query(copy.query);
  const connection = await copy.started;
  let text = '';
  let failure: unknown;
  copy.ended.catch((error: unknown) => {
    failure = error;
  });

  function flush(): Promise<unknown> | undefined {
    connection.sendCopyFromChunk(Buffer.from(text, 'utf8'));
    text = '';
    return connection.stream.writableNeedDrain
      ? Promise.race([once(connection.stream, 'drain'), copy.ended])
      : undefined;
  }

  return {
    add(row) {
      if (failure) throw failure;
      text += `${row.map(cellText).join('\t')}\n`;
      if (text.length < CHUNK_CHARACTERS) return undefined;
      return flush()?.then(() => {});
    },
    async end() {
      if (failure) throw failure;
      flush();
      connection.endCopyFrom();
      await copy.ended;
    },
  };
}

const UNSAFE = /[\\\n\r\t]/;
const ESCAPED: Readonly<Record<string, string>> = {
  '\\': '\\\\',
  '\n': '\\n',
  '\r': '\\r',
  '\t': '\\t',
};

function cellText(cell: Cell): string {
  if (cell === null) return '\\N';
  if (cell instanceof Date) return cell.toISOString();
  if (typeof cell !== 'string') return String(cell);
  return UNSAFE.test(cell) ? cell.replace(/[\\\n\r\t]/g, (it) => ESCAPED[it] as string) : cell;
}

/** The half of pg's connection that its types do not show. */
type CopyConnection = Connection & {
  readonly stream: NodeJS.WriteStream;
  query(text: string): void;
  sendCopyFromChunk(chunk: Buffer): void;
  endCopyFrom(): void;
};

function copyQuery(text: string): {
  readonly query: Submittable;
  readonly started: Promise<CopyConnection>;
  readonly ended: Promise<void>;
} {
  const started = Promise.withResolvers<CopyConnection>();
  const ended = Promise.withResolvers<void>();
  const query = {
    // Looked at by pg when it is not there.
    callback: () => {},
    submit: (connection: Connection) => (connection as CopyConnection).query(text),
    handleCopyInResponse: (connection: Connection) => started.resolve(connection as CopyConnection),
    handleCommandComplete: () => {},
    handleReadyForQuery: () => ended.resolve(),
    handleError(error: Error) {
      started.reject(error);
      ended.reject(error);
    },
  };
  return { query, started: started.promise, ended: ended.promise };
}
