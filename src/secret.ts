// A text that does not show itself by accident: not in a log, not in an error, not in a dump of the
// configuration.

import { inspect } from 'node:util';

/** A text that shows itself only when asked by `reveal()`. */
export class Secret {
  readonly #text: string;
  constructor(text: string) {
    this.#text = text;
  }
  reveal(): string {
    return this.#text;
  }
  toString(): string {
    return '[secret]';
  }
  toJSON(): string {
    return '[secret]';
  }
  [inspect.custom](): string {
    return '[secret]';
  }
}
