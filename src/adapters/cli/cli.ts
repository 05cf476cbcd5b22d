// What every command is given and what it gives back. A command declares here the part of the
// configuration it needs and knows nothing of the program behind it: src/cli.ts supplies both. It
// answers once, in two forms (for people, for machines), and the runner prints the one asked for;
// so no command can spoil the single document of `--json`.

import type { Log } from '#adapters/logging.ts';
import type { Seller } from '#domain/seller.ts';

export type Revealable = { reveal(): string };

/** The part of the configuration that commands look at. */
export type CliConfig = {
  readonly environment: 'sandbox' | 'staging' | 'production';
  readonly publicUrl: string;
  readonly databaseUrl: Revealable | null;
  readonly dataDir: string;
  readonly stripe: { readonly secretKey: Revealable; readonly apiBase: URL | null } | null;
  readonly emailUrl: Revealable;
  readonly emailFrom: string;
  readonly sesTopicArns: readonly string[];
  readonly storageUrl: string;
  readonly secretsKey: Revealable | null;
  readonly secretsKeysOld: readonly Revealable[];
  readonly allowInsecurePartnerUrls: boolean;
  readonly egressProxy: Revealable | null;
  readonly personalDataDays: number;
  readonly seller: Seller;
  readonly chromiumPath: string | null;
  readonly logLevel: string;
};

export type Roles = { readonly web: boolean; readonly worker: boolean };

export type Running = {
  /** Null for a worker without HTTP. */
  readonly url: string | null;
  readonly stop: () => Promise<void>;
  /** Tells those who watch of the error that ends the process. */
  readonly crashed?: (error: unknown) => Promise<void>;
};

export type Configured = {
  readonly config: CliConfig;
  /** Starts the program with this configuration; `port` overrides PORT (0: a free one). */
  readonly start: (roles: Roles, log: Log, changes?: { readonly port: number }) => Promise<Running>;
};

/** What the process around the commands gives. */
export type Surroundings = {
  readonly version: string;
  /** Reads the environment. Throws ConfigError with every fault. */
  readonly configure: () => Configured;
  /** LOG_LEVEL as given; undefined when it is not. */
  readonly logLevel: string | undefined;
  /** Fields for each line of a program's log: the ids of the trace it belongs to. */
  readonly logFields?: () => object;
};

export type Answer = {
  /** The whole answer for machines: camelCase keys, instants in ISO 8601. */
  readonly json: object;
  /** The same for people, in French. Empty when everything was said on the way. */
  readonly text: string;
  /** True: exit code 1. */
  readonly isFailure?: boolean;
};

export type Cli = Surroundings & {
  readonly isJson: boolean;
  /** Prints for people while the work goes on; silent under `--json`. */
  readonly say: (text: string) => void;
  /** A remark on stderr for people; silent under `--json`, whose document must hold it too. */
  readonly remark: (text: string) => void;
  /** Prints the answer at once, for commands that go on afterwards. At most once. */
  readonly print: (answer: Answer) => void;
  /** Silent unless LOG_LEVEL is set: a command's output is its answer. */
  readonly log: () => Promise<Log>;
  /** Replaces what happens to an error nobody caught; the process ends with 1 afterwards. */
  readonly onCrash: (report: (error: unknown) => void | Promise<void>) => void;
};
