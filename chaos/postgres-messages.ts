// The framing of PostgreSQL's wire protocol, as far as a proxy needs it to know where one statement
// ends and the next begins. See « Message Formats » in PostgreSQL's documentation; nothing here
// depends on the program or on its driver beyond that.

export type Message = {
  /** The type's letter; empty for the first message of a connection, which has none. */
  readonly type: string;
  /** With type and length. */
  readonly bytes: Buffer;
};

/** Cuts a byte stream into messages. `startsTyped` is false for what a client sends first. */
export function messageCutter(startsTyped: boolean): (chunk: Buffer) => readonly Message[] {
  let left: Buffer = Buffer.alloc(0);
  let typed = startsTyped;
  return (chunk) => {
    left = Buffer.concat([left, chunk]);
    const found: Message[] = [];
    for (;;) {
      const head = typed ? 1 : 0;
      if (left.length < head + 4) return found;
      const end = head + left.readInt32BE(head);
      if (left.length < end) return found;
      const type = typed ? String.fromCharCode(left[0] as number) : '';
      found.push({ type, bytes: left.subarray(0, end) });
      left = left.subarray(end);
      typed = true;
    }
  };
}

/** A parameter of the first message of a connection, such as `application_name`. */
export function startupParameter({ bytes }: Message, name: string): string | null {
  const words = bytes.subarray(8).toString('utf8').split('\0');
  for (let at = 0; at + 1 < words.length; at += 2)
    if (words[at] === name) return words[at + 1] ?? null;
  return null;
}

/** What a client sends between two « ready » of the server. */
export type Statement = {
  readonly text: string;
  /** Its bound values as they stand on the wire, one after the other. */
  readonly values: string;
  readonly bytes: Buffer;
};

/**
 * The statement in a run of messages that ends with Query or Sync; null if there is none in it. `prepared`
 * holds the connection's own, by name: what is prepared comes without its text from then on.
 */
export function statementOf(
  messages: readonly Message[],
  prepared: Map<string, string>,
): Statement | null {
  const bytes = Buffer.concat(messages.map((it) => it.bytes));
  const bound = messages.find(({ type }) => type === 'B');
  const values = bound?.bytes.toString('utf8') ?? '';
  const spoken = messages.find(({ type }) => type === 'Q' || type === 'P');
  const words = (spoken ?? bound)?.bytes.subarray(5).toString('utf8').split('\0');
  if (!words) return null;
  if (spoken?.type === 'Q') return { text: words[0] ?? '', values, bytes };
  // Parse has the statement's name before its text, Bind the portal's before the statement's.
  const name = words[spoken ? 0 : 1] ?? '';
  if (spoken) prepared.set(name, words[1] ?? '');
  return { text: prepared.get(name) ?? '', values, bytes };
}

/** The tag of a CommandComplete, such as `COMMIT`. */
export function commandTag({ type, bytes }: Message): string | null {
  return type === 'C' ? bytes.subarray(5, -1).toString('utf8') : null;
}
