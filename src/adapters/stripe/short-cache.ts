// A small cache for things fetched by id that hardly change while a burst of payments passes:
// products and tax rates. Entries live a short time and there is a bound on their number; what is
// asked for while it is being fetched is not fetched twice; a failed fetch is forgotten at once.

export type ShortCache<V> = {
  /** The values by id, in no order; null for what does not exist. Throws what `load` throws. */
  get(ids: readonly string[]): Promise<ReadonlyMap<string, V | null>>;
  /** Takes a value that came along with something else. */
  put(id: string, value: V): void;
};

export type ShortCacheOptions<V> = {
  /** Fetches all of these at once; leaves out what does not exist. */
  readonly load: (ids: readonly string[]) => Promise<ReadonlyMap<string, V>>;
  readonly lifeMs: number;
  readonly entriesMax: number;
  /** Milliseconds on any clock that never runs backwards. */
  readonly now?: () => number;
};

/** An empty cache. Oldest entries go first when there are too many. */
export function shortCache<V>({
  load,
  lifeMs,
  entriesMax,
  now = () => performance.now(),
}: ShortCacheOptions<V>): ShortCache<V> {
  type Entry = { readonly until: number; readonly value: Promise<V | null> };
  const entries = new Map<string, Entry>();

  function keep(id: string, value: Promise<V | null>): Entry {
    const entry = { until: now() + lifeMs, value };
    entries.delete(id);
    entries.set(id, entry);
    value.catch(() => {
      if (entries.get(id) === entry) entries.delete(id);
    });
    for (const oldest of entries.keys()) {
      if (entries.size <= entriesMax) break;
      entries.delete(oldest);
    }
    return entry;
  }

  return {
    async get(ids) {
      const fresh = new Map<string, Entry>();
      for (const id of ids) {
        const entry = entries.get(id);
        if (entry !== undefined && entry.until > now()) fresh.set(id, entry);
      }
      const absent = [...new Set(ids)].filter((id) => !fresh.has(id));
      if (absent.length > 0) {
        const loading = load(absent);
        for (const id of absent) {
          fresh.set(
            id,
            keep(
              id,
              loading.then((loaded) => loaded.get(id) ?? null),
            ),
          );
        }
      }
      const values = await Promise.all(
        [...fresh].map(async ([id, { value }]) => [id, await value] as const),
      );
      return new Map(values);
    },
    put(id, value) {
      keep(id, Promise.resolve(value));
    },
  };
}
