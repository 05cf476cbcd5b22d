// Environment variables read one at a time, with their faults collected, so that all are told at
// once. What the variables mean stands in config.ts.

import { Secret } from './secret.ts';

export type Env = Readonly<Record<string, string | undefined>>;

/** Reads one variable at a time and remembers what was wrong. An empty value counts as absent. */
export class EnvReader {
  readonly faults: string[] = [];
  readonly #env: Env;

  constructor(env: Env) {
    this.#env = env;
  }

  fault(name: string, what: string): void {
    this.faults.push(what.startsWith(':') ? `${name}${what}` : `${name} ${what}`);
  }

  text(name: string): string | undefined {
    return this.#env[name] === '' ? undefined : this.#env[name];
  }

  integer(name: string, byDefault: number, min: number, max: number): number {
    const text = this.text(name);
    if (text === undefined) return byDefault;
    const value = /^\d+$/.test(text) ? Number(text) : Number.NaN;
    if (!(value >= min && value <= max)) {
      this.fault(name, `must be a whole number from ${min} to ${max}`);
      return byDefault;
    }
    return value;
  }

  oneOf(name: string, choices: readonly string[]): string | undefined {
    const text = this.text(name);
    if (text === undefined || choices.includes(text)) return text;
    this.fault(name, `must be one of ${choices.join(', ')}`);
    return undefined;
  }

  /** Wrapped, because such an address may hold a password. */
  url(name: string, protocols: readonly string[]): Secret | null {
    const text = this.text(name);
    if (text === undefined) return null;
    const url = URL.canParse(text) ? new URL(text) : null;
    if (url && protocols.includes(url.protocol)) return new Secret(text);
    this.fault(
      name,
      `must start with ${protocols
        .map((it) => `${it}//`)
        .join(' or ')
        .replace('file://', 'file:')}`,
    );
    return null;
  }

  origin(name: string): string | undefined {
    const text = this.url(name, ['http:', 'https:'])?.reveal();
    if (text === undefined) return undefined;
    const url = new URL(text);
    if (url.pathname !== '/' || url.search !== '' || url.hash !== '' || url.username !== '') {
      this.fault(name, 'must be an origin, such as https://pay.example.com, without a path');
    }
    return url.origin;
  }

  email(name: string): string | undefined {
    const text = this.text(name);
    if (text === undefined || /^[^\s@<>,;]+@[^\s@<>,;]+$/.test(text)) return text;
    this.fault(name, 'must be one e-mail address, without a name');
    return undefined;
  }
}
