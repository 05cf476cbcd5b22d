// Notes what is read of an object and is not there: how a test finds out that we read a field which
// Stripe does not send, without a list of fields to keep up to date.

/** The same object, noting `kind.path` of every property that is read and is not there. */
export function watched<T>(value: T, absent: Set<string>, at = ''): T {
  if (typeof value !== 'object' || value === null) return value;
  const kind = 'object' in value && typeof value.object === 'string' ? value.object : at;
  return new Proxy(value, {
    get(target, property, receiver) {
      const found = Reflect.get(target, property, receiver);
      if (typeof property === 'symbol' || Array.isArray(target)) return watched(found, absent, at);
      const path = `${kind}.${property}`;
      if (!(property in target)) absent.add(path);
      return watched(found, absent, path);
    },
  });
}
