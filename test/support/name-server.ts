// A name server of the test's own, on real sockets (UDP, and TCP for what does not fit): the ways
// in which a stranger's DNS is broken, slow or a liar are what the guard of partner URLs is about.
// Each name says what the test scripted, once per question of a type, and the last for ever.

import { createSocket, type Socket as UdpSocket } from 'node:dgram';
import { createServer, isIPv4, isIPv6, type Server, type Socket } from 'node:net';
import ipaddr from 'ipaddr.js';

export type RecordType = 'A' | 'AAAA';
export type NameAnswer =
  /** Of these addresses those of the type that was asked for; perhaps none. */
  | readonly string[]
  /** A CNAME; the name it leads to is told in the same answer, if this server knows it. */
  | { readonly alias: string }
  | 'nxdomain'
  | 'servfail'
  | 'refused'
  | 'silence'
  /** Bytes that are no DNS message. */
  | 'garbage';
export type NameScript = NameAnswer | Readonly<Record<RecordType, NameAnswer>>;

export type NameServer = {
  /** For `dnsResolve`: `127.0.0.1:port`. */
  readonly address: string;
  /** Answers the questions about a name so, one each per type; the last one stays. */
  says(name: string, ...answers: readonly NameScript[]): void;
  /** Every question so far, such as `A api.example`. */
  readonly questions: readonly string[];
  close(): Promise<void>;
};

type Question = { readonly name: string; readonly type: RecordType | null; readonly end: number };
type Reply = { readonly code: number; readonly records: readonly Buffer[] };

const TYPE_NUMBERS = { A: 1, CNAME: 5, AAAA: 28 } as const;
const CODES = { servfail: 2, nxdomain: 3, refused: 5 } as const;
const UDP_BYTES_MAX = 1_232;
const ALIASES_MAX = 16;
const HEADER_BYTES = 12;

/** Listens on a free port of the loopback interface. Knows no name until told one. */
export async function startNameServer(): Promise<NameServer> {
  const names = new Map<string, readonly NameScript[]>();
  const questions: string[] = [];
  const sockets = new Set<Socket>();

  const answerTo = (query: Buffer, bytesMax: number): Buffer | null => {
    const question = questionOf(query);
    const asked = `${question.type ?? 'other'} ${question.name}`;
    const turn = questions.filter((it) => it === asked).length;
    questions.push(asked);
    const answer = scriptedFor(names.get(question.name), question.type, turn);
    if (answer === 'silence') return null;
    if (answer === 'garbage') return Buffer.from('this is no message of the DNS');
    return message(query, question, replyOf(names, question, answer), bytesMax);
  };

  const tcp = createServer((socket) => {
    sockets.add(socket.on('error', () => {}));
    socket.once('data', (data) => {
      const reply = answerTo(data.subarray(2), 0xffff);
      if (reply) socket.end(Buffer.concat([uint16(reply.length), reply]));
    });
  });
  const { udp, port } = await bothOnOnePort(tcp);
  udp.on('message', (query, from) => {
    const reply = answerTo(query, UDP_BYTES_MAX);
    if (reply) udp.send(reply, from.port, from.address);
  });
  return {
    address: `127.0.0.1:${port}`,
    says: (name, ...answers) => void names.set(name, answers),
    questions,
    async close() {
      await new Promise<void>((resolve) => udp.close(resolve));
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => tcp.close(resolve));
    },
  };
}

// A port that is free for UDP may be taken for TCP.
async function bothOnOnePort(
  tcp: Server,
): Promise<{ readonly udp: UdpSocket; readonly port: number }> {
  for (;;) {
    const udp = createSocket('udp4');
    await new Promise<void>((resolve) => udp.bind(0, '127.0.0.1', resolve));
    const { port } = udp.address();
    const isFree = await new Promise<boolean>((resolve) => {
      tcp.once('error', () => resolve(false));
      tcp.listen(port, '127.0.0.1', () => resolve(true));
    });
    tcp.removeAllListeners('error');
    if (isFree) return { udp, port };
    udp.close();
  }
}

function scriptedFor(
  script: readonly NameScript[] | undefined,
  type: RecordType | null,
  turn: number,
): NameAnswer {
  const said = script?.[Math.min(turn, script.length - 1)] ?? 'nxdomain';
  if (typeof said === 'string' || Array.isArray(said) || 'alias' in said) return said as NameAnswer;
  return type === null ? [] : (said as Readonly<Record<RecordType, NameAnswer>>)[type];
}

function replyOf(
  names: ReadonlyMap<string, readonly NameScript[]>,
  { name, type }: Question,
  answer: NameAnswer,
): Reply {
  const records: Buffer[] = [];
  let owner = name;
  let said = answer;
  while (typeof said === 'object' && 'alias' in said && records.length < ALIASES_MAX) {
    records.push(record(owner, 'CNAME', encodedName(said.alias)));
    owner = said.alias;
    said = names.has(owner) ? scriptedFor(names.get(owner), type, 0) : [];
  }
  if (typeof said === 'string') {
    return { code: said in CODES ? CODES[said as keyof typeof CODES] : 0, records };
  }
  if ('alias' in said || type === null) return { code: 0, records };
  const isOfType = type === 'A' ? isIPv4 : isIPv6;
  for (const address of said.filter((it) => isOfType(it))) {
    records.push(record(owner, type, Buffer.from(ipaddr.parse(address).toByteArray())));
  }
  return { code: 0, records };
}

// RFC 1035, section 4: a header, the question as it came, then the records.
function message(query: Buffer, { end }: Question, reply: Reply, bytesMax: number): Buffer {
  const size = end + reply.records.reduce((sum, one) => sum + one.length, 0);
  const isCut = size > bytesMax;
  const kept = isCut ? [] : reply.records;
  const header = Buffer.from(query.subarray(0, HEADER_BYTES));
  header.writeUInt16BE(0x8180 | (isCut ? 0x0200 : 0) | reply.code, 2);
  header.writeUInt16BE(1, 4);
  header.writeUInt16BE(kept.length, 6);
  header.writeUInt32BE(0, 8);
  return Buffer.concat([header, query.subarray(HEADER_BYTES, end), ...kept]);
}

function questionOf(query: Buffer): Question {
  const labels: string[] = [];
  let at = HEADER_BYTES;
  for (let size = query[at] ?? 0; size > 0; size = query[at] ?? 0) {
    labels.push(query.toString('latin1', at + 1, at + 1 + size));
    at += 1 + size;
  }
  const number = query.readUInt16BE(at + 1);
  const type = number === TYPE_NUMBERS.A ? 'A' : number === TYPE_NUMBERS.AAAA ? 'AAAA' : null;
  return { name: labels.join('.').toLowerCase(), type, end: at + 5 };
}

function record(owner: string, type: keyof typeof TYPE_NUMBERS, data: Buffer): Buffer {
  const ttlSeconds = Buffer.from([0, 0, 0, 60]);
  const head = [encodedName(owner), uint16(TYPE_NUMBERS[type]), uint16(1), ttlSeconds];
  return Buffer.concat([...head, uint16(data.length), data]);
}

function encodedName(name: string): Buffer {
  const labels = name.split('.').map((label) => {
    return Buffer.concat([Buffer.from([label.length]), Buffer.from(label, 'latin1')]);
  });
  return Buffer.concat([...labels, Buffer.from([0])]);
}

function uint16(value: number): Buffer {
  return Buffer.from([value >> 8, value & 0xff]);
}
