// How a PostgreSQL program is started so that it agrees to run and never outlives us. PostgreSQL
// refuses to run as root, which containers and servers often are, and by itself it survives the
// program that started it. `unshare` and `setpriv` (util-linux) cure both; what this machine
// permits is found out by trying, because container rules differ.

import { execFile } from 'node:child_process';
import { chown, readdir, stat } from 'node:fs/promises';
import { userInfo } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';

type Owner = { readonly uid: number; readonly gid: number };

/** `owner` is who must own the data when that is not the user we run as. */
export type Launch = { readonly prefix: readonly string[]; readonly owner?: Owner };

// Debian, Ubuntu, Fedora and their images all call 65534 `nobody` (or `nfsnobody`); PostgreSQL
// wants a user id that /etc/passwd knows.
const nobody: Owner = { uid: 65534, gid: 65534 };

const runLimitMs = 30_000;

// Without it a killed program leaves an orphan server behind. Linux only.
const dieWithParent = '--pdeathsig=INT';

// Inside this namespace root is called `nobody` and holds no privilege, while files stay root's.
const asNobodyInNamespace: Launch = {
  prefix: [
    ...['unshare', '--user', `--map-user=${nobody.uid}`, `--map-group=${nobody.gid}`, '--'],
    ...['setpriv', dieWithParent, '--'],
  ],
};

// Where containers forbid namespaces (Docker's default). The capability lets the other user pass
// folders that only root may enter, down to its own data.
const asOtherUser = (owner: Owner): Launch => ({
  prefix: [
    ...['setpriv', `--reuid=${owner.uid}`, `--regid=${owner.gid}`, '--clear-groups'],
    ...['--inh-caps=+dac_override', '--ambient-caps=+dac_override'],
    ...['--securebits=+no_setuid_fixup', '--no-new-privs', dieWithParent, '--'],
  ],
  owner,
});

const asOurselvesTied: Launch = { prefix: ['setpriv', dieWithParent, '--'] };
const asOurselves: Launch = { prefix: [] };

/**
 * The first way that works here for data in `dataFolder` (which need not exist yet). Throws one
 * sentence when PostgreSQL cannot run on this machine at all.
 */
export const findLaunch = async (postgres: string, dataFolder: string): Promise<Launch> => {
  let failure: unknown;
  for (const launch of launchesToTry(await ownerOf(dataFolder))) {
    try {
      await runProgram(launch, postgres, ['--version']);
      return launch;
    } catch (error) {
      failure = error;
    }
  }
  const reason = process.getuid?.() === 0 ? 'cannot run as root' : 'does not run';
  throw new Error(
    `The embedded PostgreSQL ${reason} on this machine (${lastLineOf(failure)}). ` +
      'Run as another user, or set DATABASE_URL to a PostgreSQL 15 or later.',
    { cause: failure },
  );
};

/** Runs to the end, for 30 s at most; rejects with the program's own words in `stderr`. */
export const runProgram = async (
  launch: Launch,
  program: string,
  args: readonly string[],
): Promise<void> => {
  const [command, ...rest] = [...launch.prefix, program, ...args] as [string, ...string[]];
  // The working folder must be one that the other user may enter.
  const options = { cwd: '/', env: programEnvironment(), timeout: runLimitMs };
  await promisify(execFile)(command, rest, options);
};

const passedOn = ['PATH', 'HOME', 'TMPDIR', 'TEMP', 'TMP', 'SystemRoot', 'LD_LIBRARY_PATH'];

/** What a program needs to run, none of our secrets, and messages that are always in English. */
export const programEnvironment = (): NodeJS.ProcessEnv => {
  const entries = passedOn.map((name) => [name, process.env[name]] as const);
  return { ...Object.fromEntries(entries.filter(([, value]) => value !== undefined)), LC_ALL: 'C' };
};

/** Gives a folder and all in it to `owner`; the folder itself last, so that a cut is seen. */
export const giveTo = async (owner: Owner, folder: string): Promise<void> => {
  for (const entry of await readdir(folder, { recursive: true })) {
    await chown(join(folder, entry), owner.uid, owner.gid);
  }
  await chown(folder, owner.uid, owner.gid);
};

const launchesToTry = (dataOwner: Owner | undefined): readonly Launch[] => {
  const isRoot = process.getuid?.() === 0;
  if (process.platform !== 'linux') return isRoot ? [] : [asOurselves];
  if (isRoot && dataOwner && dataOwner.uid !== 0) return [asOtherUser(dataOwner)];
  if (isRoot) return [asNobodyInNamespace, asOtherUser(nobody)];
  // A container may run under a number without a name, which PostgreSQL refuses as well.
  return hasName() ? [asOurselvesTied, asOurselves] : [asNobodyInNamespace, asOurselves];
};

const hasName = (): boolean => {
  try {
    userInfo();
    return true;
  } catch {
    return false;
  }
};

const ownerOf = async (folder: string): Promise<Owner | undefined> => {
  const found = await stat(folder).catch(() => undefined);
  return found && { uid: found.uid, gid: found.gid };
};

const lastLineOf = (failure: unknown): string => {
  if (failure === undefined) return 'PostgreSQL refuses it';
  const { stderr, message } = failure as Error & { readonly stderr?: string };
  return (stderr || message).trim().split('\n').at(-1) ?? message;
};
